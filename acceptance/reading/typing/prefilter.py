"""What a text must hold before an expression can be found in it: a cheap question before a costly search.

Most rules do not mention most demands. Three letters that each way through an expression needs are asked for
first, in a set of all trigrams of the text, and the search itself is only made where one of them is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# `re` has no public door to the parse tree of an expression.

THREE = 3

Trigrams = frozenset[str]


@lru_cache(maxsize=1024)
def needed_trigrams(expression: re.Pattern[str]) -> Trigrams | None:
    """Threes of letters, in lower case, one of which is in each text in which the expression is found.

    None where some way through the expression needs no three letters in a row.
    """
    found = _of_sequence(parser.parse(expression.pattern, expression.flags))
    return None if found is None else frozenset(found)


def trigrams(text: str) -> frozenset[str]:
    """All trigrams of letters of a text, in lower case."""
    # Both dots of Turkish are an `i` to an expression that ignores case, and to no folding.
    folded = text.replace("İ", "i").replace("ı", "i").casefold()
    return frozenset(map("".join, zip(folded, folded[1:], folded[2:], strict=False)))


def _of_sequence(sequence: Iterable[tuple[Any, Any]]) -> set[str] | None:
    """The part of a sequence that says most: the fewest trigrams, of whatever in it cannot be left out."""
    best: set[str] | None = None
    letters = ""
    for code, value in sequence:
        if code is codes.LITERAL:
            letters += chr(value).casefold()
            continue
        best, letters = _better(best, _of_letters(letters)), ""
        best = _better(best, _of_part(code, value))
    return _better(best, _of_letters(letters))


def _of_part(code: Any, value: Any) -> set[str] | None:
    if code is codes.SUBPATTERN:
        return _of_sequence(value[-1])
    if code is codes.BRANCH:
        return _of_all([_of_sequence(way) for way in value[1]])
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT} and value[0] > 0:
        return _of_sequence(value[2])
    return None


def _of_all(ways: Sequence[set[str] | None]) -> set[str] | None:
    """One of these is gone through: what identifies it is needed of each."""
    found: set[str] = set()
    for way in ways:
        if way is None:
            return None
        found |= way
    return found


def _of_letters(letters: str) -> set[str] | None:
    return {letters[:THREE]} if len(letters) >= THREE else None


def _better(one: set[str] | None, other: set[str] | None) -> set[str] | None:
    if one is None or other is None:
        return other if one is None else one
    return other if len(other) < len(one) else one
