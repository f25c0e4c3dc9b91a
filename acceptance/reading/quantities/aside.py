"""Figures that state a condition of another figure: load, requests, composition."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.reading.quantities.circumstance import Circumstance, circumstances
from signoff.acceptance.reading.quantities.limit import Quantity

# A sum in brackets says what a figure before it is made of.
_PARTS = re.compile(r"\([^()+]{0,120}\d[^()+]{0,120}\+[^()]{0,200}\d[^()]{0,200}\)")
_BREAK = re.compile(r"[;,.](?=\s)")
_NO_STATISTIC = "no statistic is stated"
_REACH = 400


def under_circumstances(found: list[Quantity], text: str) -> tuple[Quantity, ...]:
    """Figures that only say when another holds are no limits of their own; what is left knows its circumstances."""
    if not found:
        return ()
    found = _with_statistics(_without_parts(found, text))
    said = circumstances(text)
    aside = [quantity for quantity in found if any(_holds(place, quantity) and not place.binds for place in said)]
    limits = [quantity for quantity in found if quantity not in aside]
    if not limits:
        # `no growth over 24 hours` says how long somebody has to look, and limits nothing.
        limits = [quantity for quantity in found if quantity.dimension != "time"]
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


def _belongs_to(place: Circumstance, limits: list[Quantity], text: str) -> list[int]:
    """The figures that a circumstance is said of: those of its own part of the sentence, else the nearest before it."""
    held = [_holds(place, quantity) for quantity in limits]
    if any(held) and (all(held) or not place.binds):
        return []
    near, before = [], -1
    for index, quantity in enumerate(limits):
        if held[index]:
            continue
        between = text[quantity.end : place.begin] if quantity.end <= place.begin else text[place.end : quantity.begin]
        if len(between) <= _REACH and not _BREAK.search(between):
            near.append(index)
        before = index if quantity.end <= place.begin else before
    return near or ([before] if before >= 0 else [0] if not any(held) else [])


def _with_statistics(found: list[Quantity]) -> list[Quantity]:
    """`p99: 80 ms, 250 ms`: a figure that states no statistic has that of the one before it on the same subject."""
    kept: list[Quantity] = []
    for quantity in found:
        before = kept[-1] if kept and kept[-1].subject == quantity.subject else None
        rest = tuple(text for text in quantity.assumptions if not text.startswith(_NO_STATISTIC))
        stated = before is not None and not any(text.startswith(_NO_STATISTIC) for text in before.assumptions)
        if before is not None and stated and rest != quantity.assumptions:
            quantity = replace(quantity, statistic=before.statistic, assumptions=rest)
        kept.append(quantity)
    return kept


def _holds(place: Circumstance, quantity: Quantity) -> bool:
    return place.begin <= quantity.begin and quantity.end <= place.end
