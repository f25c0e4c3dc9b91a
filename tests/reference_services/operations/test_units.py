from __future__ import annotations

import configparser
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from signoff.reference_services.chat.settings.services import SERVICES

UNITS = Path(__file__).parents[3] / "reference_services" / "systemd"


UNITS_RUN = (
    "citadel-llm@hermes-2.service",
    "citadel-llm@mixtral-8x7b.service",
    "citadel-gateway.service",
    "vx11-switch.service",
    "citadel-llm-announce@hermes-2.service",
)


def read(file: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((UNITS / file).read_text(encoding="utf-8"))
    return parser


@pytest.mark.parametrize(
    ("unit", "memory_bytes", "quota"),
    [
        ("citadel-llm@hermes-2", "15000000000", "400%"),
        ("citadel-gateway", "1000000000", "100%"),
        ("vx11-switch", "2000000000", "200%"),
    ],
)
def test_limits_are_those_of_the_unit(unit: str, memory_bytes: str, quota: str) -> None:
    limits = read(f"{unit}.service.d/limits.conf")["Service"]
    assert (limits["MemoryMax"], limits["CPUQuota"]) == (memory_bytes, quota)
    assert limits["MemorySwapMax"] == "0"


@pytest.mark.parametrize("name", ["mixtral-8x7b", "hermes-2", "openchat-3.5", "phi-3-mini"])
def test_the_limits_of_model_services_are_those_of_their_settings(name: str) -> None:
    settings = SERVICES[name]()
    limits = read(f"citadel-llm@{name}.service.d/limits.conf")["Service"]
    assert int(limits["MemoryMax"]) == settings.memory_gb * 10**9
    assert limits["CPUQuota"] == f"{settings.cpu_cores * 100:g}%"


@pytest.mark.parametrize(
    "unit", ["citadel-llm@.service", "citadel-gateway.service", "vx11-switch.service", "citadel-llm-announce@.service"]
)
def test_every_unit_starts_a_command_that_there_is_and_is_locked_up_alike(unit: str) -> None:
    service = read(unit)["Service"]
    words = service["ExecStart"].replace("%i", "hermes-2").split()
    assert words[:2] in (["/usr/bin/env", "signoff"], ["/usr/bin/env", "python3"])
    if words[1] == "signoff":
        assert words[2] == "serve"
        assert words[3] in {*SERVICES, "gateway", "switch"}
    else:
        assert importlib.util.find_spec(words[words.index("-m") + 1]) is not None
    ours, template = dict(service), dict(read("citadel-llm@.service")["Service"])
    hardening = {
        name for name in template if name.startswith(("Protect", "Private", "Restrict", "System", "Lock", "No"))
    }
    assert {name: ours[name] for name in hardening} == {name: template[name] for name in hardening}


def test_the_template_starts_the_service_that_its_instance_names_and_restarts_it_on_failure() -> None:
    service = read("citadel-llm@.service")["Service"]
    assert service["ExecStart"].startswith("/usr/bin/env signoff serve %i ")
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "3 4"


@pytest.mark.parametrize("unit", [*UNITS_RUN, "with documents"])
def test_systemd_finds_no_fault(unit: str, tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    folder = tmp_path / "system"
    shutil.copytree(UNITS, folder)
    if unit == "with documents":
        shutil.copytree(UNITS / "retrieval", folder, dirs_exist_ok=True)
        unit = "citadel-llm@hermes-2.service"
    done = subprocess.run(
        [program, "verify", "--man=no", str(folder / unit)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "Failed to initialize manager" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stderr) == (0, "")
