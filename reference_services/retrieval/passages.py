"""Splits documents into passages: passages, not whole documents, are embedded, found and put into prompts."""

from __future__ import annotations

import re

LONGEST = 600
"""Characters of a passage."""
_PLACES = (re.compile(r"\n\s*\n\s*"), re.compile(r"(?<=[.!?…。？！])\s+|\n"), re.compile(r"\s+"))
"""Where a text may be parted, the best places first: paragraphs, sentences, words."""


def passages(text: str) -> list[str]:
    """The text in pieces of up to 600 characters, in order; put together they are the text."""
    found = []
    while len(text) > LONGEST:
        end = _end(text[: LONGEST + 1])
        found.append(text[:end])
        text = text[end:]
    return [*found, text]


def _end(text: str) -> int:
    """Where the first passage ends: at the last good place in its second half, else anywhere."""
    for place in _PLACES:
        ends = [match.end() for match in place.finditer(text) if LONGEST // 2 <= match.end() <= LONGEST]
        if ends:
            return ends[-1]
    return LONGEST
