"""Limits that can never decide: a percentile looser than a higher one, a warning after the failure, no such value."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from signoff.acceptance.reading.conflicts.evidence.apart import about, apart
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.limit_claims import Claim, claims
from signoff.acceptance.reading.conflicts.evidence.page import conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "threshold"
_RANK = re.compile(r"^p(\d+(?:\.\d+)?)$")
_WARN = re.compile(r"_?(?:warn(?:ing)?)(?=_|$)")
_STOP = re.compile(r"_?(?:crit(?:ical)?|fail(?:ure)?|error|alert|max)(?=_|$)")
_UPWARD = re.compile(r"latenc|memory|cpu|disk_used|usage|error_rate|queue|temperature|response_time|duration|load")
_RANGES = {
    "temperature": (0.0, 2.0),
    "top_p": (0.0, 1.0),
    "coherence_threshold": (0.0, 1.0),
}
_MAX_RANK = 100.0
# How many limits on higher percentiles one is compared with.
_MOST = 50


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Dead limits among the percentiles of one subject, among warnings and failures, and outside of a scale."""
    groups: dict[tuple[str, ...], list[tuple[float, Claim]]] = {}
    for claim in claims(corpus):
        rank = _rank(claim.key[1])
        if rank is not None and claim.comparator in ("<", "<="):
            groups.setdefault((claim.owner, claim.variant, claim.subject, *claim.key[2:]), []).append((rank, claim))
    for ranked in groups.values():
        yield from _dead(sorted(ranked, key=lambda item: item[0]))
    yield from _bands(corpus)
    yield from _scales(corpus)


def _rank(statistic: str) -> float | None:
    match = _RANK.match(statistic)
    return _MAX_RANK if statistic == "max" else float(match[1]) if match else None


def _dead(ranked: list[tuple[float, Claim]]) -> Iterator[Conflict]:
    """p50 < 900 ms beside p95 < 500 ms: whoever keeps the second has kept the first."""
    ranks = [rank for rank, _ in ranked]
    for rank, claim in ranked:
        begin = bisect_right(ranks, rank)
        higher = ranked[begin : begin + _MOST]
        stricter = [other for _, other in higher if other.value < claim.value and _of_one_thing(claim, other)]
        if stricter:
            first = stricter[0]
            yield conflict(
                KIND,
                f"{claim.key[1]} {claim.subject}",
                [claim.place, *(other.place for other in stricter)],
                f"the {claim.key[1]} may reach {claim.place[1].value} where the {first.key[1]} may not exceed "
                f"{first.place[1].value}: the first limit can never be the one that fails",
                [pair for item in (claim, *stricter) for pair in item.pairs],
            )


def _of_one_thing(one: Claim, other: Claim) -> bool:
    page, side = one.place
    other_side = other.place[1]
    if other.place[0] is not page:
        return False
    return not apart(about(page, side.line, side.spelling), about(page, other_side.line, other_side.spelling))


def _bands(corpus: Corpus) -> Iterator[Conflict]:
    """A warning that comes at or after the failure is never seen."""
    stems: dict[tuple[str, str, str], dict[str, Owned]] = {}
    for owned in corpus.settings:
        for kind, pattern in (("warn", _WARN), ("stop", _STOP)):
            if pattern.search(owned.name) and number(owned.value) is not None and _UPWARD.search(owned.name):
                stem = pattern.sub("", owned.name, count=1)
                stems.setdefault((owned.page.path, owned.owner, stem), {}).setdefault(kind, owned)
    for (_, _, stem), band in stems.items():
        if len(band) > 1 and (number(band["warn"].value) or 0) >= (number(band["stop"].value) or 0):
            pair = (band["warn"], band["stop"])
            yield conflict(
                KIND,
                stem.strip("_"),
                [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in pair],
                f"{band['warn'].name} {band['warn'].value} is not below {band['stop'].name} {band['stop'].value}: "
                "the warning comes when it is too late",
                [found for owned in pair for found in owned.page.criteria_of(owned.setting)],
            )


def _scales(corpus: Corpus) -> Iterator[Conflict]:
    for owned in corpus.named(*_RANGES):
        least, most = _RANGES[owned.name]
        value = number(owned.value)
        if value is not None and not least <= value <= most:
            yield conflict(
                KIND,
                owned.name,
                [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling)],
                f"{owned.name} {owned.value} lies outside of {least:g} to {most:g}: an engine refuses it",
                owned.page.criteria_of(owned.setting),
            )
