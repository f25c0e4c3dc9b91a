"""Switch passes what its document asks of it; each fault of it turns red just the criteria whose checks list it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.reading import read_documents
from signoff.acceptance.verdict import Verdict
from signoff.reference_services.faults.switch import FAULTS
from tests.acceptance.conftest import BRIEF
from tests.reference_services.switch.switch_process import TOKEN, Switch, refused, switch

FIXTURES = Path(__file__).parents[3] / "fixtures"
ASKED = ("authentication", "concurrency_limit", "fallback_chain", "json_shape")
SOUND = "sound"
Verdicts = dict[tuple[str, str], Verdict]


def verdicts(running: Switch, folder: Path) -> Verdicts:
    """What the checks find of the document's criteria about behaviour, by id and kind."""
    (document,) = read_documents([FIXTURES / "tasks/4b-switch-hermes.md"], KINDS).documents
    criteria = tuple(each for each in document.criteria if each.judge == "machine" and each.kind in ASKED)
    shipped = deployments.load(FIXTURES / "deployments/4b-switch-hermes.toml")
    target = str(running.client.base_url).rstrip("/")
    addresses = {name: url.replace(shipped.target, target) for name, url in shipped.addresses.items()}
    here = replace(shipped, target=target, addresses=addresses, start=None)
    site = Site(here, BRIEF, folder, criteria, primary_address="localhost:8000")
    return {
        (each.id, each.kind): CHECKS[each.kind].judge(each, CHECKS[each.kind].measure(each, site)) for each in criteria
    }


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Verdicts]]:
    """The verdicts at the sound service and at each faulty one."""
    judged = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VX11_TOKEN", TOKEN)
        for name in (SOUND, *FAULTS):
            arguments = ["--degraded-path", "--time-to-first-token-ms=20", "--time-per-token-ms=3"]
            with switch(*arguments, *([] if name == SOUND else [f"--fault={name}"])) as running:
                judged[name] = verdicts(running, tmp_path_factory.mktemp(name))
        yield judged


def test_the_sound_switch_passes_each_criterion_about_what_it_does(found: dict[str, Verdicts]) -> None:
    assert {kind for _, kind in found[SOUND]} == set(ASKED)
    assert len(found[SOUND]) >= 10
    assert {key: verdict.outcome for key, verdict in found[SOUND].items()} == dict.fromkeys(found[SOUND], "pass")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_turns_red_just_the_criteria_whose_checks_list_it(fault: str, found: dict[str, Verdicts]) -> None:
    wanted = {key: "fail" if fault in CHECKS[key[1]].kind.faults else "pass" for key in found[fault]}
    assert "fail" in wanted.values(), f"no check lists {fault}"
    assert {key: verdict.outcome for key, verdict in found[fault].items()} == wanted, found[fault]


def test_every_fault_has_a_file_of_its_own() -> None:
    folder = Path(__file__).parents[3] / "reference_services/faults/switch"
    assert {file.stem for file in folder.glob("*.py")} - {"__init__"} == set(FAULTS)
    assert all(fault.name == name and fault.summary for name, fault in FAULTS.items())


def test_a_fault_listens_on_loopback_only() -> None:
    code, errors = refused("--fault=accepts_any_token", "--host=0.0.0.0", VX11_TOKEN=TOKEN)
    assert code == 4
    assert "loopback only" in errors
