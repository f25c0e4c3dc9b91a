"""A grammar for quantities: value, unit, comparator, statistic, subject and circumstances, with what was assumed.

    quantity   = [about] [comparator] number [range] [scale] unit [tolerance] [comparator after]
    comparator = < <= > >= = ≤ ≥ | under | less than | at most | within | over | at least | ...

GB is SI (10^9 bytes), GiB is binary; 8K of context is 8,192 tokens; 120 requests a minute are 2 a second. What a
text leaves open is decided by written rules and said in one sentence each. What cannot be read is returned,
never skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from signoff.acceptance.reading.quantities.aside import under_circumstances
from signoff.acceptance.reading.quantities.comparator import AFTER
from signoff.acceptance.reading.quantities.figure import Figure, figures_in
from signoff.acceptance.reading.quantities.limit import KIBI, Quantity, complete
from signoff.acceptance.reading.quantities.number_words import with_digits
from signoff.acceptance.reading.quantities.statistic import SHARE
from signoff.acceptance.reading.quantities.subject import COUNTED, LEAD
from signoff.acceptance.reading.quantities.units import Unit
from signoff.acceptance.reading.quantities.version import is_version

__all__ = ["Quantity", "Unreadable", "read_quantities"]
_DIGIT = re.compile(r"[0-9]")
_OF_CONTEXT = re.compile(r"context|token|window|n_ctx|\bctx\b", re.IGNORECASE)
_TIME_FIGURE = re.compile(r"\d\s?(?:ms|milliseconds?|s|secs?|seconds?|min|minutes?)\b", re.IGNORECASE)
_MEASURED = re.compile(
    r"\b(?:latency|response times?|throughput|memory|ram|cpu|load(?:ing)? times?|start-?up times?|ttft|bandwidth"
    r"|network)\b",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"(?:th|st|nd|rd|x|st|times?|services?|models?|nodes?|gpus?|hosts?|servers?|instances?|modules?|tests?|runs?|days?"
    r"|weeks?|months?|steps?|phases?|percentile|retries|attempts?|cases?|items?|b|bit|bits|fp\w*|q\w*|d|v\w*|k|m"
    r"|targets?|environments?|regions?|zones?|prompts?|messages?|turns?|levels?|stages?|iterations?|samples?|and|or|to"
    r"|for|of|in|on|at|by|with|under|per|the|is|are|must|should|shall|when|while|as|on|from|other|more|further)$",
    re.IGNORECASE,
)
# `A100 80GB` names a product by the memory on it; it says nothing of what the service may use.
_GPU = r"(?:nvidia|geforce|tesla|quadro|radeon|instinct|rtx|gtx|[abhlptv]\d{1,3}s?|gh?b?200|mi\d{3}x?|arc|gaudi\s?\d?)"
_PRODUCT_BEFORE = re.compile(
    rf"\b{_GPU}(?:[ -]?(?:\d{{1,4}}(?![\d.,]*\s?[GT]i?B)|nvidia|geforce|tesla|rtx|gtx|ada|ti|super|pcie|sxm\d?|nvl"
    rf"|{_GPU}|gpus?|cards?|with)(?![A-Za-z\d])){{0,6}}[ -]*[(]?\s*$",
    re.IGNORECASE,
)
_PRODUCT_AFTER = re.compile(rf"\s*[)]?\s*(?:nvidia\s+)?{_GPU}\b", re.IGNORECASE)
_OF_MANY = re.compile(
    r"\s+(?:(?:requests?|answers?|calls?|completions?|responses?)\s+)?(?:in|of|out of|per)\s+"
    r"(?:every\s+|a\s+|one\s+)?(?P<many>\d[\d,]*|hundred|thousand|million)\b(?!\s*%|[.]\d)",
    re.IGNORECASE,
)
_MANY = {"hundred": 100.0, "thousand": 1_000.0, "million": 1_000_000.0}
_FEWEST = 100
_OUTCOME = re.compile(r"\b(?:fail\w*|errors?|erroneous|5xx|succe\w+)\b", re.IGNORECASE)
LONGEST = 8_000
_MOST_FIGURES = 150
_LONGEST_ABOUT = 1_000
_KNOWN_UNITS = "write the unit: ms, s, min, GB, GiB, req/s, tokens/s, tokens, cores or %"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A figure that the grammar cannot make into a limit, and why."""

    begin: int
    end: int
    why: str
    hint: str


Quantities = tuple[tuple[Quantity, ...], tuple[Unreadable, ...]]
"""What can be read of a text, and what not."""


@lru_cache(maxsize=16_384)
def read_quantities(text: str, about: str = "") -> Quantities:
    """All quantities of a text; `about` (a label or heading) helps where a clause does not say what is meant."""
    text, about = with_digits(text), about[:_LONGEST_ABOUT]
    if _DIGIT.search(text) is None:
        return (), ()
    found: list[Quantity] = []
    failed: list[Unreadable] = []
    if len(text) > LONGEST:
        why = f"the text has {len(text):,} characters, and figures are read in the first {LONGEST:,}"
        failed.append(Unreadable(0, 40, why, "break the text into several demands"))
        text = text[:LONGEST]
    taken = 0
    for figure in figures_in(text, about):
        if figure.end <= taken:
            continue
        if len(found) + len(failed) >= _MOST_FIGURES:
            if len(text) < LONGEST:
                why = f"the text has more than {_MOST_FIGURES} figures, and only the first of them are read"
                failed.append(Unreadable(figure.begin, figure.end, why, "break the text into several demands"))
            break
        item = _read(figure)
        if isinstance(item, Quantity):
            found.append(item)
            taken = item.end
        elif item is not None:
            failed.append(item)
    return under_circumstances(found, text), tuple(failed)


