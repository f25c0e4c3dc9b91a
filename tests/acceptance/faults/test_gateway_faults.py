"""The reference gateway passes the checks of a gateway; each fault of it turns red just the checks that list it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.deployment import Deployment
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from signoff.reference_services.faults.gateway import FAULTS
from tests.acceptance.conftest import BRIEF, criterion
from tests.reference_services.gateway_process import Exchange, Gateway, Replica
from tests.reference_services.running import start_service

KINDS: dict[str, dict[str, object]] = {
    "gateway_routing": {"services": ["hermes", "phi"]},
    "discovery": {"services": ["hermes", "phi"]},
    "balancing": {},
    "breaker": {},
}
SOUND = "sound"


@pytest.fixture(scope="module")
def configuration() -> Iterator[dict[str, object]]:
    """Two replicas of Hermes-2, a Phi-3-Mini, and a service that says that it is well and fails on every request."""
    running = [start_service(service=name, pace=(5, 1)) for name in ("hermes-2", "hermes-2", "phi-3-mini")]
    ailing = Replica()
    ailing.act = lambda exchange: Exchange.answer(exchange, 500, {"error": {"message": "no", "type": "server_error"}})
    first, second, phi = (each.url for each in running)
    yield {
        "services": {
            "hermes": {"replicas": [first, second]},
            "ailing": {"models": ["ailing-1"], "replicas": [ailing.url]},
            "gone": {"models": ["gone-1"], "replicas": ["http://127.0.0.1:9"], "fallback": "hermes"},
            "phi": {"replicas": [phi]},
        }
    }
    for each in running:
        each.stop()
    ailing.stop()


def verdicts(front: Gateway, folder: Path) -> dict[str, Verdict]:
    """What the checks find at this gateway."""
    named = replace(
        deployments.from_target(front.url), target_only=False, addresses={"gateway": front.url, "broken": "ailing-1"}
    )
    return {kind: judged(named, folder, kind, **parameters) for kind, parameters in KINDS.items()}


def judged(deployment: Deployment, folder: Path, kind: str, **parameters: object) -> Verdict:
    check: Check = CHECKS[kind]
    asked = criterion(kind, **parameters)
    return check.judge(asked, check.measure(asked, Site(deployment, BRIEF, folder / kind, (asked,))))


@pytest.fixture(scope="module")
def found(configuration: dict[str, object], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Verdict]]:
    """The verdicts at the sound gateway and at each faulty one."""
    by_fault = {}
    for name in (SOUND, *FAULTS):
        folder = tmp_path_factory.mktemp(name)
        front = Gateway(folder / "gateway.yaml", configuration, *([] if name == SOUND else [f"--fault={name}"]))
        try:
            by_fault[name] = verdicts(front, folder)
        finally:
            assert front.stop() == 0
    return by_fault


def test_the_sound_gateway_passes(found: dict[str, dict[str, Verdict]]) -> None:
    assert {kind: verdict.outcome for kind, verdict in found[SOUND].items()} == dict.fromkeys(found[SOUND], "pass")
    assert "2 models answer" in found[SOUND]["gateway_routing"].reason
    assert "over 2 replicas" in found[SOUND]["balancing"].reason
    assert "refuses at once after 5 failures" in found[SOUND]["breaker"].reason


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_turns_red_just_the_checks_that_list_it(fault: str, found: dict[str, dict[str, Verdict]]) -> None:
    listed = {kind for kind in found[fault] if fault in CHECKS[kind].kind.faults}
    assert listed, f"no check of a gateway lists {fault}"
    wanted = {kind: "fail" if kind in listed else "pass" for kind in found[fault]}
    assert {kind: verdict.outcome for kind, verdict in found[fault].items()} == wanted, found[fault]


def test_every_fault_that_a_check_of_a_gateway_lists_is_tried_here() -> None:
    assert {fault for kind in KINDS for fault in CHECKS[kind].kind.faults} == set(FAULTS)


def test_every_fault_has_a_file_of_its_own() -> None:
    folder = Path(__file__).parents[3] / "reference_services/faults/gateway"
    assert {file.stem for file in folder.glob("*.py")} - {"__init__"} == set(FAULTS)
    assert all(fault.name == name and fault.summary for name, fault in FAULTS.items())
