"""What is wrong with an entry of a binding file, in the words of that file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.binding.binding_entry import CORRECT, EXAMPLE, KEYS, MODELS, Correction, Type
from signoff.acceptance.toml_text import written
from signoff.reports.mistake import Mistake, Place, Words, in_words
from signoff.reports.model import converted

LONGEST_WAIVER = timedelta(days=90)
WORDS = Words(
    wrong=("{key} cannot be {value}", "{key} of [[{table}]] is {wanted}"),
    inside=("{name} of {first} cannot be {value}", "it is {wanted}"),
    unknown=("[[{table}]] has no key {name!r}", "known keys: {wanted}"),
    missing=("[[{table}]] needs {wanted}", "add what is missing"),
)
CORRECTION_WORDS = Words(
    wrong=("{key} cannot be {value}", "{key} of a correction is {wanted}"),
    inside=("{name} of {first} cannot be {value}", "it is {wanted}"),
    unknown=("a correction has no key {name!r}", "known keys: {wanted}"),
    missing=("a correction needs {wanted}", "add what is missing"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do about it; `place` leads to it from the entry's table."""

    place: Place
    message: str
    hint: str


def read_entry(table: str, entry: Any, today: date, kinds: Kinds) -> tuple[Any, list[Problem]]:
    """The model of an entry, or None and all that is wrong with it."""
    if not isinstance(entry, Mapping):
        return None, [Problem((), f"[[{table}]] is a table with keys", f"keys: {', '.join(KEYS[table])}")]
    made, mistakes = converted(MODELS[table], entry)
    problems = [_problem(table, mistake, kinds) for mistake in mistakes]
    if table == "type":
        problems += _of_kind(entry, kinds)
    expires = entry.get("expires") if table == "waive" else None
    if isinstance(expires, date) and not isinstance(expires, datetime) and expires > today + LONGEST_WAIVER:
        message = f"the waiver lasts until {expires}, more than {LONGEST_WAIVER.days} days"
        problems.append(Problem(("expires",), message, f"let it expire by {today + LONGEST_WAIVER}"))
    return (None if problems else made), problems


def read_correction(criterion: str, entry: Any, kinds: Kinds) -> tuple[Type | None, list[Problem]]:
    """A correction as the entry of its criterion, or None and all that is wrong with it."""
    if not isinstance(entry, Mapping):
        message, hint = "a correction is a table in one line", f"write {CORRECT}.{written(criterion)} = {{...}}"
        return None, [Problem((), message, hint)]
    made, mistakes = converted(Correction, entry)
    problems = [Problem(mistake.place, *in_words(mistake, CORRECTION_WORDS, CORRECT)) for mistake in mistakes]
    problems += _of_kind(entry, kinds)
    if made is None or problems:
        return None, problems
    said = {item.name: getattr(made, item.name) for item in fields(made)}
    return Type(criterion=criterion, **said), []


def _problem(table: str, mistake: Mistake, kinds: Kinds) -> Problem:
    message, hint = in_words(mistake, WORDS, table)
    if table == "resolve" and mistake.place == ("kind",) and mistake.code == "rule" and mistake.value not in kinds:
        message = f"unknown kind {mistake.value!r}"
    return Problem(mistake.place, message, hint)


def _of_kind(entry: Mapping[str, Any], kinds: Kinds) -> Iterator[Problem]:
    """Whether there is a check of this kind, and what it needs."""
    kind = entry.get("kind")
    if not isinstance(kind, str) or not kind:
        return
    if kind not in kinds:
        yield Problem(("kind",), f"unknown kind {kind!r}", f"kinds of criteria: {', '.join(kinds)}")
    elif kinds[kind].needs_limit and "threshold" not in entry:
        yield Problem(("kind",), f"{kind} needs a threshold", f"add {EXAMPLE}")
