"""What a command prints of an answer or of a machine, and what its expectation makes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]
MODELS = "curl -s http://localhost:9000/v1/models"
HEALTH = "curl -s http://localhost:9000/health"


def expected(read: Read, command: str, text: str) -> Any:
    (found,) = read(f"# T\n\n```bash\n{command}\n# Expected: {text}\n```\n").criteria
    return found


@pytest.mark.parametrize(
    ("command", "text", "shape"),
    [
        (f"{MODELS} | jq '.data[0].id'", '"small-1b"', {"data": [{"id": "small-1b"}, "..."]}),
        (f"{MODELS} | jq -r '.data[1].id'", "small-1b", {"data": ["...", {"id": "small-1b"}, "..."]}),
        (f"{HEALTH} | jq .status", "ok", {"status": "ok"}),
        (f"{HEALTH} | jq '.checks[\"disk\"]'", "true", {"checks": {"disk": True}}),
        (f"{HEALTH} | jq .slots.free", "4", {"slots": {"free": 4}}),
        (f"{HEALTH} | jq .version", "a string", {"version": "..."}),
        (f"{HEALTH} | jq -e '.status == \"ok\"'", "true", {"status": "ok"}),
    ],
)
def test_a_value_at_a_path_is_the_shape_of_the_answer(read: Read, command: str, text: str, shape: Any) -> None:
    found = expected(read, command, text)
    assert (found.kind, found.judge, found.parameters["expected"]) == ("json_shape", "machine", shape)


@pytest.mark.parametrize("expression", [".data | length", ".data[].id", "keys", ".data[-1].id", "map(.id)"])
def test_more_than_a_path_is_for_a_person(read: Read, expression: str) -> None:
    found = expected(read, f"{MODELS} | jq '{expression}'", "3")
    assert found.judge == "person"
    assert "more than a path" in found.reason


def test_a_value_that_is_described_is_not_taken_literally(read: Read) -> None:
    found = expected(
        read, f"{MODELS} | jq .choices[0].message.content", "an answer that mentions the previous question"
    )
    assert found.kind != "json_shape"


@pytest.mark.parametrize(
    ("command", "text", "kind"),
    [
        ("hey -n 200 -c 8 http://localhost:9000/health", "Requests/sec > 40", "throughput"),
        ("wrk -c 8 -d 5 http://localhost:9000/health", "Requests/sec: 40 or more", "throughput"),
        ("ab -n 200 -c 8 http://localhost:9000/health", "req/sec: > 40", "throughput"),
        ("docker stats box --no-stream --format '{{.MemUsage}}'", "< 300MiB", "memory"),
        ("docker stats box --no-stream --format '{{.CPUPerc}}'", "< 150%", "cpu"),
        ("free -h", "< 300MiB", "human_judgement"),
        ("docker images box --format '{{.Size}}'", "< 300MiB", "human_judgement"),
    ],
)
def test_what_a_command_prints_says_what_a_figure_is(read: Read, command: str, text: str, kind: str) -> None:
    found = expected(read, command, text)
    assert (found.kind, found.threshold is not None) == (kind, True)
    if kind == "throughput":
        assert found.parameters["request"]["path"] == "/health"
