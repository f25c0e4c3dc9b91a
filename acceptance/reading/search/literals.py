"""Which words a text must hold before an expression can be found in it, by the expression's own letters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import product
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

# `re` has no public door to the parse tree of an expression.

EDGE = "\0"
"""Where a word begins or ends."""
Literals = frozenset[str]
"""Parts of words, folded, of which a text has to hold one; with an edge where the word begins or ends there."""
WORD = re.compile(r"\w+|[^\w\s]")

_MOST_WAYS = 24
_LONGEST = 24
_EDGES = frozenset(
    {codes.AT_BOUNDARY, codes.AT_BEGINNING, codes.AT_BEGINNING_STRING, codes.AT_END, codes.AT_END_STRING}
)
# About how many texts hold letters that nobody chose, by how many they are: the rarer ones distinguish more.
_SHARES = (1.0, 0.5, 0.2, 0.05, 0.03, 0.02, 0.01)
_OF_A_MARK = 0.1
_OF_A_WORD = 0.3
# What every other demand on such a server speaks of distinguishes little.
_USUAL = tuple("the for and with model request response answer latency service server time session memory".split())
_OF_THE_USUAL = 0.25
_OF_NO_USE = 3.0


def needed_literals(pattern: str, flags: int = 0) -> tuple[Literals, ...]:
    """What a text has to hold one of each of, so that the expression may be found in it; the rarest first."""
    if flags & re.ASCII:
        # Words are divided as expressions on Unicode divide them.
        return ()
    parts = [{*map(_word, each)} for each in _of_sequence(parser.parse(pattern, flags))]
    found = {frozenset(each) for each in parts if "" not in each and _share(each) < _OF_NO_USE}
    return tuple(sorted(found, key=lambda each: (_share(each), sorted(each))))


def folded(text: str) -> str:
    """The text as letters are compared: whatever an expression that ignores case takes for the same is the same."""
    # Both dots of Turkish are an `i` to an expression that ignores case, and to no folding.
    return text.replace("İ", "i").replace("ı", "i").casefold()


def _of_sequence(sequence: Iterable[tuple[Any, Any]]) -> list[set[str]]:
    """What each part of a sequence needs that cannot be left out."""
    found: list[set[str]] = []
    runs = [""]
    for code, value in sequence:
        if code is codes.LITERAL and len(runs[0]) < _LONGEST:
            letter = _letter(value)
            runs = [run + letter for run in runs]
            continue
        ways = _ways(code, value)
        if ways is not None and len(ways) * len(runs) <= _MOST_WAYS and max(map(len, runs)) < _LONGEST:
            runs = [f"{run}{way}" for run, way in product(runs, ways)]
            continue
        found.append(set(runs))
        runs = [""] if ways is None else ways
        found += _of_part(code, value) if ways is None else []
    return [each for each in (*found, set(runs)) if all(map(_word, each))]


def _ways(code: Any, value: Any) -> list[str] | None:
    """All that a part of an expression may stand for, None where that is too much to name."""
    if code is codes.LITERAL:
        return [_letter(value)]
    if code is codes.AT:
        return [EDGE] if value in _EDGES else [""]
    if code is codes.IN:
        is_named = len(value) <= _MOST_WAYS and all(each is codes.LITERAL for each, _ in value)
        return list({_letter(letter): None for _, letter in value}) if is_named else None
    if code is codes.SUBPATTERN:
        return _ways_of_all(value[-1])
    if code is codes.BRANCH:
        each = [_ways_of_all(way) for way in value[1]]
        found = [text for way in each if way is not None for text in way]
        return found if None not in each and len(found) <= _MOST_WAYS else None
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT} and value[1] == 1:
        once = _ways_of_all(value[2])
        return once if once is None or value[0] else ["", *once]
    return None


@lru_cache(maxsize=512)
def _letter(code: int) -> str:
    return folded(chr(code))


def _ways_of_all(sequence: Iterable[tuple[Any, Any]]) -> list[str] | None:
    found = [""]
    for code, value in sequence:
        if code is codes.LITERAL:
            letter = _letter(value)
            found = [text + letter for text in found]
            continue
        ways = _ways(code, value)
        if ways is None or len(ways) * len(found) > _MOST_WAYS:
            return None
        found = [f"{text}{way}" for text, way in product(found, ways)]
    return found


def _of_part(code: Any, value: Any) -> list[set[str]]:
    if code is codes.SUBPATTERN:
        return _of_sequence(value[-1])
    if code is codes.BRANCH:
        return _of_any([_of_sequence(way) for way in value[1]])
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT} and value[0] > 0:
        return _of_sequence(value[2])
    # What has to follow, or to come before, is in the text as well.
    return _of_sequence(value[1]) if code is codes.ASSERT else []


def _of_any(ways: Sequence[list[set[str]]]) -> list[set[str]]:
    """One of these is gone through: what distinguishes most of each is needed."""
    return [set().union(*(min(way, key=_share) for way in ways))] if all(ways) else []


@lru_cache(maxsize=4096)
def _word(literal: str) -> str:
    """The rarest part of a literal, of one word or a mark; "" where there is none."""
    found = []
    for match in WORD.finditer(literal):
        if match[0] == EDGE:
            continue
        before, behind = (literal[max(0, match.start() - 1) : match.start()], literal[match.end() : match.end() + 1])
        is_word = match[0][0].isalnum() or match[0][0] == "_"
        found.append(f"{EDGE if before and is_word else ''}{match[0]}{EDGE if behind and is_word else ''}")
    return min(found, key=_of_word, default="")


def _share(literals: Iterable[str]) -> float:
    """About how many texts hold one of these."""
    return sum(map(_of_word, map(_word, literals)))


@lru_cache(maxsize=4096)
def _of_word(word: str) -> float:
    letters = word.strip(EDGE)
    if len(letters) == 1 and not letters.isalnum():
        return _OF_A_MARK
    if letters.startswith(_USUAL):
        return _OF_THE_USUAL
    share = _SHARES[min(len(letters), len(_SHARES) - 1)]
    return share * _OF_A_WORD if EDGE in word else share