def _read(figure: Figure) -> Quantity | Unreadable | None:
    share = _share_of_many(figure)
    if share is not None:
        return share
    unit = figure.known_unit or _unit_of_other_end(figure)
    if (
        unit is not None
        and unit.needs
        and not any(re.search(unit.needs, place, re.IGNORECASE) for place in figure.places)
    ):
        unit = None
    if unit is None:
        return _without_unit(figure)
    if unit.dimension == "size" and not figure.comparator and not figure.has_plus and _names_gpu(figure):
        return None
    if unit.dimension == "ratio" and SHARE.match(figure.string, figure.end) and _TIME_FIGURE.search(figure.places[-2]):
        return None
    if unit.dimension == "count":
        return _count(figure, unit)
    if unit.scaled:
        if not any(_OF_CONTEXT.search(place) for place in (*figure.near, figure.unit)):
            return None
        note = f"{figure.number}K of context is read as {figure.value * KIBI:,.0f} tokens"
        return complete(figure, replace(unit, factor=KIBI), [note])
    return complete(figure, unit, [unit.note] if unit.note else [])


def _share_of_many(figure: Figure) -> Quantity | None:
    """`fewer than 1 in 1000 requests fails` as a share of requests, None where a figure is none."""
    found = _OF_MANY.match(figure.string, figure.begin + _number_at(figure))
    if found is None or not figure.comparator or not any(_OUTCOME.search(place) for place in figure.near):
        return None
    many = _MANY.get(found["many"].lower()) or float(found["many"].replace(",", ""))
    if many < _FEWEST or figure.value > many:
        return None
    written = replace(figure, end=found.end(), unit=" ".join(found[0].split()), tail="")
    return complete(written, Unit("%", "ratio", factor=100 / many), [])


def _number_at(figure: Figure) -> int:
    """How far behind a figure's begin its number ends, past its comparator."""
    return figure.string.index(figure.number, figure.begin) + len(figure.number) - figure.begin


def _unit_of_other_end(figure: Figure) -> Unit | None:
    """The unit that `between 4 and 8 GB` writes once, None where a figure is not the first of two such."""
    if not re.search(r"\bbetween\s+$", figure.string[max(0, figure.begin - 20) : figure.begin], re.IGNORECASE):
        return None
    if not re.match(r"\s+and\s+\d", figure.string[_number_at(figure) + figure.begin :]):
        return None
    other = next(figures_in(figure.string[_number_at(figure) + figure.begin :], ""), None)
    return other.known_unit if other is not None else None


def _names_gpu(figure: Figure) -> bool:
    """Whether a size is part of a GPU's name: `2x A100 80GB`, `80 GB H100`."""
    before = figure.string[max(0, figure.begin - 60) : figure.begin]
    return _PRODUCT_BEFORE.search(before) is not None or bool(_PRODUCT_AFTER.match(figure.string, figure.end))


def _without_unit(figure: Figure) -> Quantity | Unreadable | None:
    comparator, tail = figure.comparator, figure.tail or figure.unit
    after = figure.end + len(figure.tail) + (0 if figure.is_glued else 1) if figure.tail else figure.end
    if figure.tail and figure.is_glued and comparator:
        return Unreadable(figure.begin, after, f"{tail!r} is no unit that is known here", _KNOWN_UNITS)
    is_after = AFTER.match(figure.string, figure.end) is not None
    if (
        comparator
        or figure.is_approximate
        or is_after
        or LEAD.search(figure.string, max(0, figure.begin - 60), figure.begin)
    ):
        for pattern, (name, dimension) in COUNTED.among(figure.holds):
            if any(pattern.search(place) for place in figure.near):
                return complete(figure, Unit(name, dimension), [])
    if is_version(figure.string, figure.begin, figure.end):
        return None
    if comparator and not comparator[0].isalpha() and comparator != "=":
        why = "a limit without a unit, and nothing says what it counts"
        return Unreadable(figure.begin, figure.end, why, _KNOWN_UNITS)
    if not tail or figure.high or _COUNTS.match(tail) or not any(map(_MEASURED.search, figure.near)):
        return None
    if figure.stands_by_another():
        return None
    return Unreadable(
        figure.begin, min(after, len(figure.string)), f"{tail!r} is no unit that is known here", _KNOWN_UNITS
    )


def _count(figure: Figure, unit: Unit) -> Quantity | None:
    """Things that are counted: a concurrency where they come at once."""
    at_once = (
        r"\bconcurren|\bsimultan|\bin parallel\b|\bat (?:once|a time|the same time|any (?:one )?time|one time)\b"
        r"|\bside by side\b|\bin (?:flight|progress)\b|\bbeing (?:written|generated|answered|processed)\b"
    )
    if any(re.search(at_once, place, re.IGNORECASE) for place in figure.near):
        return complete(figure, Unit("requests", "concurrency"), [])
    if unit.spelling == "requests":
        return None
    return complete(figure, unit, [])
