"""Plain JSON to the models of a stored run, or an error that names the place of each mistake."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

from signoff.reports.errors import StoredRunMalformed
from signoff.reports.mistake import Words, in_words
from signoff.reports.model import converted

T = TypeVar("T")
WORDS = Words(wrong=("{place} must be {wanted}, not {value}", ""), missing=("{place} has no {missing}", ""))
MOST_NAMED = 20


def decode(model: type[T], value: Any, where: str) -> T:
    """The model of a JSON object; `where` is its place, like `run`. Raises StoredRunMalformed."""
    found, mistakes = converted(model, value)
    if found is None:
        said = [in_words(replace(each, place=(where, *each.place)), WORDS)[0] for each in mistakes[:MOST_NAMED]]
        more = [f"and {len(mistakes) - MOST_NAMED} more"] if len(mistakes) > MOST_NAMED else []
        raise StoredRunMalformed("; ".join([*said, *more]))
    return found
