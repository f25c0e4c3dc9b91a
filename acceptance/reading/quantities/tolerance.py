"""Approximate figures and ranges to limits, by a written rule that is printed with the limit.

A stated tolerance is used; where none is stated it is 10 %. The limit lies at the side that binds: above the figure
for what may be at most so much, below it for what has to be at least so much. A range binds at one of its ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from signoff.acceptance.reading.quantities.units import UNITS
from signoff.reports.units import SCALE

ASSUMED = 0.10
_STATED = re.compile(
    r"\s*[(,]?\s*(?:±|\+\s?/\s?-|\+-|plus or minus|give or take|within|tolerance(?: of)?:?)\s*"
    r"(?P<value>\d+(?:\.\d+)?)\s?(?P<unit>%|percent|[A-Za-z]{1,3}\b)?(?:\s+tolerance)?\)?",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"\s*[(,]?\s*(?:or\s+)?(?:(?:a\s+)?(?:size|value|figure|something|number)\s+)?"
    r"(?:close to (?:it|that|this)|approx(?:imately|\.)?|roughly|or so|so|thereabouts|about as much|about that"
    r"|more or less"
    r"|similar)(?=[\s).,;]|$)\)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far a figure may be off, as a share of it; `end` is where the words end that say so."""

    share: float
    stated: bool
    end: int


def tolerance_after(text: str, end: int, value: float, unit: str, about: bool) -> Tolerance | None:
    """The tolerance of the figure that ends here; None where the figure is meant as it is."""
    stated = _STATED.match(text, end)
    if stated is not None:
        amount, spelled = float(stated["value"]), (stated["unit"] or "").lower()
        if spelled in ("%", "percent"):
            return Tolerance(amount / 100, True, stated.end())
        scale = _scale(spelled, unit)
        if value and scale and not re.match(r"\s*[(,]?\s*within", stated[0], re.IGNORECASE):
            return Tolerance(amount * scale / value, True, stated.end())
    loose = _LOOSE.match(text, end)
    if loose is not None:
        return Tolerance(ASSUMED, False, loose.end())
    return Tolerance(ASSUMED, False, end) if about else None


def _scale(spelled: str, unit: str) -> float:
    """What one of the tolerance's units is in the figure's; 0 where they do not measure the same."""
    if not spelled or spelled == unit.lower():
        return 1.0
    own = UNITS.get(spelled)
    (size, base), (other, other_base) = SCALE.get(own.spelling if own else "", (0.0, "")), SCALE.get(unit, (1.0, "-"))
    return size / other if base == other_base else 0.0


def with_tolerance(value: float, unit: str, tolerance: Tolerance, at_least: bool) -> tuple[float, str]:
    """The limit at the side that binds, and the sentence that says so."""
    limit = float(f"{value * (1 - tolerance.share if at_least else 1 + tolerance.share):.12g}")
    shown = f"{tolerance.share * 100:g} %"
    given = f"{shown} as stated" if tolerance.stated else f"{shown}, since none is stated"
    side = "at least" if at_least else "at most"
    return limit, f"about {value:g} {unit} is read with a tolerance of {given}: {side} {limit:g} {unit}"


def of_range(low: float, high: float, unit: str, at_least: bool) -> tuple[float, str]:
    """The end of a range that binds, and the sentence that says so."""
    limit, side = (low, "at least") if at_least else (high, "at most")
    return limit, f"the range from {low:g} to {high:g} {unit} is read as {side} {limit:g} {unit}"
