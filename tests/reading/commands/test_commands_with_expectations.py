"""What a document asks for, and what it only tells: known limits, exclusions, bug reports, words of other meaning."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document

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
        ("json_shape", "`/healthz` returns 200 and needs no token"),
        ("authentication", "All routes except `/healthz` need a bearer token"),
        ("alert_rules", "Alerts fire on errors"),
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


def test_an_issue_asks_for_what_it_expects(read: Read) -> None:
    report = "## Steps to reproduce\n\n1. Send two messages\n\n## Actual behaviour\n\nThe second one gets 400.\n\n"
    found = of(read, f"{report}## Expected behaviour\n\nThe stream carries on until `[DONE]`.\n")
    assert [criterion.text for criterion in found] == ["The stream carries on until [DONE]."]


@pytest.mark.parametrize(
    ("text", "is_asked"), [("@reviewer: we must look at tools too", False), ("We must look", True)]
)
def test_what_somebody_remarked_on_it_is_not_asked_for(read: Read, text: str, is_asked: bool) -> None:
    assert bool(of(read, f"## Talk\n\n> {text}\n")) is is_asked


@pytest.mark.parametrize(
    ("text", "is_asked"),
    [
        ("Log probabilities are out of scope", False),
        ("Not part of this task: a latency below 80 ms", False),
        ("Except for prompts of more than 9,000 tokens", False),
        ("Latency is below 80 ms except for the first request", True),
        ("All routes except one are covered by tests", True),
    ],
)
def test_what_is_left_out_is_not_asked_for(read: Read, text: str, is_asked: bool) -> None:
    assert bool(of(read, f"## Limits of the service\n\n- {text}\n")) is is_asked


def test_a_table_of_limits_asks_for_each_of_its_figures(read: Read) -> None:
    rows = (
        "| Path | Rate | Timeout | Max body |\n|---|---|---|---|\n| /v1/chat/completions | 7 req/s | 40 s | 300 KB |\n"
    )
    found = of(read, f"## Limits\n\n{rows}")
    limits = [(c.threshold.subject, c.threshold.comparator, c.threshold.value) for c in found if c.threshold]
    assert limits == [("rate_limit", "<=", 7), ("duration", "<=", 40), ("size", "<=", 300)]


def test_the_rate_of_a_load_is_no_limit(read: Read) -> None:
    rows = "| Name | Rate | Prompt |\n|---|---|---|\n| bulk | 7 req/s | 300 words |\n"
    assert of(read, f"## Load\n\n{rows}") == ()


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("A client that exceeds its rate gets 429.", ["rate_limit"]),
        ("Last week a client that exceeded its rate got 429.", []),
        ("Whoever asks for page 429 sees the index.", []),
    ],
)
def test_a_refusal_that_is_promised_is_asked_for(read: Read, text: str, kinds: list[str]) -> None:
    assert machine_kinds(read, f"## Limits\n\n{text}\n") == kinds


def test_a_column_of_errors_limits_them(read: Read) -> None:
    (found,) = of(read, "## Pass criteria\n\n| Workload | Errors |\n|---|---|\n| bulk | < 0.2 % |\n")
    assert (found.kind, found.load) == ("error_rate", {"requests": "bulk"})


def test_a_budget_of_errors_limits_none(read: Read) -> None:
    rows = "| Indicator | Target | Error budget |\n|---|---|---|\n| Latency, p95 | 3 s | 4 % |\n"
    assert machine_kinds(read, f"## Objectives\n\n{rows}") == ["latency"]


@pytest.mark.parametrize(
    "text",
    [
        "Names of customers are excluded from the answers",
        "Stack traces are not part of the answer",
        "Except for probes, every route needs a bearer token",
    ],
)
def test_what_an_answer_leaves_out_is_asked_for(read: Read, text: str) -> None:
    assert of(read, f"## Limits of the service\n\n- {text}\n")


def test_an_accident_is_not_asked_for(read: Read) -> None:
    assert of(read, "## Limits\n\nSometimes a client gets 429 on its first request.\n") == ()
