"""A figure as the grammar finds it in a text, with the texts around it that say what it means."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from acceptance.reading.comparator import PATTERN
from acceptance.reading.units import unit_pattern

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ABOUT = r"~|≈|±|about\b|around\b|approximately\b|approx\.?|roughly\b|circa\b|nearly\b|some(?=\s\d)"
_QUANTITY = re.compile(
    rf"(?P<about>{_ABOUT})?\s{{0,4}}(?P<comparator>(?:(?<![\w.])"
    rf"|(?<=\W))(?:{PATTERN}))?\s{{0,4}}(?P<about_too>{_ABOUT})?"
    rf"\s{{0,4}}(?<![\w.,:/@-])(?P<number>{_NUMBER})"
    r"(?:(?P<range>\s?(?:-|\u2013|\.\.|\bto\b)\s?~?)(?P<high>\d[\d,]*(?:\.\d+)?))?"
    rf"(?P<glue>\s{{0,4}}-?\s{{0,4}})(?P<unit>{unit_pattern()})?(?P<tail>[A-Za-zµμ%°/]*)(?P<plus>\+)?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;,](?=\s)|\s+and\s+|\s+but\s+|[.](?=\s|$)|[()]")
_BRACKET = re.compile(r"\s?\(([^()]{1,24})\)")
_WINDOW = 400


@dataclass(frozen=True, slots=True)
class Figure:
    """A match of the grammar with the texts around it, the nearest first: its clause, what a bracket belongs to."""

    match: re.Match[str]
    begin: int
    near: tuple[str, ...]
    text: str
    about: str

    @property
    def value(self) -> float:
        """The number as it is written."""
        return float(self.match["number"].replace(",", ""))

    @property
    def is_approximate(self) -> bool:
        """Whether `about`, `~` or the like stands before the figure."""
        return bool(self.match["about"] or self.match["about_too"])

    @property
    def end(self) -> int:
        """Where the figure with its unit ends."""
        if self.match["unit"] and not self.match["tail"]:
            return self.match.end("unit")
        return self.match.end("high" if self.match["range"] else "number")

    @property
    def places(self) -> tuple[str, ...]:
        """The texts that may say what the figure is about, the nearest first."""
        return (*self.near, self.text, self.about)

    def word_after(self) -> str:
        """The word straight after a bare number."""
        end = self.match.end("number")
        found = re.match(r"[ ]?([A-Za-zµ%/]{1,20})", self.match.string[end : end + 24])
        return found[1] if found is not None else ""

    def bracket_after(self, end: int) -> str:
        """What a short bracket straight behind a figure holds: `< 800ms (median)`."""
        found = _BRACKET.match(self.match.string, end)
        return found[1] if found is not None else ""

    def stands_by_another(self) -> bool:
        """Whether the clause holds another figure, with a unit."""
        return any(
            other["unit"] and not other["tail"] and other["number"] != self.match["number"]
            for place in self.near
            for other in _QUANTITY.finditer(place[:_WINDOW])
        )


def figures_in(text: str, about: str) -> Iterator[Figure]:
    """All figures of a text, in its order; they may overlap where words after a figure belong to it."""
    clauses = _Clauses(text)
    for match in _QUANTITY.finditer(text):
        begin = next(match.start(name) for name in ("about", "comparator", "about_too", "number") if match[name])
        window = text[max(0, begin - _WINDOW) : match.end() + _WINDOW]
        yield Figure(match, begin, clauses.around(match.start("number")), window, about)


class _Clauses:
    """The clauses of a text, cut once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._cuts = list(_CLAUSE.finditer(text))
        self._begins = [0, *(cut.end() for cut in self._cuts)]

    def around(self, position: int) -> tuple[str, ...]:
        """The clause around a figure, and for a bracket what stands before it."""
        index = bisect_right(self._begins, position) - 1
        begin = max(self._begins[index], position - _WINDOW)
        end = min(self._cuts[index].start() if index < len(self._cuts) else len(self._text), position + _WINDOW)
        inner = self._text[begin:end]
        floor = max(0, position - _WINDOW)
        opened = self._text.rfind("(", floor, position)
        if opened <= self._text.rfind(")", floor, position):
            return (inner,)
        outer = max(bisect_right(self._begins, opened) - 1, 0)
        return inner, self._text[max(self._begins[outer], floor) : end]
