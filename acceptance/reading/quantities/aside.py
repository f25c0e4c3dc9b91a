"""Figures that state a condition of another figure: load, requests, composition."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.reading.quantities.circumstance import Circumstance, circumstances
from signoff.acceptance.reading.quantities.limit import Quantity
from signoff.acceptance.reading.quantities.statistic import statistics_in
from signoff.acceptance.reading.search.sought import Sought

# A sum in brackets says what a figure before it is made of.
_PARTS = Sought(r"\([^()+]{0,120}\d[^()+]{0,120}\+[^()]{0,200}\d[^()]{0,200}\)", 0)
_BREAK = re.compile(r"[;,.](?=\s)")
_NO_STATISTIC = "no statistic is stated"
_REACH = 400
_LOADS = frozenset({"rate", "concurrency", "count"})
_ONLY_STATISTIC = re.compile(
    r"[\s,;/|()]*(?:and\s+|or\s+)?(?:(?:t?p\d{2}(?:\.\d+)?|median|mean|average|at (?:the )?)[\s:(=]*){0,3}[()\s]*",
    re.IGNORECASE,
)


def under_circumstances(found: list[Quantity], text: str) -> tuple[Quantity, ...]:
    """Figures that only say when another holds are no limits of their own; what is left knows its circumstances."""
    if not found:
        return ()
    found = _with_statistics(_without_parts(found, text), text)
    said = circumstances(text)
    aside = [quantity for quantity in found if any(_holds(place, quantity) and not place.binds for place in said)]
    limits = [quantity for quantity in found if quantity not in aside]
    if not limits:
        # `no growth over 24 hours` says how long a person has to look, and limits nothing.
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
        if index in loads or index in populations
        else quantity
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
    if limits and place.end <= limits[0].begin and not re.search(r"\w", text[: place.begin]):
        # `At 30 req/s: p95 < 250 ms, errors < 0.5 %`: what a sentence begins with holds for all of its figures.
        return [index for index in range(len(limits)) if not held[index]]
    near, before = [], -1
    for index, quantity in enumerate(limits):
        if held[index]:
            continue
        between = text[quantity.end : place.begin] if quantity.end <= place.begin else text[place.end : quantity.begin]
        if len(between) <= _REACH and not _BREAK.search(between):
            near.append(index)
        before = index if quantity.end <= place.begin else before
    return near or ([before] if before >= 0 else [0] if not any(held) else [])


def _with_statistics(found: list[Quantity], text: str) -> list[Quantity]:
    """Figures with the statistic of the same part of the text, however far: `TTFT (p95) of streamed answers: < 500 ms`.

    `p99: 80 ms, 250 ms`: a figure that states none has that of the one before it on the same subject, and one that
    states nothing but a statistic (`TTFT: p50 250 ms, p95 600 ms`) has the subject of the one before it.
    """
    named = statistics_in(text)
    kept: list[Quantity] = []
    for index, quantity in enumerate(found):
        quantity = _with_subject(quantity, kept[-1] if kept else None, text)
        rest = tuple(told for told in quantity.assumptions if not told.startswith(_NO_STATISTIC))
        if rest == quantity.assumptions:
            kept.append(quantity)
            continue
        # A rate between a percentile and its time is no limit that the percentile could be of.
        parts = [
            other for other in (*kept, *found[index + 1 :]) if other.dimension not in _LOADS - {quantity.dimension}
        ]
        begin = max((other.end for other in parts if other.end <= quantity.begin), default=0)
        end = min((other.begin for other in parts if other.begin >= quantity.end), default=len(text))
        near = {name for first, last, name in named if begin <= first and last <= end}
        before = kept[-1] if kept and kept[-1].subject == quantity.subject else None
        if len(near) == 1:
            quantity = replace(quantity, statistic=near.pop(), assumptions=rest)
        elif before is not None and not any(told.startswith(_NO_STATISTIC) for told in before.assumptions):
            quantity = replace(quantity, statistic=before.statistic, assumptions=rest)
        kept.append(quantity)
    return kept


def _with_subject(quantity: Quantity, before: Quantity | None, text: str) -> Quantity:
    """A time behind another of which only a statistic is said is one of the same subject."""
    if (
        before is None
        or before.dimension != "time"
        or quantity.dimension != "time"
        or before.subject == quantity.subject
    ):
        return quantity
    return (
        replace(quantity, subject=before.subject)
        if _ONLY_STATISTIC.fullmatch(text, before.end, quantity.begin)
        else quantity
    )


def _holds(place: Circumstance, quantity: Quantity) -> bool:
    return place.begin <= quantity.begin and quantity.end <= place.end
