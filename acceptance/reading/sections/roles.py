"""Sections, labels and sentences that ask for nothing: what they are instead, by the tables of the language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from signoff.acceptance.reading.languages.word_table import phrases_of, word_table, words_in
from signoff.acceptance.reading.source.wording import plain

ALARM = "alarm"
# `1.2 Edge cases (mandatory)`: neither the number nor the bracket names the section.
_NUMBER = re.compile(r"^\W*(?:\d+(?:\.\d+)*\W+)?")
_BRACKET = re.compile(r"\s*[*_]*[(\[][^()\[\]]*[)\]][*_]*\s*$")
_WISH = re.compile(
    r"^\W*as (?:an?|the)\b[^.]{1,120}?\bI(?:'d)?\s+(?:want|need|would|wish|can|must|should|like|expect)\b",
    re.IGNORECASE,
)
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class _Table:
    is_: frozenset[str]
    holds: tuple[str, ...]
    brackets: frozenset[str]
    labels: frozenset[str]


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, _Table]:
    return {
        role: _Table(
            frozenset(phrases_of(entry.get("is", ()))),
            tuple(f" {phrase} " for phrase in phrases_of(entry.get("holds", ()))),
            frozenset(phrases_of(entry.get("brackets", ()))),
            frozenset(phrases_of(entry.get("labels", ()))),
        )
        for role, entry in word_table("sections").items()
    }


@lru_cache(maxsize=4096)
def role_of_heading(text: str) -> str:
    """What a section is for instead of asking; "" where its heading says nothing of the kind."""
    shown = _NUMBER.sub("", _BRACKET.sub("", plain(text[:_LONGEST])))
    words = words_in(shown)
    bracket = _BRACKET.search(plain(text[:_LONGEST]))
    behind = words_in(bracket[0]) if bracket is not None else ""
    for role, table in _tables().items():
        if words in table.is_ or behind in table.brackets or any(phrase in f" {words} " for phrase in table.holds):
            return role
    return ""


@lru_cache(maxsize=4096)
def role_of_label(text: str) -> str:
    """The same of a label: `**Why this priority**: ...`."""
    words = words_in(text[:_LONGEST])
    return next((role for role, table in _tables().items() if words and words in table.labels), "")


def is_silent(role: str) -> bool:
    """Whether lines of this role ask for nothing by themselves; an alarm asks that somebody be called."""
    return role not in ("", ALARM)


def is_story(text: str) -> bool:
    """Whether a sentence says what somebody wants, and why: `As an operator, I want ...`."""
    return _WISH.match(text[:_LONGEST]) is not None
