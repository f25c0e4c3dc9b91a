"""The reference service behaves as the checks ask; each fault of behaviour turns red just the checks that list it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Threshold
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from signoff.reference_services.faults import FAULTS
from tests.acceptance.conftest import criterion
from tests.reference_services.running import Running, start_service

MET = (
    "streaming",
    "openai_api",
    "request_validation",
    "error_handling",
    "chat_roles",
    "tokenization",
    "queueing",
    "context_truncation",
    "websocket",
    "graphql",
)
NOT_OFFERED = ("authentication", "rate_limit", "retrieval", "concurrency_limit")
BEHAVIOUR_FAULTS = ("buffers_stream", "accepts_anything", "forgets_when_full", "forgets_session")
PARAMETERS = {"context_truncation": {"max_model_len": 8192}}
KEY = "a-key-for-this-test-and-no-other"
Judge = Callable[[str], str]


@pytest.fixture
def hermes(request: pytest.FixtureRequest) -> Iterator[Running]:
    fault = getattr(request, "param", "")
    running = start_service(*([f"--fault={fault}"] if fault else []), pace=(20, 3))
    yield running
    running.stop()


@pytest.fixture
def judge(hermes: Running, site_at: Callable[..., Site]) -> Judge:
    """The outcome of a kind at the running service."""
    site = site_at(hermes.url)

    def outcome(kind: str) -> str:
        check, asked = CHECKS[kind], criterion(kind, **PARAMETERS.get(kind, {}))
        try:
            return check.judge(asked, check.measure(asked, site)).outcome
        except NotMeasurable:
            return "not_measurable"

    return outcome


def test_the_sound_service_behaves_and_what_it_does_not_offer_never_passes(judge: Judge) -> None:
    assert {kind: judge(kind) for kind in MET} == dict.fromkeys(MET, "pass")
    assert {judge(kind) for kind in NOT_OFFERED} <= {"fail", "not_measurable", "inconclusive"}


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_service_with_a_key_and_a_rate_limit_keeps_both(
    header: str, site_at: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNOFF_TEST_KEY", KEY)
    value = f"Bearer {KEY}" if header == "Authorization" else KEY
    running = start_service(
        variables={
            "HERMES_2_API_KEYS": KEY,
            "HERMES_2_API_KEY_HEADER": header,
            "HERMES_2_RATE_LIMIT": "12/second",
        },
        headers={header: value},
    )
    try:
        site = site_at(running.url)
        site.deployment = replace(site.deployment, api_key_env="SIGNOFF_TEST_KEY")
        asked = criterion("authentication", header=header)
        found = CHECKS["authentication"].judge(asked, CHECKS["authentication"].measure(asked, site))
        assert found.outcome == "pass", found
        if header == "Authorization":
            limit = Threshold(12, "requests/s", "<=", "rate", "rate_limit")
            asked = replace(criterion("rate_limit"), threshold=limit)
            found = CHECKS["rate_limit"].judge(asked, CHECKS["rate_limit"].measure(asked, site))
            assert found.outcome == "pass", found
    finally:
        running.stop()


@pytest.mark.parametrize("hermes", BEHAVIOUR_FAULTS, indirect=True)
def test_a_fault_turns_red_just_the_checks_that_list_it(
    hermes: Running, judge: Judge, request: pytest.FixtureRequest
) -> None:
    fault = request.node.callspec.params["hermes"]
    listed = {kind for kind in MET if fault in CHECKS[kind].kind.faults}
    assert listed, f"no check of behaviour lists {fault}"
    outcomes = {kind: judge(kind) for kind in MET}
    assert outcomes == {kind: "fail" if kind in listed else "pass" for kind in MET}


def test_every_fault_that_a_check_of_behaviour_lists_is_tried_here() -> None:
    assert {fault for kind in MET for fault in CHECKS[kind].kind.faults} == set(BEHAVIOUR_FAULTS)
    assert set(BEHAVIOUR_FAULTS) <= set(FAULTS)
