"""Figures for people: rounded without crossing a limit, in the limit's own unit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from signoff.reports.plain_text import line
from signoff.reports.stored.threshold import Threshold
from signoff.reports.stored.verdict import Measured
from signoff.reports.units import SCALE

_COMPARATORS = {"<": "<", "<=": "≤", "==": "=", ">=": "≥", ">": ">"}
_PLAIN_STATISTICS = {"each", "rate"}
_SPOKEN_UNITS = {"ratio": ""}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measurement in words: `1,204 ms`, `1,187 to 1,221 ms`, `n = 500`."""

    value: str
    interval: str
    samples: str

    @property
    def text(self) -> str:
        """All of it: `1,204 ms (1,187 to 1,221 ms, n = 500)`."""
        beside = ", ".join(word for word in (self.interval, self.samples) if word)
        return f"{self.value} ({beside})" if beside else self.value


def convert(value: float, unit: str, into: str) -> float | None:
    """The value in another unit, or None if the two do not measure the same thing."""
    if unit == into:
        return value
    (scale, base), (other, other_base) = SCALE.get(unit, (1.0, unit)), SCALE.get(into, (1.0, into))
    return value * scale / other if base == other_base else None


def number(value: float, limit: float | None = None) -> str:
    """Four significant digits, or more if rounding would move the figure onto or across the limit."""
    for digits in range(4, 18):
        text = _digits(value, digits)
        shown = float(text.replace(",", ""))
        if limit is None or _side(shown, limit) == _side(value, limit):
            return text
    return repr(value)


def figure(measured: Measured, threshold: Threshold | None) -> Figure:
    """A measurement in the unit of its limit, or in its own if there is none to compare with."""
    unit = measured.unit
    if threshold is not None and convert(1.0, unit, threshold.unit) is not None:
        unit = threshold.unit
    elif unit == "bytes":
        unit = "MB"
    limit = threshold.value if threshold is not None and threshold.unit == unit else None

    def shown(value: float) -> str:
        inside = convert(value, measured.unit, unit)
        return number(value if inside is None else inside, limit)

    low = None if measured.low is None else shown(measured.low)
    high = None if measured.high is None else shown(measured.high)
    interval = ""
    if low is not None and high is not None:
        interval = with_unit(f"{low} to {high}", unit)
    elif low is not None:
        interval = "at least " + with_unit(low, unit)
    elif high is not None:
        interval = "at most " + with_unit(high, unit)
    samples = "" if measured.samples is None else f"n = {measured.samples:,}"
    return Figure(with_unit(shown(measured.value), unit), interval, samples)


def target(threshold: Threshold) -> str:
    """A limit in words: `mean latency < 1,500 ms`."""
    comparator = _COMPARATORS.get(threshold.comparator, threshold.comparator)
    words = (
        "" if threshold.statistic in _PLAIN_STATISTICS else threshold.statistic,
        threshold.subject.replace("_", " "),
        comparator,
        with_unit(number(threshold.value), threshold.unit),
    )
    return line(" ".join(word for word in words if word), 200)


def with_unit(text: str, unit: str) -> str:
    """A number and its unit; a ratio has none."""
    return line(f"{text} {_SPOKEN_UNITS.get(unit, unit)}".strip(), 120)


def duration(seconds: float) -> str:
    """A span of time: `0.4 s`, `43 s`, `1 min 43 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def instant(text: str) -> datetime | None:
    """An ISO 8601 time, or None if the text is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def moment(text: str) -> str:
    """A stored UTC time for people: `2025-01-20 14:03:22 UTC`; other text is unchanged."""
    at = instant(text)
    return line(text, 60) if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _digits(value: float, digits: int) -> str:
    if not math.isfinite(value) or value == 0:
        return f"{value:g}"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -4 or exponent > 14:
        return f"{value:.{digits}g}"
    if float(value).is_integer():
        return f"{value:,.0f}"
    text = f"{value:,.{max(digits - 1 - exponent, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)
