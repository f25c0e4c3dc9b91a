"""A figure as it is in a text: number, range, comparator, unit, and the texts around it that say what it means."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from signoff.acceptance.reading.quantities.comparator import COMPARATORS
from signoff.acceptance.reading.quantities.units import UNITS, Unit
from signoff.acceptance.reading.search.sought import EVERYTHING, held

_NUMBER = re.compile(
    r"(?<![\w.,:/@-])(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    r"(?:\s?(?:-|\u2013|\.\.|\bto\b)\s?~?(?P<high>\d[\d,]*(?:\.\d+)?))?(?P<glue>\s{0,4}-?\s{0,4})"
)
_WORDS_BEFORE = re.compile(r"[^\W\d_]+\.?|<=|>=|=<|=>|==|(?<!-)>|[<=≤≥~≈±]")
_UNIT = re.compile(r"[A-Za-zµμú%°/]+(?:(?:[ -]|\s{2,4}|\s?/\s?)[A-Za-zµμ/]+){0,3}")
_PIECE = re.compile(r"[A-Za-zµμú%°/]+")
_ABOUT = frozenset(
    {"~", "≈", "±", "about", "around", "approximately", "approx", "approx.", "roughly", "circa", "nearly", "some"}
)
# `NAME=2` sets a variable, and says nothing of its own about it.
_ASSIGNED = re.compile(r"\b[A-Z][A-Z0-9_]{2,}$")
# The comma of `Latency, p95: 2 s` ends no clause.
_STATISTIC_NEXT = r"\s+(?:t?p\s?\d{2}(?:\.\d+)?|median|mean|average|avg|max(?:imum)?)\s*(?:[:(|]|$)"
_CLAUSE = re.compile(
    rf"[;,](?=\s)(?!{_STATISTIC_NEXT})|\s+and\s+|\s+but\s+|(?<!\bmax)(?<!\bmin)(?<!\bca)(?<!approx)[.](?=\s|$)|[()]",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"\s?\(([^()]{1,24})\)")
# More than anybody measures, and few enough that no figure becomes infinite.
_MOST_DIGITS = 30
_WINDOW = 400
_NEAR = 80
_BEFORE = 48
_AFTER = 48
_LONGEST_COMPARATOR = 5
# Most figures have another word before them.
_LAST_WORDS = tuple({*_ABOUT, *(spelled.split()[-1] for spelled in COMPARATORS)})
_LONGEST_LAST = max(map(len, _LAST_WORDS))


@dataclass(frozen=True)
class Figure:
    """`comparator` and `unit` are as they are written; `tail` is a word straight behind the number that is no unit.

    `near` are the texts around the figure, the nearest first: its clause, what a bracket belongs to.
    """

    string: str
    begin: int
    end: int
    number: str
    high: str
    comparator: str
    is_approximate: bool
    unit: str
    tail: str
    is_glued: bool
    has_plus: bool
    near: tuple[str, ...]
    about: str

    @property
    def value(self) -> float:
        """The number as it is written."""
        return float(self.number.replace(",", ""))

    @property
    def highest(self) -> float:
        """The other end of a range; the number itself where there is none."""
        return float((self.high or self.number).replace(",", ""))

    @property
    def known_unit(self) -> Unit | None:
        """The unit, where the spelling is one."""
        return _unit(self.unit)

    @cached_property
    def places(self) -> tuple[str, ...]:
        """The texts that may say what the figure is about, the nearest first."""
        return (*self.near, self.string[max(0, self.begin - _WINDOW) : self.end + _WINDOW], self.about)

    @cached_property
    def holds(self) -> int:
        """What these texts hold at most of what is looked for in them."""
        # A window may cut a word in two, and a part of a word may be a word.
        return held(self.string) | held(self.about) if len(self.string) <= _WINDOW else EVERYTHING

    def bracket_after(self, end: int) -> str:
        """What a short bracket straight behind a figure holds: `< 800ms (median)`."""
        found = _BRACKET.match(self.string, end)
        return found[1] if found is not None else ""

    def stands_by_another(self) -> bool:
        """Whether another figure, with a unit, is near."""
        near = self.string[max(0, self.begin - _NEAR) : self.end + _NEAR]
        return any(
            found["number"] != self.number and _unit_after(near, found.end())[1] for found in _NUMBER.finditer(near)
        )


def figures_in(text: str, about: str) -> Iterator[Figure]:
    """All figures of a text, in its order; they may overlap where words after a figure belong to it."""
    clauses: _Clauses | None = None
    for match in _NUMBER.finditer(text):
        if max(len(match["number"]), len(match["high"] or "")) > _MOST_DIGITS:
            continue
        clauses = clauses or _Clauses(text)
        begin, comparator, is_approximate = _comparator_before(text, match.start())
        end, unit, tail = _unit_after(text, match.end())
        if not unit:
            end = match.end("high" if match["high"] else "number")
        yield Figure(
            text,
            begin,
            end,
            match["number"],
            match["high"] or "",
            comparator,
            is_approximate=is_approximate or "~" in text[match.end("number") : match.end()],
            unit=unit,
            tail=tail,
            is_glued=not match["glue"],
            has_plus=text[end : end + 1] == "+",
            near=clauses.around(match.start()),
            about=about,
        )


def _comparator_before(text: str, position: int) -> tuple[int, str, bool]:
    """Where the words before a number begin that belong to it, the comparator among them, and whether it is about."""
    floor = max(0, position - _BEFORE)
    if not text[floor:position].rstrip()[-_LONGEST_LAST:].lower().endswith(_LAST_WORDS):
        return position, "", False
    words = list(_WORDS_BEFORE.finditer(text, floor, position))
    about = False
    begin = position
    while words and words[-1].end() >= begin - 4 and text[words[-1].end() : begin].strip() == "":
        if words[-1][0].lower() not in _ABOUT:
            break
        about, begin = True, words.pop().start()
    if not words or text[words[-1].end() : begin].strip():
        return begin, "", about
    for count in range(min(_LONGEST_COMPARATOR, len(words)), 0, -1):
        first = words[-count].start()
        spelled = " ".join(text[first:begin].lower().split())
        if spelled == "=" and _ASSIGNED.search(text, max(0, first - 40), first):
            break
        if spelled in COMPARATORS and (first == 0 or not text[first].isalpha() or not text[first - 1].isalnum()):
            rest = words[:-count]
            if rest and rest[-1][0].lower() in _ABOUT and not text[rest[-1].end() : first].strip():
                return rest[-1].start(), text[first:begin].strip(), True
            return first, text[first:begin].strip(), about
    return begin, "", about


def _unit_after(text: str, position: int) -> tuple[int, str, str]:
    """Where the unit behind a number ends, its spelling, and the word there where it is none."""
    found = _UNIT.match(text, position, position + _AFTER)
    if found is None:
        return position, "", ""
    pieces = list(_PIECE.finditer(found[0]))
    for piece in reversed(pieces):
        end = position + piece.end()
        if _unit(text[position:end]) is not None and not text[end : end + 1].isalnum():
            return end, text[position:end], ""
    return position, "", pieces[0][0]


def _unit(spelling: str) -> Unit | None:
    squeezed = " ".join(spelling.split())
    return UNITS.get(squeezed) or UNITS.get(squeezed.lower())


class _Clauses:
    """The clauses of a text, cut once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._cuts = list(_CLAUSE.finditer(text))
        self._begins = [0, *(cut.end() for cut in self._cuts)]

    def around(self, position: int) -> tuple[str, ...]:
        """The clause around a figure, and for a bracket what is before it."""
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
