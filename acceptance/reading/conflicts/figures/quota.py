"""Rates, availability, error rates and replicas of the text against the settings that hold them.

Only what one document says once is compared: figures for each of several routes, keys or services are several things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "limit"
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_RATE = re.compile(
    r"^(?=.*(?:limit|max|throttle))(?!.*(?:token|login|burst|bandwidth|byte|retr|error))(?:\w+_)?"
    r"(?:per_(?P<per>s|m|h|d)(?:ec|econd|in|inute|our|ay)?|rp(?P<short>[smhd]))(?:_limit|_max)?$"
)
_SHARE = re.compile(
    r"(?:^|[._])(?P<what>availability|uptime|error_?rate|error_?ratio)(?:[._](?:slo|target|objective|goal|threshold|max"
    r"|limit|min|percent|pct))*$"
)
_OF_OTHERS = re.compile(r"redis|database|postgres|(?:^|[._])db|cache|queue|broker|storage|upstream|vendor|provider")
_TRIGGER = re.compile(r"alert|warn|burn|page|notif|circuit|breaker|canary|rollback|abort", re.IGNORECASE)
# A figure for a part of the requests is no figure for all of them.
_PART = re.compile(r"(?<![\w.])/[a-z]\w*|\b(?:per|each|every|burst|peak|batch|premium|free|admin)\b", re.IGNORECASE)
_PER_WHOM = re.compile(r"\bper\s+(?:second|minute|hour|day|client|user|key|token|ip|caller|s|min)\b", re.IGNORECASE)
_REPLICAS = re.compile(
    r"(?P<before>\b(?:at least|min(?:imum)?(?: of)?|at most|up to|max(?:imum)?(?: of)?|of|to|from|between|another"
    r"|more|each|-)\s+)?(?<![\w.])(?P<count>\d{1,4}|two|three|four|five|six|eight)\s+"
    r"(?:healthy |running |ready )?replicas\b",
    re.IGNORECASE,
)
_WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "eight": 8}
_SCALES = re.compile(r"autoscal|minreplicas|maxreplicas|scaledobject|--replicas|\bscal(?:e|es|ed|ing)\b")


@dataclass(frozen=True, slots=True)
class _Stated:
    values: frozenset[float]
    place: Place
    pairs: tuple[Pair, ...]


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Per document, each quantity of which text and settings each give one value, and not the same."""
    for page in corpus.pages:
        mine = corpus.settings_of(page)
        if not mine:
            continue
        for subject, unit, reads in _SUBJECTS:
            set_to = [stated for owned in mine if (stated := _setting(owned, reads)) is not None]
            if set_to and _one(set_to):
                said = list(_said(corpus, page, subject))
                if said and said[0].values and _one(said) and not said[0].values & set_to[0].values:
                    yield _conflict(subject, unit, said, set_to)
        yield from _replicas(corpus, page, mine)


def _one(stated: list[_Stated]) -> bool:
    return all(item.values == stated[0].values for item in stated)


def _conflict(subject: str, unit: str, said: list[_Stated], set_to: list[_Stated]) -> Conflict:
    both = [*said, *set_to]
    shown = subject.replace("_", " ")
    first, second = (" or ".join(f"{value:g}" for value in sorted(item[0].values)) for item in (said, set_to))
    return conflict(
        KIND,
        subject,
        [stated.place for stated in both],
        f"the text states {first}{unit} as {shown}, the settings {second}{unit}: the service keeps what is set",
        [pair for stated in both for pair in stated.pairs],
    )


def _setting(owned: Owned, reads: Callable[[str, str, float], frozenset[float]]) -> _Stated | None:
    value = number(owned.value)
    spelling = owned.setting.spelling.lower()
    if value is None or owned.variant or _TRIGGER.search(spelling) or _OF_OTHERS.search(spelling):
        return None
    values = reads(owned.name, spelling, value)
    place = owned.page.side(owned.setting.line, owned.value, owned.setting.spelling)
    return _Stated(values, place, owned.page.criteria_of(owned.setting)) if values else None


