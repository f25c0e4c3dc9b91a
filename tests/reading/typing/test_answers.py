"""What sentences say of answers: the request, what is wrong with it, and what has to come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import read_documents

UNKNOWN = {"how": "set", "field": "model", "value": "signoff-serves-no-such-model"}
Read = Callable[..., list[Criterion]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def criteria(*lines: str, heading: str = "Success Criteria") -> list[Criterion]:
        path = tmp_path / "task.md"
        path.write_text("\n".join(["# Wren service", "", f"## {heading}", "", *lines, ""]), encoding="utf-8")
        return list(read_documents([path], KINDS).documents[0].criteria)

    return criteria


def said(criterion: Criterion) -> Mapping[str, Any]:
    """The parameters without the request, and its method and path where there is one."""
    found = dict(criterion.parameters)
    request = found.pop("request", None)
    return {**({"route": f"{request['method']} {request['path']}"} if request else {}), **found}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "IF the requested `model` is not loaded, THEN THE API SHALL return HTTP 404",
            {"sent": [UNKNOWN], "status": [404]},
        ),
        (
            "IF `messages` is missing or empty, THEN THE API SHALL return HTTP 422 with a message that names the field",
            {
                "sent": [{"how": "missing", "field": "messages"}, {"how": "set", "field": "messages", "value": []}],
                "status": [422],
                "mentions": ["messages"],
            },
        ),
        (
            "A chat with `messages: []` gets 422",
            {"sent": [{"how": "set", "field": "messages", "value": []}], "status": [422]},
        ),
        ("Broken JSON is rejected with 400", {"sent": [{"how": "torn"}], "status": [400]}),
        ("Malformed requests are rejected with 422", {"sent": [{"how": "malformed"}], "status": [422]}),
        ("Prompts beyond the limit are refused with 413", {"sent": [{"how": "long"}], "status": [413]}),
        (
            "`max_tokens` above 4096 is refused",
            {"sent": [{"how": "set", "field": "max_tokens", "value": 4097}], "status": ["4xx"]},
        ),
        (
            "A request body of more than 2 MB is refused with 413",
            {"sent": [{"how": "size", "bytes": 2000000}], "status": [413]},
        ),
        (
            "An unknown model gets 404 and an error of the type `model_not_found`",
            {"sent": [UNKNOWN], "status": [404], "expected": {"error": {"type": "model_not_found"}}},
        ),
        ("`GET /v1/models` lists `wren-7b`", {"route": "GET /v1/models", "holds": [{"key": "id", "value": "wren-7b"}]}),
        (
            "`wren-7b` is in the list of models",
            {"route": "GET /v1/models", "holds": [{"key": "id", "value": "wren-7b"}]},
        ),
        (
            "`wren-7b` must show up under `/v1/models`",
            {"route": "GET /v1/models", "holds": [{"key": "id", "value": "wren-7b"}]},
        ),
        ('Health endpoint says "ok"', {"route": "GET /health", "holds": [{"value": "ok"}]}),
        (
            "No chat endpoint: `/v1/chat/completions` stays a 404",
            {"route": "POST /v1/chat/completions", "status": [404], "absent": True},
        ),
        ("`GET /health` reports version 2.1", {"route": "GET /health", "holds": [{"key": "version", "value": "2.1"}]}),
        (
            "`GET /health` shows the name of the loaded model",
            {"route": "GET /health", "holds": [{"key": "model", "served": True}]},
        ),
        ('WHEN I GET /health, THEN status is "healthy"', {"route": "GET /health", "expected": {"status": "healthy"}}),
        ("POST /v1/embeddings returns 404", {"route": "POST /v1/embeddings", "status": [404]}),
        ("`/v1/generate` is gone", {"route": "GET /v1/generate", "absent": True, "status": [404, 410]}),
        ("`curl http://localhost:9000/debug` is refused", {"route": "GET /debug", "refused": True}),
        (
            "Responses include token usage",
            {"expected": {"usage": dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), "...")}},
        ),
        (
            "The answer of a chat completion names the model `wren-7b`",
            {"holds": [{"key": "model", "value": "wren-7b"}]},
        ),
    ],
)
def test_a_sentence_becomes_one_question_that_holds_all_of_it(
    read: Read, sentence: str, wanted: Mapping[str, Any]
) -> None:
    (found,) = read(f"- {sentence}")
    assert (found.kind, found.judge, said(found)) == ("json_shape", "machine", wanted), found


def test_two_errors_of_one_sentence_are_two_questions(read: Read) -> None:
    found = read("- A body that is not JSON is answered with 400, a missing `messages` with 422")
    assert [(each.parameters["sent"][0]["how"], each.parameters["status"]) for each in found] == [
        ("torn", [400]),
        ("missing", [422]),
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        'Given one worker is down, When I GET /health, Then status is "degraded"',
        "Given no worker is up, When I POST /v1/chat/completions, Then I receive 503",
        "IF the requested `model` is not loaded on Tuesdays, THEN THE API SHALL return HTTP 404",
        "`GET /v1/models` lists `wren-7b` for the tenant of the key",
        "IF `messages` is missing, THEN THE API SHALL return HTTP 422 twice",
        "While the new model loads, `GET /health` returns 503",
    ],
)
def test_a_condition_or_a_word_that_is_not_understood_goes_to_a_person(read: Read, sentence: str) -> None:
    assert {each.judge for each in read(f"- {sentence}")} == {"person"}


@pytest.mark.parametrize(
    ("line", "heading", "route"),
    [
        ("`/ping` latency: < 5 ms p99", "Expected results", "/ping"),
        ("THE service SHALL answer health-check requests within 100 ms", "Success Criteria", "/health"),
        ("p99 latency below 30 ms", "GET /ready", "/ready"),
        ("Listing the models takes less than 100 ms (p95)", "Success Criteria", "/v1/models"),
    ],
)
def test_a_time_beside_a_route_is_that_of_the_route(read: Read, line: str, heading: str, route: str) -> None:
    (found,) = [each for each in read(f"- [ ] {line}", heading=heading) if each.threshold is not None]
    assert (found.kind, found.judge, found.parameters["request"]["path"]) == ("latency", "machine", route), found


def test_a_time_without_a_route_is_that_of_completions(read: Read) -> None:
    (found,) = read("- p95 latency below 2 s")
    assert found.parameters["request"] is None


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("The service listens on port 9000", ("port", {"port": 9000})),
        ("The old service on port 8081 no longer answers", ("port", {"port": 8081, "closed": True})),
        ("Port 8081 is closed", ("port", {"port": 8081, "closed": True})),
        ("When the service is stopped, port 9000 is free again", ("port_free", {"port": 9000})),
        ("Port 5432 is not reachable from outside", ("human_judgement", {})),
    ],
)
def test_a_port_is_held_to_what_is_said_of_it(read: Read, line: str, wanted: tuple[str, Mapping[str, Any]]) -> None:
    (found,) = read(f"- [ ] {line}")
    assert (found.kind, dict(found.parameters)) == wanted, found


def test_a_port_that_is_free_before_the_start_is_a_persons(read: Read) -> None:
    (found,) = read("- [ ] Port 9000 is free on the host", heading="Preconditions")
    assert (found.judge, "state before the start" in found.reason) == ("person", True), found


def test_a_key_that_the_fence_does_not_set_is_left_to_the_deployment(read: Read) -> None:
    (found,) = read(
        "```bash",
        'curl http://localhost:9000/v1/models -H "Authorization: Bearer $WREN_KEY"',
        "# Expected: the list contains wren-7b",
        "```",
    )
    assert (found.kind, found.parameters["holds"]) == ("json_shape", [{"key": "id", "value": "wren-7b"}]), found
