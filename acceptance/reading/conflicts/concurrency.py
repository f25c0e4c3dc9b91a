"""Rate, latency and concurrency that Little's law forbids together: requests at once = rate x latency."""

from __future__ import annotations

from collections.abc import Iterator

from acceptance.criterion import Criterion
from acceptance.reading.conflicts.corpus import Corpus, number
from acceptance.reading.conflicts.limit_claims import Claim, claims
from acceptance.reading.conflicts.page import Page, conflict
from acceptance.reading.document import Command, Conflict

KIND = "concurrency"
_CAPS = ("max_num_seqs", "max_concurrent_requests", "max_concurrent", "max_concurrency")


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Caps that the rate and latency of a service exceed, and benchmarks that cannot show the rate they are for."""
    stated = [claim for claim in claims(corpus) if not any(claim.key[2:]) and not claim.variant]
    rates = [claim for claim in stated if claim.subject == "throughput" and claim.comparator in (">", ">=")]
    delays = [claim for claim in stated if claim.subject == "latency" and claim.key[1] == "mean"]
    yield from _caps(corpus, rates, delays)
    for page in corpus.pages:
        yield from _benchmarks(corpus, page, delays)


def _caps(corpus: Corpus, rates: list[Claim], delays: list[Claim]) -> Iterator[Conflict]:
    owners = dict.fromkeys(claim.owner for claim in rates)
    for owner in owners:
        mine = [claim for claim in rates if claim.owner == owner]
        slow = [claim for claim in delays if claim.owner == owner]
        if not slow:
            continue
        # The mildest reading decides: the lowest rate at the shortest latency that any document states.
        rate, delay = min(claim.value for claim in mine), min(claim.value for claim in slow)
        caps = [
            (owned, cap)
            for owned in corpus.named(*_CAPS)
            if owned.owner == owner and (cap := number(owned.value)) is not None and cap < rate * delay * 0.999
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


def _benchmarks(corpus: Corpus, page: Page, delays: list[Claim]) -> Iterator[Conflict]:
    """`ab -c 10` keeps 10 requests in flight: at the latency that is allowed it shows at most 10 / latency."""
    for criterion, command in _under_ab(page):
        limit = criterion.threshold
        owner = corpus.speaks_of(page, criterion)
        allowed = [claim for claim in delays if claim.owner == owner and claim.place[0] is page]
        if limit is None or limit.comparator not in (">", ">=") or not allowed:
            continue
        delay, at_once = min(claim.value for claim in allowed), command.details["concurrency"]
        if at_once / delay < limit.value:
            strictest = next(claim for claim in allowed if claim.value == delay)
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
