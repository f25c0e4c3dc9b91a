"""Answers that a document describes: each part of the description is looked for, and nothing else decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.measuring import route_load
from signoff.acceptance.measuring.site import Site, headers_of
from signoff.acceptance.verdict import Verdict
from tests.acceptance.conftest import BRIEF, Answer, as_json, criterion

Serve = Callable[[Answer], str]
SiteAt = Callable[..., Site]
UNKNOWN = {"how": "set", "field": "model", "value": "nobody-serves-this"}


def get(path: str) -> dict[str, Any]:
    return {"method": "GET", "address": None, "path": path, "headers": {}, "body": None, "line": 1}


def post(path: str, body: Any = None) -> dict[str, Any]:
    return {**get(path), "method": "POST", "body": body}


def strict(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
    """A server with one model that refuses what is wrong, each with a code of its own."""
    if path == "/v1/models":
        return as_json({"object": "list", "data": [{"id": "heron-7b", "object": "model", "max_model_len": 64}]})
    if path == "/health":
        return as_json({"status": "healthy", "build": {"version": "v2.1"}, "model": "heron-7b"})
    if path != "/v1/chat/completions":
        return as_json({"error": {"message": "no such route"}}, 404)
    try:
        asked = json.loads(body)
    except ValueError:
        return as_json({"error": {"message": "no JSON"}}, 400)
    if not asked.get("messages"):
        return as_json({"error": {"message": "messages is required"}}, 422)
    if not isinstance(asked["messages"], list) or not isinstance(asked["max_tokens"], int):
        return as_json({"error": {"message": "a wrong type"}}, 422)
    if len(asked["messages"][0]["content"].split()) > 64:
        return as_json({"error": {"message": "too long"}}, 413)
    if asked.get("model") != "heron-7b":
        return as_json({"error": {"message": f"{asked['model']} is unknown", "type": "model_not_found"}}, 404)
    return as_json({"id": "1", "model": "heron-7b", "choices": [{"message": {"content": "Blue."}}]})


def verdict(site: Site, asked: Criterion) -> Verdict:
    check = CHECKS[asked.kind]
    return check.judge(asked, check.measure(asked, site))


def asked(request: Any = None, **parameters: Any) -> Criterion:
    return replace(criterion("json_shape"), parameters={"request": request, **parameters})


@pytest.mark.parametrize(
    ("wanted", "outcome", "because"),
    [
        (asked(sent=[UNKNOWN], status=[404]), "pass", ""),
        (asked(sent=[UNKNOWN], status=[422]), "fail", "gives 404, not 422"),
        (asked(sent=[UNKNOWN], status=[404], mentions=["nobody-serves-this"]), "pass", ""),
        (asked(sent=[UNKNOWN], status=[404], expected={"error": {"type": "not_found"}}), "fail", "'model_not_found'"),
        (asked(sent=[{"how": "missing", "field": "messages"}], status=[422], reason=True), "pass", ""),
        (asked(sent=[{"how": "set", "field": "messages", "value": []}], status=[400]), "fail", "gives 422, not 400"),
        (asked(sent=[{"how": "torn"}], status=[400]), "pass", ""),
        (asked(sent=[{"how": "malformed"}], status=[422]), "fail", "a body that is torn gives 400, not 422"),
        (asked(sent=[{"how": "malformed"}], status=["4xx"]), "pass", ""),
        (asked(sent=[{"how": "long"}], status=[413]), "pass", ""),
        (asked(expected={"usage": {"prompt_tokens": "..."}}), "fail", "has no 'usage'"),
        (asked(expected={"id": "...", "choices": [{}]}), "pass", ""),
        (asked(holds=[{"key": "model", "value": "heron-7b"}]), "pass", ""),
        (asked(holds=[{"key": "model", "value": "heron-8b"}]), "fail", "does not hold model heron-8b, but heron-7b"),
        (asked(get("/v1/models"), holds=[{"key": "id", "value": "heron-7b"}]), "pass", ""),
        (asked(get("/v1/models"), holds=[{"key": "id", "value": "wren-1b"}]), "fail", "does not hold id wren-1b"),
        (asked(get("/v1/models"), holds=[{"value": "heron-7b", "absent": True}]), "fail", "still holds heron-7b"),
        (asked(get("/health"), holds=[{"key": "version", "value": "2.1"}]), "pass", ""),
        (asked(get("/health"), holds=[{"key": "version", "value": "2.2"}]), "fail", "version 2.2, but v2.1"),
        (asked(get("/health"), holds=[{"key": "model", "served": True}]), "pass", ""),
        (asked(get("/health"), mentions=["queue"]), "fail", "nothing in the body mentions queue"),
        (asked(get("/health"), headers={"Retry-After": ""}), "fail", "has no header Retry-After"),
        (asked(get("/health"), headers={"Content-Type": "application/json"}), "pass", ""),
        (asked(post("/v1/embeddings"), status=[404]), "pass", ""),
        (asked(get("/v1/models"), status=[404, 410], absent=True), "fail", "gives 200, not 404 or 410"),
        (asked(get("/debug"), refused=True), "pass", ""),
        (asked(get("/health"), refused=True), "fail", "gives 200, and is not refused"),
    ],
)
def test_an_answer_is_held_to_what_is_said_of_it(
    serve: Serve, site_at: SiteAt, wanted: Criterion, outcome: str, because: str
) -> None:
    found = verdict(site_at(serve(strict)), wanted)
    assert (found.outcome, because in found.reason) == (outcome, True), found


def test_a_service_that_refuses_everything_refuses_nothing_rightly(serve: Serve, site_at: SiteAt) -> None:
    site = site_at(serve(lambda method, path, body: as_json({"error": "none"}, 404)))
    found = verdict(site, asked(sent=[UNKNOWN], status=[404]))
    assert (found.outcome, "a request that is right gives 404" in found.reason) == ("fail", True), found


def test_a_rate_limit_in_place_of_an_answer_decides_nothing(serve: Serve, site_at: SiteAt) -> None:
    def limited(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        return as_json({"error": "slower"}, 429) if b"nobody" in body else strict(method, path, body)

    assert verdict(site_at(serve(limited)), asked(sent=[UNKNOWN], status=[404])).outcome == "inconclusive"


def test_a_prompt_beyond_an_unknown_context_is_not_measurable(serve: Serve, site_at: SiteAt) -> None:
    def silent(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        return as_json({"data": [{"id": "heron-7b"}]}) if path == "/v1/models" else strict(method, path, body)

    with pytest.raises(NotMeasurable, match="how long the context is"):
        verdict(site_at(serve(silent)), asked(sent=[{"how": "long"}], status=[413]))


def test_a_field_of_a_route_whose_body_nobody_shows_is_not_measurable(serve: Serve, site_at: SiteAt) -> None:
    with pytest.raises(NotMeasurable, match="shows no body for POST /assist"):
        verdict(
            site_at(serve(lambda method, path, body: as_json({}))),
            asked(post("/assist"), sent=[{"how": "set", "field": "question", "value": ""}], status=[400]),
        )


def _latency(path: str, limit_ms: float) -> Criterion:
    limit = Threshold(limit_ms, "ms", "<", "mean", "latency")
    return replace(criterion("latency", request=get(path)), threshold=limit)


def _rate(path: str) -> Criterion:
    """So many requests a second that a short run has enough of them."""
    limit = Threshold(320, "requests/s", ">=", "rate", "throughput")
    return replace(criterion("throughput", request=get(path)), threshold=limit)


def _under_load(serve: Serve, site_at: SiteAt, status: int) -> tuple[Verdict, set[tuple[str, str, bytes]]]:
    asked_for: set[tuple[str, str, bytes]] = set()

    def answer(method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        asked_for.add((method, path, body))
        return as_json({"status": "ok"}, status) if path == "/health" else as_json({}, 404)

    wanted = _latency("/health", 5000.0)
    site = site_at(serve(answer), wanted, _rate("/health"), profile=replace(BRIEF, load_s=2))
    return verdict(site, wanted), asked_for


def test_the_latency_of_a_route_is_that_of_its_own_requests(serve: Serve, site_at: SiteAt) -> None:
    found, asked_for = _under_load(serve, site_at, 200)
    assert found.outcome == "pass", found
    assert asked_for == {("GET", "/health", b"")}


def test_a_route_that_fails_under_load_is_charged_at_the_time_out(serve: Serve, site_at: SiteAt) -> None:
    found, _ = _under_load(serve, site_at, 500)
    assert (found.outcome, "failed requests charged" in found.reason) == ("fail", True), found


def test_the_limit_on_another_route_plans_nothing_of_the_load_on_completions(serve: Serve, site_at: SiteAt) -> None:
    completions = criterion("latency", request=None)
    site = site_at(serve(strict), completions, _latency("/health", 5.0))
    assert route_load.limits(site, "latency") == [completions.threshold]


def test_a_load_on_a_route_whose_body_nobody_shows_is_not_measurable(serve: Serve, site_at: SiteAt) -> None:
    wanted = replace(_latency("/assist", 5.0), parameters={"request": post("/assist")})
    with pytest.raises(NotMeasurable, match="shows no body for POST /assist"):
        verdict(site_at(serve(strict), wanted), wanted)


def test_a_key_that_only_a_shell_would_fill_is_not_sent(serve: Serve, site_at: SiteAt) -> None:
    site = site_at(serve(strict))
    assert headers_of({**get("/"), "headers": {"Authorization": "Bearer $WREN_KEY", "Accept": "text/plain"}}) == {
        "Accept": "text/plain"
    }
    assert verdict(site, asked({**get("/health"), "headers": {"X-Key": "${KEY}"}}, status=[200])).outcome == "pass"
