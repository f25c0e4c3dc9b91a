"""Limits as people jot them down: two ends, numbers as words, shares of a thousand, who is there at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document
from signoff.acceptance.reading.quantities.number_words import with_digits
from signoff.acceptance.reading.quantities.quantity import read_quantities

Read = Callable[[str], Document]


def limits(text: str) -> list[tuple[str, str, float, str]]:
    found, _ = read_quantities(text)
    return [(quantity.subject, quantity.comparator, quantity.value, quantity.unit) for quantity in found]


def of(read: Read, text: str) -> tuple[Criterion, ...]:
    return read(f"# Parrot service\n\n## Acceptance criteria\n\n- [ ] {text}\n").criteria


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "GPU use stays between 55 % and 85 %",
            [("gpu_utilisation", ">=", 55, "%"), ("gpu_utilisation", "<=", 85, "%")],
        ),
        ("Memory is between 3 and 7 GB", [("memory", ">=", 3, "GB"), ("memory", "<=", 7, "GB")]),
        ("GPU use differs between nodes and is at most 85 %", [("gpu_utilisation", "<=", 85, "%")]),
        ("The first chunk comes in less than a second", [("ttft", "<", 1, "s")]),
        ("Responses come within half a minute", [("latency", "<=", 0.5, "min")]),
        ("Responses come within thirty seconds", [("latency", "<=", 30, "s")]),
        ("Responses come within a second attempt", []),
        ("A second response comes after the first", []),
        ("1st token 0.7 s", [("ttft", "<=", 0.7, "s")]),
        ("ctx 16k", [("context_length", ">=", 16384, "tokens")]),
        ("fewer than 3 in 1000 requests fail", [("error_rate", "<", 0.3, "%")]),
        ("at most one in a thousand requests fails", [("error_rate", "<=", 0.1, "%")]),
        ("Failures: at most 4 per thousand", [("error_rate", "<=", 0.4, "%")]),
        ("at least 997 of 1,000 requests succeed", [("success_rate", ">=", 99.7, "%")]),
        ("a request fails after at most 2 of 3 attempts", []),
    ],
)
def test_a_limit_is_read_as_it_is_meant(text: str, expected: list[tuple[str, str, float, str]]) -> None:
    assert limits(text) == [(subject, sign, pytest.approx(value), unit) for subject, sign, value, unit in expected]


def test_a_number_written_as_a_word_leaves_every_place_as_it_was() -> None:
    text = "up within one minute, answers in less than a second, drained within fifteen seconds (a minute at most)"
    digits = with_digits(text)
    assert digits.split() == (
        "up within 1.0 minute, answers in less than 1 second, drained within 15.0000 seconds (a minute at most)".split()
    )
    assert len(digits) == len(text)


@pytest.mark.parametrize("load", ["@ 30 users", "with 30 clients", "@30 rps"])
def test_who_is_there_at_once_is_a_circumstance(read: Read, load: str) -> None:
    (found,) = of(read, f"p95 < 4 s {load}")
    assert (found.kind, found.parameters["load"]) == ("latency", load)


def test_who_has_to_be_served_is_a_demand(read: Read) -> None:
    (found,) = of(read, "Works with 30 users at once")
    assert (found.kind, found.parameters["concurrent"]) == ("queueing", 30)


@pytest.mark.parametrize(
    ("text", "is_told"),
    [("800 requests, 0 errors", True), ("800 requests, 10 errors", False), ("No error lines in the log", False)],
)
def test_that_nothing_ever_fails_is_for_a_person(read: Read, text: str, is_told: bool) -> None:
    (found,) = of(read, text)
    assert found.judge == "person"
    assert ("none ever fails" in found.reason) is is_told


@pytest.mark.parametrize(
    ("text", "sign"),
    [("Whoever sends more than 20 req/s gets 429", "<="), ("Each client may send at least 20 req/s", ">=")],
)
def test_the_rate_that_is_refused_is_the_limit(read: Read, text: str, sign: str) -> None:
    assert [found.threshold.comparator for found in of(read, text) if found.threshold] == [sign]


@pytest.mark.parametrize("figure", ["503", "400", "429", "413"])
def test_a_limit_that_is_spelled_like_a_status_refuses_nobody(figure: str, read: Read) -> None:
    (criterion,) = of(read, f"A context of at least {figure} tokens")
    assert (criterion.kind, criterion.judge) == ("context_length", "machine"), criterion.reason


@pytest.mark.parametrize("figure", ["1.500 MB", "16.384 MB"])
def test_a_point_before_three_digits_is_left_open(read: Read, figure: str) -> None:
    (found,) = read(f"# T\n\n## Acceptance criteria\n\n- [ ] Memory at most {figure}\n").criteria
    number = figure.split()[0]
    assert (found.judge, found.reason) == ("person", f"{number} is {number} or {number.replace('.', ',')}: write which")


@pytest.mark.parametrize("figure", ["1.5 GB", "1,500 MB", "0.500 GB"])
def test_a_figure_with_one_reading_is_none_of_these(read: Read, figure: str) -> None:
    (found,) = read(f"# T\n\n## Acceptance criteria\n\n- [ ] Memory at most {figure}\n").criteria
    assert (found.kind, found.judge) == ("memory", "machine")
