"""A figure with its unit as a quantity: comparator, statistic, subject, tolerance and range, with what was assumed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from signoff.acceptance.criterion import Comparator, Threshold
from signoff.acceptance.reading.quantities.comparator import AFTER, COMPARATORS, forbidden, reads_as_capacity
from signoff.acceptance.reading.quantities.figure import Figure
from signoff.acceptance.reading.quantities.statistic import statistic_of
from signoff.acceptance.reading.quantities.subject import AT_LEAST, subject_of
from signoff.acceptance.reading.quantities.tolerance import of_range, tolerance_after, with_tolerance
from signoff.acceptance.reading.quantities.units import Unit
from signoff.acceptance.reading.search.sought import EVERYTHING, Sought

_BOUNDED = re.compile(r"\bmax\w*\b.{0,20}\bconcurren|\bconcurrency limit|\blimit\w* concurren|\bonly\b", re.IGNORECASE)
_REST_WAITS = re.compile(
    r"\b(?:the rest|(?:the )?others|further (?:ones|requests)|what (?:comes|is) on top|the surplus)\s+"
    r"(?:waits?|queues?|(?:is|are|gets?) (?:refused|rejected|queued|turned away)|ha(?:s|ve) to wait)\b",
    re.IGNORECASE,
)
_LIMITS = re.compile(r"\blimits\W*$", re.IGNORECASE)
KIBI = 1024
_UPPER_END = re.compile(r"\bbetween\s+~?\d[\d.,]*\s*[A-Za-z%/]{0,12}\s+and\s+$", re.IGNORECASE)
_BETWEEN = Sought(r"\bbetween\b")
_OTHER_END = re.compile(r"\s+and\s+\d", re.IGNORECASE)


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


def complete(figure: Figure, unit: Unit, assumptions: list[str]) -> Quantity:
    """The quantity of a figure in this unit; `assumptions` is what was assumed of it so far."""
    subject = subject_of(unit.dimension, figure.places, figure.holds)
    spelling, factor = unit.spelling, unit.factor
    value = _scaled(figure.value, factor)
    if factor not in (1.0, KIBI):
        assumptions.append(f"{figure.value:g} {' '.join(figure.unit.split())} is {value:.4g} {spelling}")
    high = _scaled(figure.highest, factor)
    if subject == "cpu_utilisation" and high > 100:
        # 100 % is one core, as `docker stats` and `top` print it.
        assumptions.append("100 % CPU is read as one core")
        spelling, subject, value, high = "cores", "cpu", value / 100, high / 100
    end = figure.end
    tolerance = tolerance_after(figure.string, end, value, spelling, figure.is_approximate)
    end = max(end, tolerance.end if tolerance is not None else end)
    after = AFTER.match(figure.string, end)
    comparator, sentence = _comparator(figure, subject, after["word"] if after is not None else "")
    at_least = comparator in (">", ">=")
    low = value
    if figure.high:
        value, assumption = of_range(value, high, spelling, at_least)
        assumptions.append(assumption)
    least = most = None
    if tolerance is not None:
        least, most = (_rounded(low * (1 - tolerance.share)), _rounded(high * (1 + tolerance.share)))
        value, assumption = with_tolerance(value, spelling, tolerance, at_least)
        assumptions.append(assumption)
    elif sentence:
        assumptions.append(sentence.format(value=f"{value:g} {spelling}"))
    # A comparator such as `max` is no statistic.
    word = figure.comparator
    near = (figure.bracket_after(end), *figure.near, figure.about)
    places = [place.replace(word, " ") if word[:1].isalpha() else place for place in near]
    # What is left of a word without the comparator may be another word.
    is_whole = not word[:1].isalpha() or (
        figure.string.count(word) == figure.string.count(f" {word} ") and word not in figure.about
    )
    statistic, assumption = statistic_of(subject, places, figure.holds if is_whole else EVERYTHING)
    assumptions += [assumption] if assumption else []
    return Quantity(
        value,
        spelling,
        unit.dimension,
        comparator,
        statistic,
        subject,
        tuple(assumptions),
        figure.begin,
        end=after.end() if after is not None else end,
        low=least,
        high=most,
    )


def _comparator(figure: Figure, subject: str, after: str) -> tuple[Comparator, str]:
    """The comparator as it is written before or behind the figure, else what the subject means, with a sentence."""
    end = _between(figure)
    if end is not None:
        return end, ""
    written = " ".join((figure.comparator or after).lower().split())
    found = COMPARATORS.get(written)
    if found is not None and reads_as_capacity(subject, written, figure.near):
        return ">=", f"`{written}` is read as a capacity: at least {{value}} is asked for"
    if found is not None:
        is_before = bool(figure.comparator)
        return (forbidden(found, written, figure.string, figure.begin) if is_before else found), ""
    if subject == "concurrency" and _is_bounded(figure):
        return "<=", "no comparator is stated: at most {value} is asked for"
    if subject in AT_LEAST or figure.has_plus:
        return ">=", "no comparator is stated: at least {value} is asked for"
    return "<=", "no comparator is stated: at most {value} is asked for"


def _is_bounded(figure: Figure) -> bool:
    """Whether words say that no more than so many are worked on at once."""
    bounded = any(_BOUNDED.search(place) for place in figure.near) or _LIMITS.search(figure.about)
    return bool(bounded or _REST_WAITS.search(figure.string))


def _between(figure: Figure) -> Comparator | None:
    """Which end of `between 60 % and 95 %` a figure is, None where it is neither."""
    if not _BETWEEN.is_in(figure.holds):
        return None
    if _UPPER_END.search(figure.string, max(0, figure.begin - 60), figure.begin):
        return "<="
    is_lower = re.search(r"\bbetween\s+$", figure.string[max(0, figure.begin - 20) : figure.begin], re.IGNORECASE)
    return ">=" if is_lower and _OTHER_END.match(figure.string, figure.end) else None


def _scaled(value: float, factor: float) -> float:
    return value if factor == 1.0 else _rounded(value * factor)


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")
