"""Plain JSON to the models of a stored run, or an error that names the place of each mistake."""

from __future__ import annotations

from typing import Any, TypeVar

from signoff.reports.errors import StoredRunMalformed
from signoff.reports.model import Mistake, converted, shown, written

T = TypeVar("T")
MOST_TOLD = 20


def decode(model: type[T], value: Any, where: str) -> T:
    """The model of a JSON object; `where` is its place, like `run`. Raises StoredRunMalformed."""
    found, mistakes = converted(model, value)
    if found is None:
        more = [f"and {len(mistakes) - MOST_TOLD} more"] if len(mistakes) > MOST_TOLD else []
        raise StoredRunMalformed("; ".join([*(_in_words(each, where) for each in mistakes[:MOST_TOLD]), *more]))
    return found


def _in_words(mistake: Mistake, where: str) -> str:
    place = written((where, *mistake.place))
    if mistake.code == "missing":
        return f"{place} has no {', '.join(map(repr, mistake.value))}"
    return f"{place} must be {mistake.wanted}, not {shown(mistake.value)}"
