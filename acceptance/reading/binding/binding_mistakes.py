"""What is wrong with an entry of a binding file, in the words of that file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.binding.binding_entry import EXAMPLE, KEYS, MODELS, Limit
from signoff.reports.model import Mistake, Place, converted, model_fields, shown

LONGEST_WAIVER = timedelta(days=90)
_LIMIT_KEYS = ", ".join(item.name for item in model_fields(Limit))
_STATISTICS = ", none of mean, max, min, each, rate, p50, p99"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do about it; `place` leads to it from the entry's table."""

    place: Place
    message: str
    hint: str


def read_entry(table: str, entry: Any, today: date, kinds: Kinds) -> tuple[Any, list[Problem]]:
    """The model of an entry, or None and all that is wrong with it."""
    made, mistakes = converted(MODELS[table], entry)
    problems = [_problem(table, mistake, kinds) for mistake in mistakes]
    if table == "type" and isinstance(entry, dict):
        problems += _of_kind(entry, kinds)
    expires = entry.get("expires") if table == "waive" and isinstance(entry, dict) else None
    if isinstance(expires, date) and not isinstance(expires, datetime) and expires > today + LONGEST_WAIVER:
        message = f"the waiver lasts until {expires}, more than {LONGEST_WAIVER.days} days"
        problems.append(Problem(("expires",), message, f"let it expire by {today + LONGEST_WAIVER}"))
    return (None if problems else made), problems


def _of_kind(entry: Mapping[str, Any], kinds: Kinds) -> Iterator[Problem]:
    """Whether there is a check of this kind, and what it needs."""
    kind = entry.get("kind")
    if not isinstance(kind, str) or not kind:
        return
    if kind not in kinds:
        yield Problem(("kind",), f"unknown kind {kind!r}", f"kinds of criteria: {', '.join(kinds)}")
    elif kinds[kind].needs_limit and "threshold" not in entry:
        yield Problem(("kind",), f"{kind} needs a threshold", f"add {EXAMPLE}")


def _problem(table: str, mistake: Mistake, kinds: Kinds) -> Problem:
    place = mistake.place
    if not place and mistake.code == "wrong":
        return Problem(place, f"[[{table}]] is a table with keys", f"keys: {', '.join(KEYS[table])}")
    if place[:1] == ("threshold",) and (len(place) > 1 or mistake.code == "missing"):
        message = f"a threshold has {_LIMIT_KEYS}, with a comparator like <=; {_of_limit(mistake)}"
        return Problem(place, message, f"write {EXAMPLE}")
    if table == "resolve" and place == ("kind",) and mistake.code == "rule" and mistake.value not in kinds:
        return Problem(place, f"unknown kind {mistake.value!r}", mistake.hint)
    if mistake.code == "rule":
        return Problem(place, mistake.message, mistake.hint)
    if mistake.code == "missing":
        return Problem(place, f"[[{table}]] needs {mistake.wanted}", "add what is missing")
    if mistake.code == "unknown":
        return Problem(place, f"[[{table}]] has no key {place[0]!r}", f"known keys: {mistake.wanted}")
    if place[0] == "between" and len(place) > 1:
        return Problem(place, "between holds texts, numbers, true and false", "copy the values of the sides")
    if place[0] == "documents" and len(place) > 1:
        return Problem(place, "documents holds names of files", 'write documents = ["one.md", "other.md"]')
    if place[0] == "fingerprint":
        return Problem(place, f"{shown(mistake.value)} is no fingerprint", f"it is {mistake.wanted}")
    if place[0] == "parameters" and len(place) > 1:
        return Problem(place, f"{place[1]} of parameters cannot be {shown(mistake.value)}", f"it is {mistake.wanted}")
    return Problem(
        place, f"{place[0]} cannot be {shown(mistake.value)}", f"{place[0]} of [[{table}]] is {mistake.wanted}"
    )


def _of_limit(mistake: Mistake) -> str:
    if mistake.code == "missing":
        return f"it has no {mistake.wanted}"
    if mistake.code == "unknown":
        return f"it has {mistake.place[1]!r} beside them"
    if mistake.code == "rule":
        return mistake.message
    return f"its {mistake.place[1]} is {shown(mistake.value)}{_STATISTICS if mistake.place[1] == 'statistic' else ''}"
