"""What the columns of a table hold, by their heads: data of the language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from signoff.acceptance.reading.languages.word_table import phrases_of, word_table, words_in
from signoff.acceptance.reading.source.wording import plain

_UNIT = re.compile(r"\s*[(\[]\s*(?P<unit>[A-Za-z%/]{1,12})\s*[)\]]\s*$")
STATISTIC = re.compile(
    r"^\W*(?:t?p\d{2}(?:\.\d+)?|(?:\d{2}(?:\.\d+)?)(?:th|st|nd|rd)? percentile|median|mean|average)\W*$", re.IGNORECASE
)
_LONGEST = 80

Roles = tuple[str, ...]


@lru_cache(maxsize=1)
def _heads() -> Mapping[str, str]:
    found: dict[str, str] = {}
    for role, entry in word_table("heads").items():
        for phrase in phrases_of(entry["is"]):
            found.setdefault(phrase, role)
    return found


@lru_cache(maxsize=512)
def roles_of(header: tuple[str, ...]) -> Roles:
    """The role of each head of a table; "" for a head that no table knows."""
    return tuple(_role(head) for head in header)


def unit_of(head: str) -> str:
    """The unit that a head names in brackets behind it."""
    match = _UNIT.search(head)
    return match["unit"] if match is not None else ""


def column(roles: Sequence[str], *wanted: str) -> int | None:
    """The first column of one of these roles, in the order in which they are asked for."""
    return next((roles.index(role) for role in wanted if role in roles), None)


def _role(head: str) -> str:
    shown = plain(head[:_LONGEST])
    if STATISTIC.match(shown):
        return "percentile"
    if not re.search(r"\w", shown):
        return "id"
    return _heads().get(words_in(_UNIT.sub("", shown)), "")
