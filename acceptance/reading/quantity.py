"""A grammar for quantities: value, unit, comparator, statistic, subject and circumstances, with what was assumed.

    quantity   = [about] [comparator] number [range] [scale] unit [tolerance] [comparator after]
    comparator = < <= > >= = ≤ ≥ | under | less than | at most | within | over | at least | ...

GB is SI (10^9 bytes), GiB is binary; 8K of context is 8,192 tokens; 120 requests a minute are 2 a second. What a
text leaves open is decided by written rules and said in one sentence each. What cannot be read is returned,
never skipped.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import lru_cache

from acceptance.criterion import Comparator, Threshold
from acceptance.reading.circumstance import Circumstance, circumstances
from acceptance.reading.comparator import AFTER, COMPARATORS, PATTERN, reads_as_capacity
from acceptance.reading.subject import AT_LEAST, COUNTED, LEAD, SHARE, statistic_of, subject_of
from acceptance.reading.tolerance import Tolerance, of_range, tolerance_after, with_tolerance
from acceptance.reading.units import UNITS, Unit, unit_pattern

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_ABOUT = r"~|≈|±|about\b|around\b|approximately\b|approx\.?|roughly\b|circa\b|nearly\b|some(?=\s\d)"
_QUANTITY = re.compile(
    rf"(?P<about>{_ABOUT})?\s{{0,4}}(?P<comparator>(?:(?<![\w.])|(?<=\W))(?:{PATTERN}))?\s{{0,4}}(?P<about_too>{_ABOUT})?"
    rf"\s{{0,4}}(?<![\w.,:/@-])(?P<number>{_NUMBER})"
    r"(?:(?P<range>\s?(?:-|\u2013|\.\.|\bto\b)\s?~?)(?P<high>\d[\d,]*(?:\.\d+)?))?"
    rf"(?P<glue>\s{{0,4}}-?\s{{0,4}})(?P<unit>{unit_pattern()})?(?P<tail>[A-Za-zµμ%°/]*)(?P<plus>\+)?",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;,](?=\s)|\s+and\s+|\s+but\s+|[.](?=\s|$)|[()]")
_TIME_FIGURE = re.compile(r"\d\s?(?:ms|milliseconds?|s|secs?|seconds?|min|minutes?)\b", re.IGNORECASE)
_MEASURED = re.compile(
    r"\b(?:latency|response times?|throughput|memory|ram|cpu|load(?:ing)? times?|start-?up times?|ttft|bandwidth|network)\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"(?:th|st|nd|rd|x|st|times?|services?|models?|nodes?|gpus?|hosts?|servers?|instances?|modules?|tests?|runs?|days?"
    r"|weeks?|months?|steps?|phases?|percentile|retries|attempts?|cases?|items?|b|bit|bits|fp\w*|q\w*|d|v\w*|k|m"
    r"|targets?|environments?|regions?|zones?|prompts?|messages?|turns?|levels?|stages?|iterations?|samples?|and|or|to"
    r"|for|of|in|on|at|by|with|under|per|the|is|are|must|should|shall|when|while|as|on|from|other|more|further)$",
    re.IGNORECASE,
)
_BOUNDED = re.compile(r"\bmax\w*\b.{0,20}\bconcurren|\bconcurrency limit|\blimit\w* concurren|\bonly\b", re.IGNORECASE)
_BRACKET = re.compile(r"\s?\(([^()]{1,24})\)")
# A sum in brackets says what a figure before it is made of.
_PARTS = re.compile(r"\([^()+]{0,120}\d[^()+]{0,120}\+[^()]{0,200}\d[^()]{0,200}\)")
_BREAK = re.compile(r"[;,.](?=\s)")
_WINDOW = 400
_LONGEST = 20_000
_KIBI = 1024
_KNOWN_UNITS = "write the unit: ms, s, min, GB, GiB, req/s, tokens/s, tokens, cores or %"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure of a text. `begin` and `end` are where it stands; `assumptions` are sentences.

    `low` and `high` are the two sides of an approximate figure, in `unit`.
    """

    value: float
    unit: str
    dimension: str
    comparator: Comparator
    statistic: str | None
    subject: str
    assumptions: tuple[str, ...]
    begin: int
    end: int
    load: str = ""
    population: str = ""
    low: float | None = None
    high: float | None = None

    def threshold(self) -> Threshold:
        """The quantity as a criterion's limit."""
        return Threshold(self.value, self.unit, self.comparator, self.statistic, self.subject)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A figure that the grammar cannot make into a limit, and why."""

    begin: int
    end: int
    why: str
    mend: str


@dataclass(frozen=True, slots=True)
class _Figure:
    """A match of the grammar with the texts around it, the nearest first: its clause, what a bracket belongs to."""

    match: re.Match[str]
    begin: int
    near: tuple[str, ...]
    text: str
    about: str

    @property
    def value(self) -> float:
        return float(self.match["number"].replace(",", ""))

    @property
    def is_approximate(self) -> bool:
        return bool(self.match["about"] or self.match["about_too"])

    def end(self) -> int:
        """Where the figure with its unit ends."""
        return self.match.end("unit" if self.match["unit"] and not self.match["tail"] else "glue") or self.match.end()


@lru_cache(maxsize=4096)
def read_quantities(text: str, about: str = "") -> tuple[tuple[Quantity, ...], tuple[Unreadable, ...]]:
    """All quantities of a text; `about` (a label or heading) helps where a clause does not say what is meant."""
    found: list[Quantity] = []
    failed: list[Unreadable] = []
    if len(text) > _LONGEST:
        why = f"the text has {len(text):,} characters, and figures are read in the first {_LONGEST:,}"
        failed.append(Unreadable(0, 40, why, "break the text into several demands"))
        text = text[:_LONGEST]
    clauses = _Clauses(text)
    taken = 0
    for match in _QUANTITY.finditer(text):
        names = ("about", "comparator", "about_too", "number")
        begin = next(match.start(name) for name in names if match[name])
        if match.start("number") < taken:
            continue
        window = text[max(0, begin - _WINDOW) : match.end() + _WINDOW]
        item = _read(_Figure(match, begin, clauses.around(match.start("number")), window, about))
        if isinstance(item, Quantity):
            found.append(item)
            taken = item.end
        elif item is not None:
            failed.append(item)
    return _under_circumstances(found, text), tuple(failed)


def _read(figure: _Figure) -> Quantity | Unreadable | None:
    match = figure.match
    unit_text, tail = match["unit"] or "", match["tail"]
    if tail:
        # Letters go on behind the spelling of a unit: it is another word.
        unit_text, tail = "", unit_text + tail
    unit = UNITS.get(_unit_key(unit_text)) if unit_text else None
    if unit is not None and unit.needs and not any(re.search(unit.needs, place, re.I) for place in _places(figure)):
        unit = None
    if unit is None:
        return _without_unit(figure, tail)
    if unit.dimension == "ratio" and SHARE.match(match.string, match.end()) and _TIME_FIGURE.search(figure.text):
        return None
    if unit.dimension == "count":
        return _count(figure, unit)
    if unit.scaled:
        if not any(re.search(r"context|token|window|n_ctx", place, re.I) for place in (*figure.near, unit_text)):
            return None
        note = f"{match['number']}K of context is read as {figure.value * _KIBI:,.0f} tokens"
        return _complete(figure, replace(unit, factor=_KIBI), [note])
    return _complete(figure, unit, [unit.note] if unit.note else [])


def _without_unit(figure: _Figure, tail: str) -> Quantity | Unreadable | None:
    match = figure.match
    compared = bool(match["comparator"] or figure.is_approximate)
    if not compared and not LEAD.search(match.string, max(0, figure.begin - 60), figure.begin):
        unknown = tail or _word_after(match)
        measures = any(_MEASURED.search(place) for place in figure.near)
        if unknown and measures and not match["range"] and not _COUNTS.match(unknown) and not _has_unit(figure):
            end = match.end() if tail else match.end("number")
            return Unreadable(figure.begin, end, f"{unknown!r} is no unit that is known here", _KNOWN_UNITS)
        return None
    if tail and not match["glue"] and compared:
        return Unreadable(figure.begin, match.end(), f"{tail!r} is no unit that is known here", _KNOWN_UNITS)
    for pattern, name, dimension in COUNTED:
        if any(pattern.search(place) for place in figure.near):
            return _complete(figure, Unit(name, dimension), [])
    comparator = match["comparator"] or ""
    if comparator and not comparator[0].isalpha() and comparator != "=":
        end = match.end("plus") if match["plus"] else match.end("number")
        return Unreadable(figure.begin, end, "a limit without a unit, and nothing says what it counts", _KNOWN_UNITS)
    return None


def _count(figure: _Figure, unit: Unit) -> Quantity | None:
    """Things that are counted: a concurrency where they come at once."""
    at_once = r"\bconcurren|\bsimultan|\bin parallel\b|\bat (?:once|a time|the same time)\b"
    if any(re.search(at_once, place, re.IGNORECASE) for place in figure.near):
        return _complete(figure, Unit("requests", "concurrency"), [])
    if unit.spelling == "requests":
        return None
    return _complete(figure, unit, [])


def _complete(figure: _Figure, unit: Unit, assumptions: list[str]) -> Quantity:
    match = figure.match
    subject = subject_of(unit.dimension, _places(figure))
    spelling, factor = unit.spelling, unit.factor
    value = _scaled(figure.value, factor)
    if factor not in (1.0, _KIBI):
        assumptions.append(f"{figure.value:g} {' '.join(match['unit'].split())} is {value:.4g} {spelling}")
    high = _scaled(float(match["high"].replace(",", "")), factor) if match["range"] else value
    if subject == "cpu_utilisation" and high > 100:
        # 100 % is one core, as `docker stats` and `top` print it.
        assumptions.append("100 % CPU is read as one core")
        spelling, subject, value, high = "cores", "cpu", value / 100, high / 100
    end = figure.end()
    tolerance = tolerance_after(match.string, end, value, spelling, figure.is_approximate)
    end = max(end, tolerance.end if tolerance is not None else end)
    after = AFTER.match(match.string, end)
    comparator, sentence = _comparator(figure, subject, after["word"] if after is not None else "")
    at_least = comparator in (">", ">=")
    low = value
    if match["range"]:
        value, told = of_range(value, high, spelling, at_least)
        assumptions.append(told)
    band: tuple[float | None, float | None] = (None, None)
    if tolerance is not None:
        band = _band(low, high, tolerance)
        value, told = with_tolerance(value, spelling, tolerance, at_least)
        assumptions.append(told)
    elif sentence:
        assumptions.append(sentence.format(value=f"{value:g} {spelling}"))
    # A comparator such as `max` is no statistic.
    word = match["comparator"] or ""
    near = (_bracket_after(match.string, end), *figure.near, figure.about)
    places = [place.replace(word, " ") if word[:1].isalpha() else place for place in near]
    statistic, told = statistic_of(subject, places)
    assumptions += [told] if told else []
    return Quantity(
        *(value, spelling, unit.dimension, comparator, statistic, subject, tuple(assumptions), figure.begin),
        end=after.end() if after is not None else end,
        low=band[0],
        high=band[1],
    )


def _comparator(figure: _Figure, subject: str, after: str) -> tuple[Comparator, str]:
    """The comparator as it is written before or behind the figure, else what the subject means, with a sentence."""
    written = " ".join((figure.match["comparator"] or after).lower().split())
    found = COMPARATORS.get(written)
    if found is not None and reads_as_capacity(subject, written, figure.near):
        return ">=", f"`{written}` is read as a capacity: at least {{value}} is asked for"
    if found is not None:
        return found, ""
    if subject == "concurrency" and any(_BOUNDED.search(place) for place in figure.near):
        return "<=", "no comparator is stated: at most {value} is asked for"
    if subject in AT_LEAST or figure.match["plus"]:
        return ">=", "no comparator is stated: at least {value} is asked for"
    return "<=", "no comparator is stated: at most {value} is asked for"


def _band(low: float, high: float, tolerance: Tolerance) -> tuple[float, float]:
    return tuple(float(f"{side:.12g}") for side in (low * (1 - tolerance.share), high * (1 + tolerance.share)))  # type: ignore[return-value]


def _scaled(value: float, factor: float) -> float:
    return value if factor == 1.0 else float(f"{value * factor:.12g}")


def _under_circumstances(found: list[Quantity], text: str) -> tuple[Quantity, ...]:
    """Figures that only say when another holds are no limits of their own; what is left knows its circumstances."""
    if not found:
        return ()
    found = _without_parts(found, text)
    said = circumstances(text)
    aside = [quantity for quantity in found if any(_holds(place, quantity) and not place.binds for place in said)]
    limits = [quantity for quantity in found if quantity not in aside] or found
    loads: dict[int, list[str]] = {}
    populations: dict[int, list[str]] = {}
    for place in said:
        for index in _belongs_to(place, limits, text):
            (loads if place.is_load else populations).setdefault(index, []).append(place.text)
    return tuple(
        replace(
            quantity,
            load=", ".join(dict.fromkeys(loads.get(index, ()))),
            population=", ".join(dict.fromkeys(populations.get(index, ()))),
        )
        for index, quantity in enumerate(limits)
    )


def _without_parts(found: list[Quantity], text: str) -> list[Quantity]:
    """The figures without those that a bracket only adds up to the one before it."""
    sums = [match.span() for match in _PARTS.finditer(text)]
    return [
        quantity
        for index, quantity in enumerate(found)
        if not any(begin <= quantity.begin < end for begin, end in sums)
        or not any(other.dimension == quantity.dimension for other in found[:index])
    ]


def _holds(place: Circumstance, quantity: Quantity) -> bool:
    return place.begin <= quantity.begin and quantity.end <= place.end


def _belongs_to(place: Circumstance, limits: list[Quantity], text: str) -> list[int]:
    """The figures that a circumstance is said of: those of its own part of the sentence, else the nearest before it."""
    if any(_holds(place, quantity) for quantity in limits):
        return []
    near, before = [], -1
    for index, quantity in enumerate(limits):
        between = text[quantity.end : place.begin] if quantity.end <= place.begin else text[place.end : quantity.begin]
        if len(between) <= _WINDOW and not _BREAK.search(between):
            near.append(index)
        before = index if quantity.end <= place.begin else before
    return near or ([before] if before >= 0 else [0])


def _places(figure: _Figure) -> tuple[str, ...]:
    return (*figure.near, figure.text, figure.about)


def _bracket_after(text: str, end: int) -> str:
    """What a short bracket straight behind a figure holds: `< 800ms (median)`."""
    found = _BRACKET.match(text, end)
    return found[1] if found is not None else ""


def _word_after(match: re.Match[str]) -> str:
    """The word straight after a bare number."""
    found = re.match(r"[ ]?([A-Za-zµ%/]{1,20})", match.string[match.end("number") : match.end("number") + 24])
    return found[1] if found is not None else ""


def _has_unit(figure: _Figure) -> bool:
    """Whether the clause of the figure holds a figure with a unit."""
    own = figure.match["number"]
    return any(
        other["unit"] and not other["tail"] and other["number"] != own
        for place in figure.near
        for other in _QUANTITY.finditer(place[:_WINDOW])
    )


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


def _unit_key(text: str) -> str:
    squeezed = " ".join(text.split())
    return squeezed if squeezed in UNITS else squeezed.lower()