def _said(corpus: Corpus, page: Page, subject: str) -> Iterator[_Stated]:
    for criterion in page.document.criteria:
        limit = criterion.threshold
        if limit is None or limit.subject != subject or criterion.statement == "config":
            continue
        # Without a comparator of its own a row under "Expected" has taken its figure from elsewhere.
        if corpus.variant(page, criterion.line) is None or any(map(_elsewhere, criterion.assumptions)):
            continue
        if criterion.parameters.get("load") or criterion.parameters.get("population"):
            continue
        value = frozenset({float(f"{_scaled(criterion):.6g}")})
        pairs = ((page.path, criterion.id),) if criterion.judge == "machine" else ()
        whole = _PART.search(_PER_WHOM.sub("", criterion.text)) is None
        shown = f"{limit.value:g} {limit.unit}"
        if whole and re.search(r"\d", criterion.text):
            yield _Stated(value, page.side(criterion.line, shown, criterion.text), pairs)
        elif not whole:
            yield _Stated(frozenset(), page.side(criterion.line, shown, criterion.text), pairs)


def _elsewhere(assumption: str) -> bool:
    return assumption.startswith("no figure is stated here")


def _scaled(criterion: Criterion) -> float:
    limit = criterion.threshold
    assert limit is not None
    return limit.value if limit.unit == "%" else limit.base()[0]


def _rate(name: str, spelling: str, value: float) -> frozenset[float]:
    leaf = spelling.rsplit(".", 1)[-1]
    match = _RATE.match(leaf)
    if match is None:
        return frozenset()
    return frozenset({float(f"{value / _SECONDS[match['per'] or match['short']]:.6g}")})


def _share(what: str) -> Callable[[str, str, float], frozenset[float]]:
    def values(name: str, spelling: str, value: float) -> frozenset[float]:
        match = _SHARE.search(spelling)
        if match is None or not match["what"].startswith(what):
            return frozenset()
        if spelling.endswith(("percent", "pct")):
            return frozenset({value})
        # 0.5 may be a share or half a percent: whoever reads it either way is believed.
        share = float(f"{value * 100:.6g}")
        return frozenset({value, share} if what == "error" else {share if value <= 1 else value})

    return values


_SUBJECTS: tuple[tuple[str, str, Callable[[str, str, float], frozenset[float]]], ...] = (
    ("rate_limit", " requests/s", _rate),
    ("availability", " %", _share("availability")),
    ("availability", " %", _share("uptime")),
    ("error_rate", " %", _share("error")),
)


def _replicas(corpus: Corpus, page: Page, mine: list[Owned]) -> Iterator[Conflict]:
    """Replicas of the one deployment of a document; what scales has no fixed number."""
    set_to = [owned for owned in mine if owned.name == "replicas" and number(owned.value) is not None]
    if len(set_to) != 1 or set_to[0].variant or _SCALES.search(page.lower):
        return
    said: list[tuple[Criterion, int]] = []
    for criterion in page.document.criteria:
        if criterion.statement == "config" or "replicas" not in criterion.text.lower():
            continue
        for match in _REPLICAS.finditer(criterion.text):
            if match["before"] or corpus.variant(page, criterion.line) != set_to[0].variant:
                return
            count = match["count"].lower()
            said.append((criterion, _WORDS.get(count) or int(count)))
    if not said or len({count for _, count in said}) != 1 or said[0][1] == number(set_to[0].value):
        return
    setting = set_to[0].setting
    yield conflict(
        "configuration",
        "replicas",
        [
            *(page.side(criterion.line, count, criterion.text) for criterion, count in said),
            page.side(setting.line, setting.value, setting.spelling),
        ],
        f"the text demands {said[0][1]} replicas, the manifest runs {setting.value}: one of the two is not kept",
        [
            *((page.path, criterion.id) for criterion, _ in said if criterion.judge == "machine"),
            *page.criteria_of(setting),
        ],
    )
