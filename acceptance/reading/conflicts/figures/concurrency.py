"""Rate, latency and concurrency that Little's law forbids together: requests at once = rate x latency."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.limit_claims import Claim, claims
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.acceptance.reading.source.document import Command
from signoff.reports.stored.conflict import Conflict

KIND = "concurrency"
_CAPS = ("max_num_seqs", "max_concurrent_requests", "max_concurrent", "max_concurrency")

# `up to 50 at once` may be what has to be possible: it is no bound.
_IN_FLIGHT = re.compile(
    r"\b(?:at most|no more than|not more than|max(?:imum)?(?: of)?)\s+(?P<count>\d{1,6})\s+"
    r"(?:concurrent requests|requests (?:in flight|at once|at a time)|in flight)\b",
    re.IGNORECASE,
)
_OF_PART = re.compile(r"\b(?:per|each|every)\s|(?<![\w.])/[a-z]", re.IGNORECASE)
_MEDIAN = re.compile(r"\b(?:p50|median)\b", re.IGNORECASE)
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Caps that the rate and latency of a service exceed, and benchmarks that cannot show the rate they are for."""
    stated = [claim for claim in claims(corpus) if not any(claim.key[2:]) and not claim.variant]
    rates = [claim for claim in stated if claim.subject == "throughput" and claim.comparator in (">", ">=")]
    delays = [claim for claim in stated if claim.subject == "latency" and claim.key[1] == "mean"]
    medians = [claim for claim in stated if claim.subject == "latency" and claim.key[1] == "p50"]
    configured = list(_caps(corpus, rates, delays))
    yield from configured
    configured_lines = {side.line for found in configured for side in found.sides}
    # What the settings break already is not told a second time for the text.
    texts = _in_flight(corpus, stated, rates, delays, medians)
    yield from (found for found in texts if configured_lines.isdisjoint(side.line for side in found.sides))
    by_page = _grouped(delays, lambda claim: claim.place[0].number)
    for page in corpus.pages:
        yield from _benchmarks(corpus, page, by_page.get(page.number, []))


def _caps(corpus: Corpus, rates: list[Claim], delays: list[Claim]) -> Iterator[Conflict]:
    slow_by_owner, capped = _by_owner(delays), _grouped(corpus.named(*_CAPS), lambda owned: owned.owner)
    for owner, mine in _by_owner(rates).items():
        slow = slow_by_owner.get(owner, [])
        if not slow:
            continue
        # The mildest reading decides: the lowest rate at the shortest latency that any document states.
        rate, delay = min(claim.value for claim in mine), min(claim.value for claim in slow)
        caps = [
            (owned, cap)
            for owned in capped.get(owner, [])
            if (cap := number(owned.value)) is not None and cap < rate * delay * 0.999
        ]
        if caps:
            least = min(cap for _, cap in caps)
            places = [owned.page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned, _ in caps]
            places += [claim.place for claim in mine if claim.value == rate and not claim.repeated]
            places += [claim.place for claim in slow if claim.value == delay and not claim.repeated]
            yield conflict(
                KIND,
                f"concurrency of {owner}" if owner in corpus.services else "concurrency",
                places,
                f"{rate:g} requests/s that take up to {delay:g} s each are {rate * delay:g} at once, and {least:g} "
                f"{'is' if least == 1 else 'are'} allowed: at that latency {least / delay:.3g} requests/s are the most",
                [pair for owned, _ in caps for pair in owned.page.criteria_of(owned.setting)]
                + [pair for claim in (*mine, *slow) if claim.value in (rate, delay) for pair in claim.pairs],
            )


def _by_owner(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    return _grouped(claims, lambda claim: claim.owner)


def _by_place(claims: Iterable[Claim]) -> dict[tuple[str, str], list[Claim]]:
    return _grouped(claims, lambda claim: (claim.owner, claim.place[0].path))


def _grouped(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    found: dict[K, list[T]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return found


def _in_flight(
    corpus: Corpus, stated: list[Claim], rates: list[Claim], delays: list[Claim], medians: list[Claim]
) -> Iterator[Conflict]:
    """What a text allows at once beside its rate; a rate that is stated at the median is taken with it."""
    allowed: dict[tuple[str, str], tuple[float, Place, tuple[Pair, ...]]] = {
        (claim.owner, claim.place[0].path): (claim.value, claim.place, claim.pairs)
        for claim in stated
        if claim.subject == "concurrency"
        and claim.comparator in ("<", "<=")
        and claim.statement != "setting"
        and not _OF_PART.search(claim.place[1].spelling)
    }
    for page in corpus.pages:
        for match, line in page.find(_IN_FLIGHT):
            block = page.block(line)
            if block is None or block.kind == "fence" or corpus.variant(page, line) is None or corpus.scopes(page):
                continue
            if _OF_PART.search(page.line(line)):
                continue
            value = float(match["count"])
            allowed.setdefault((corpus.owner(page), page.path), (value, page.side(line, match[0]), ()))
    rates_at, delays_at, medians_at = _by_place(rates), _by_place(delays), _by_place(medians)
    for here, (cap, place, pairs) in allowed.items():
        mine = rates_at.get(here, [])
        at_median = any(_MEDIAN.search(claim.place[1].spelling) for claim in mine)
        slow = (medians_at if at_median else delays_at).get(here, [])
        if not mine or not slow:
            continue
        rate, delay = min(mine, key=lambda claim: claim.value), min(slow, key=lambda claim: claim.value)
        if cap < rate.value * delay.value * 0.999:
            yield conflict(
                KIND,
                "requests in flight",
                [place, rate.place, delay.place],
                f"{rate.value:g} requests/s that take up to {delay.value:g} s each are {rate.value * delay.value:g} at "
                f"once, and {cap:g} are allowed: at that latency {cap / delay.value:.3g} requests/s are the most",
                [*pairs, *rate.pairs, *delay.pairs],
            )


def _benchmarks(corpus: Corpus, page: Page, delays: list[Claim]) -> Iterator[Conflict]:
    """`ab -c 10` keeps 10 requests in flight: at the latency that is allowed it shows at most 10 / latency."""
    strictest_of = {owner: min(mine, key=lambda claim: claim.value) for owner, mine in _by_owner(delays).items()}
    for criterion, command in _under_ab(page):
        limit = criterion.threshold
        owner = corpus.speaks_of(page, criterion)
        strictest = strictest_of.get(owner)
        if limit is None or limit.comparator not in (">", ">=") or strictest is None:
            continue
        delay, at_once = strictest.value, command.details["concurrency"]
        if at_once / delay < limit.value:
            yield conflict(
                KIND,
                "benchmark",
                [
                    page.side(command.line, f"{at_once} at once"),
                    page.side(criterion.line, f"{limit.value:g} {limit.unit}", criterion.text),
                    strictest.place,
                ],
                f"{at_once} requests at once that take the allowed {delay:g} s make {at_once / delay:.3g} requests/s: "
                f"the command shows {limit.value:g} only where they take less than {at_once / limit.value:g} s",
            )


def _under_ab(page: Page) -> Iterator[tuple[Criterion, Command]]:
    commands = {
        statement.line: statement.command
        for statement in page.document.statements
        if statement.command is not None and statement.command.details.get("concurrency")
    }
    for criterion in page.document.criteria:
        command = commands.get(criterion.line)
        if command is not None and criterion.kind == "throughput":
            yield criterion, command
