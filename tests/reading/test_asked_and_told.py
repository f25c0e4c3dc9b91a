"""What a document asks for, and what it only tells: known limits, exclusions, bug reports, words of other meaning."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acceptance.criterion import Criterion
from acceptance.reading import Document

Read = Callable[[str], Document]
ITEM = "## Acceptance criteria\n\n- "


def of(read: Read, text: str) -> tuple[Criterion, ...]:
    return read(f"# Acceptance of a model server\n\n{text}\n").criteria


def machine_kinds(read: Read, text: str) -> list[str]:
    return [criterion.kind for criterion in of(read, text) if criterion.judge == "machine"]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("gateway_routing", "Overhead of the gateway: p99 below 12 ms"),
        ("gateway_routing", "Gateway latency stays below 12 ms"),
        ("health", "All routes except `/healthz` need a bearer token"),
        ("health", "All paths other than /readyz return 401 without a key"),
        ("alert_rules", "A prompt with `<script>alert(1)</script>` is returned as text"),
    ],
)
def test_words_of_another_meaning_give_no_criterion_of_that_kind(read: Read, kind: str, text: str) -> None:
    assert of(read, ITEM + text)
    assert kind not in machine_kinds(read, ITEM + text)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("gateway_routing", "The gateway routes a request to the model that it names"),
        ("health", "`/healthz` returns 200 and needs no token"),
        ("authentication", "All routes except `/healthz` need a bearer token"),
        ("alert_rules", "Alerts (by mail) fire on errors"),
    ],
)
def test_the_same_words_in_their_own_meaning_do(read: Read, kind: str, text: str) -> None:
    assert kind in machine_kinds(read, ITEM + text)


@pytest.mark.parametrize(
    "heading", ["Known limits", "Known issues", "Current state", "Status quo", "Steps to reproduce", "Actual behaviour"]
)
def test_sections_that_tell_ask_for_nothing_that_a_run_judges(read: Read, heading: str) -> None:
    text = f"## {heading}\n\n- The first answer after a boot takes some 14 s.\n- Start it with `--port 9100`\n"
    assert machine_kinds(read, text) == []


@pytest.mark.parametrize("heading", ["Known limits", "Limits"])
def test_what_must_be_is_asked_for_in_any_section(read: Read, heading: str) -> None:
    assert machine_kinds(read, f"## {heading}\n\n- p95 latency must stay below 4 s\n") == ["latency"]


def test_limits_that_are_no_known_ones_are_asked_for(read: Read) -> None:
    assert machine_kinds(read, "## Limits\n\n- The start-up takes at most 14 s\n") == ["load_time"]
