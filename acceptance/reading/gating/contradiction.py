"""Limits of one text that exclude each other: a person has to say which of them is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from signoff.acceptance.criterion import Threshold
from signoff.acceptance.reading.drafts.criterion_draft import Placed, person
from signoff.acceptance.reading.drafts.unjudged_figure import OTHER

_UPPER, _LOWER = ("<", "<="), (">", ">=")


def without_contradictions(placed: Sequence[Placed]) -> list[Placed]:
    """The drafts, those left to a person whose limits exclude each other, or are two for one quantity.

    `below 500 ms and above 800 ms` cannot be met; of `2 s (was 3 s)` and `2 s / 4 s` only one is meant.
    """
    found = list(placed)
    for one, other in _excluding(placed):
        for index in (one, other):
            draft, span = found[index]
            if draft.judge == "machine":
                limits = " and ".join(_shown(placed[each][0].threshold) for each in (one, other))
                found[index] = person(f"two limits are stated for the same quantity: {limits}", draft.threshold), span
    return found


def _excluding(placed: Sequence[Placed]) -> Iterator[tuple[int, int]]:
    limited = [index for index, (draft, _) in enumerate(placed) if draft.threshold is not None and not draft.load]
    for one, other in combinations(limited, 2):
        drafts = placed[one][0], placed[other][0]
        first, second = drafts[0].threshold, drafts[1].threshold
        if first is None or second is None or drafts[0].service != drafts[1].service:
            continue
        if drafts[0].parameters.get("request") != drafts[1].parameters.get("request"):
            continue
        is_two = _direction(first) == _direction(second) and first.value != second.value
        if _named(first) == _named(second) and (is_two or _is_empty(first, second) or _is_empty(second, first)):
            yield one, other


def _direction(limit: Threshold) -> str:
    return "upper" if limit.comparator in _UPPER else "lower" if limit.comparator in _LOWER else limit.comparator


def _named(limit: Threshold) -> tuple[str, str | None, str]:
    return limit.subject.removeprefix(OTHER), limit.statistic, limit.unit


def _is_empty(upper: Threshold, lower: Threshold) -> bool:
    """Whether no value is within both."""
    return upper.comparator in _UPPER and lower.comparator in _LOWER and upper.value < lower.value


def _shown(limit: Threshold | None) -> str:
    return "" if limit is None else f"{limit.comparator} {limit.value:g} {limit.unit}"
