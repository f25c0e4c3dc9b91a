"""A server that only looks alive passes nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring.site import Site
from tests.acceptance.conftest import Answer, as_json, criterion

EMPTY_STREAM = b"data: {}\n\ndata: [DONE]\n\n"
JUDGED_BY_CONNECTION_ALONE = {"port"}
OF_A_SERVICE_AT_WORK = {kind for kind, check in CHECKS.items() if not check.after_stop}


def verdict(site: Site, kind: str) -> str:
    check = CHECKS[kind]
    asked = criterion(kind)
    try:
        return check.judge(asked, check.measure(asked, site)).outcome
    except NotMeasurable:
        return "not_measurable"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda method, path, body: as_json({}), id="200-empty-object"),
        pytest.param(lambda method, path, body: (200, "text/html", b"<h1>It works!</h1>"), id="200-html"),
        pytest.param(lambda method, path, body: (200, "application/json", b""), id="200-nothing"),
        pytest.param(lambda method, path, body: (200, "application/json", b'{"choices": [{'), id="200-torn-json"),
        pytest.param(lambda method, path, body: as_json({"error": "busy"}, 503), id="503"),
        pytest.param(lambda method, path, body: as_json({"error": {"message": "no key"}}, 401), id="401-to-everything"),
        pytest.param(lambda method, path, body: (200, "text/event-stream", EMPTY_STREAM), id="200-empty-stream"),
        pytest.param(lambda method, path, body: as_json({"status": "healthy", "choices": []}), id="no-choices"),
    ],
)
def test_no_check_passes_a_server_that_answers_without_content(
    answer: Answer, serve: Callable[[Answer], str], site_at: Callable[..., Site]
) -> None:
    limits = [criterion(kind) for kind in ("latency", "throughput", "memory", "cpu")]
    site = site_at(serve(answer), *limits)
    outcomes = {kind: verdict(site, kind) for kind in OF_A_SERVICE_AT_WORK - JUDGED_BY_CONNECTION_ALONE}
    assert {kind for kind, outcome in outcomes.items() if outcome == "pass"} == set()
    assert "error" not in outcomes.values()


def test_no_check_passes_a_closed_port(site_at: Callable[..., Site]) -> None:
    limits = [criterion(kind) for kind in ("latency", "throughput", "memory", "cpu")]
    site = site_at("http://127.0.0.1:9", *limits)
    outcomes = {kind: verdict(site, kind) for kind in OF_A_SERVICE_AT_WORK}
    assert {kind for kind, outcome in outcomes.items() if outcome == "pass"} == set()
