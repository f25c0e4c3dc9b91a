"""Expressions that are searched for only where a text holds the words that each way through them needs.

A text is divided into its words once. What a word holds of all expressions is kept as bits of a number, so that the
words of a text together say by one comparison whether an expression may be in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache, reduce
from operator import or_
from typing import Generic, TypeVar

from signoff.acceptance.reading.search.literals import EDGE, WORD, Literals, folded, needed_literals

Row = TypeVar("Row")
_THREE = 3
# How many sets of rows of a table are kept.
_MOST_KNOWN = 1_024
# No word that an expression needs is longer.
_LONGEST_CUT = 64
_FIRST, _LAST = re.compile(r"\w+"), re.compile(r"\w+$")


EVERYTHING = -1
"""What a text holds of which nothing is known."""


class Sought:
    """An expression that a text is searched for where it may be in it. It is compiled when a text first may hold it."""

    def __init__(self, pattern: str, flags: int = re.IGNORECASE) -> None:
        self.pattern, self.flags = pattern, flags
        _enter(self)

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The expression itself."""
        return re.compile(self.pattern, self.flags)

    @cached_property
    def needed(self) -> tuple[Literals, ...]:
        """What a text has to hold one of each of."""
        return needed_literals(self.pattern, self.flags)

    @cached_property
    def needs(self) -> int:
        """The same as bits."""
        return _index().bits_of(self.needed)

    def is_in(self, holds: int) -> bool:
        """Whether what texts hold is what the expression needs."""
        needs = self.needs
        return holds & needs == needs

    def may_be_in(self, text: str) -> bool:
        """Whether a text holds what the expression needs."""
        needs = self.needs
        return held(text) & needs == needs

    def search(self, text: str) -> re.Match[str] | None:
        """The first place in a text."""
        needs = self.needs
        return self.expression.search(text) if held(text) & needs == needs else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All places in a text."""
        needs = self.needs
        return self.expression.finditer(text) if held(text) & needs == needs else iter(())

    def search_part(self, part: str, whole: str) -> re.Match[str] | None:
        """The first place in a part of a text, of which as a whole it is known what it holds."""
        needs = self.needs
        return self.expression.search(part) if held_of_part(part, whole) & needs == needs else None


class Table(Generic[Row]):
    """Rows of an expression each, of which a text is shown those that may be in it."""

    def __init__(self, rows: Iterable[tuple[Sought, Row]]) -> None:
        self.rows = tuple(rows)
        self._known: dict[int, tuple[tuple[re.Pattern[str], Row], ...]] = {}

    @cached_property
    def _needs(self) -> int:
        return needs_of(sought for sought, _ in self.rows)

    def among(self, holds: int) -> tuple[tuple[re.Pattern[str], Row], ...]:
        """The rows that may be in texts that hold this, in their order."""
        told = holds & self._needs
        found = self._known.get(told)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = tuple((sought.expression, row) for sought, row in self.rows if sought.is_in(told))
            self._known[told] = found
        return found

    def of(self, text: str) -> tuple[tuple[re.Pattern[str], Row], ...]:
        """The rows that may be in a text, in their order."""
        return self.among(held(text))


class _Index:
    """Which bit stands for which literals; by three letters, the literals that hold them, each with its bits."""

    def __init__(self, known: list[Sought]) -> None:
        self._bits: dict[Literals, int] = {}
        by_literal: dict[str, int] = {}
        for literals in dict.fromkeys(literals for sought in known for literals in sought.needed):
            self._bits[literals] = bit = 1 << len(self._bits)
            for literal in literals:
                by_literal[literal] = by_literal.get(literal, 0) | bit
        self._short = [(literal, bits) for literal, bits in by_literal.items() if len(literal) < _THREE]
        self._by_three: dict[str, list[tuple[str, int]]] = {}
        counted = Counter(three for literal in by_literal for three in _threes(literal))
        for literal, bits in by_literal.items():
            if len(literal) >= _THREE:
                rarest = min(sorted(_threes(literal)), key=lambda three: counted[three])
                self._by_three.setdefault(rarest, []).append((literal, bits))

    def bits_of(self, needed: tuple[Literals, ...]) -> int:
        """The bits that a text has to have for all of these."""
        return sum(self._bits[literals] for literals in needed)

    def bits_in(self, word: str) -> int:
        """The bits that a word gives to its text."""
        written = f"{EDGE}{folded(word)}{EDGE}"
        found = 0
        for literal, bits in self._short:
            if literal in written:
                found |= bits
        for three in self._by_three.keys() & _threes(written):
            for literal, bits in self._by_three[three]:
                if literal in written:
                    found |= bits
        return found


_KNOWN: list[Sought] = []


def needs_of(all_of: Iterable[Sought]) -> int:
    """What a text has to hold so that all of these may be in it."""
    return reduce(or_, (sought.needs for sought in all_of), 0)


@lru_cache(maxsize=256)
def held(text: str) -> int:
    """What the words of a text hold of all expressions."""
    found = 0
    for word in set(WORD.findall(text)):
        found |= _held_by(word)
    return found


def held_of_part(part: str, whole: str) -> int:
    """What a part of a text may hold: no more than the whole, and the words that are cut at its ends."""
    if len(part) == len(whole):
        return held(whole)
    first, last = _FIRST.match(part), _LAST.search(part[-_LONGEST_CUT:])
    found = held(whole)
    for cut in (first, last):
        found |= _held_by(cut[0][:_LONGEST_CUT]) if cut is not None else 0
    return found


@lru_cache(maxsize=32_768)
def _held_by(word: str) -> int:
    return _index().bits_in(word)


@lru_cache(maxsize=1)
def _index() -> _Index:
    return _Index(_KNOWN)


def _enter(sought: Sought) -> None:
    """One more expression: what is known of words and texts says nothing of it."""
    _KNOWN.append(sought)
    for cached in (held, _held_by, _index):
        cached.cache_clear()


def _threes(text: str) -> set[str]:
    return {text[place : place + _THREE] for place in range(len(text) - _THREE + 1)}
