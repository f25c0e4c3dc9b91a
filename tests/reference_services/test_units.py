from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNITS = Path(__file__).parent.parent.parent / "reference_services" / "systemd"


def read(file: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((UNITS / file).read_text(encoding="utf-8"))
    return parser


def test_the_limits_are_those_of_the_task() -> None:
    limits = read("citadel-llm@hermes-2.service.d/limits.conf")["Service"]
    assert (limits["MemoryMax"], limits["CPUQuota"]) == ("15000000000", "400%")


def test_the_template_starts_the_service_that_its_instance_names_and_restarts_it_on_failure() -> None:
    service = read("citadel-llm@.service")["Service"]
    assert service["ExecStart"].startswith("/usr/bin/env signoff serve %i ")
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "3 4"


def test_systemd_finds_no_fault() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    done = subprocess.run(
        [program, "verify", "--man=no", str(UNITS / "citadel-llm@hermes-2.service")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "Failed to initialize manager" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert (done.returncode, done.stderr) == (0, "")
