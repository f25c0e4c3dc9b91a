"""Server metrics of a load run compared with the client's counts, or why they differ.

Nothing but the run is sent between the two readings that are compared: what Signoff asks of a server besides (the
list of models, a probe, the requests before the run) comes before the first, and reading metrics is no completion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from signoff.perf.client.exchange import Exchange, outcomes
from signoff.perf.server_side import server_metrics
from signoff.perf.server_side.cache_rate import CacheRate, cache_rate
from signoff.perf.server_side.exposition import Samples, began_again, increase
from signoff.perf.server_side.scrape import Reading, Scraped
from signoff.perf.server_side.server_metrics import Count


@dataclass(frozen=True, slots=True)
class Point:
    """One reading, `t_s` from the start of the run; None for what the server does not report."""

    t_s: float
    running: float | None
    waiting: float | None
    kv_cache: float | None
    """The share that is used, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One count of both sides; `client` or `server` is None if that side does not report it."""

    what: str
    client: int | None
    server: int | None
    metric: str

    @property
    def agrees(self) -> bool | None:
        """None if there is nothing to compare."""
        return None if self.client is None or self.server is None else self.client == self.server


@dataclass(frozen=True, slots=True)
class Totals:
    """What the server counted during the run, by its own words; tokens with those of abandoned requests."""

    requests: dict[str, int]
    prompt_tokens: int | None
    generated_tokens: int | None
    preemptions: int | None
    tokens_per_step: float | None


@dataclass(frozen=True, slots=True)
class ServerSide:
    """The server's side of a run. Where `problem` says why there is none, all else is empty."""

    url: str
    problem: str
    readings: int = 0
    missed: int = 0
    longest_ms: float = 0.0
    cpu_s: float = 0.0
    series: tuple[Point, ...] = ()
    totals: Totals | None = None
    cache: CacheRate | None = None
    compared: tuple[Compared, ...] = ()
    notes: tuple[str, ...] = ()
    """Why the two sides may differ, the likeliest first, and what else has to be known."""

    @property
    def agrees(self) -> bool | None:
        """Whether all that could be compared is equal; None if nothing could."""
        found = [each.agrees for each in self.compared if each.agrees is not None]
        return all(found) if found else None

    def most(self, name: str) -> float | None:
        """The largest `running`, `waiting` or `kv_cache` of the series."""
        return max((value for point in self.series if (value := getattr(point, name)) is not None), default=None)

    def as_record(self) -> dict[str, Any]:
        """Plain JSON."""
        compared = [{**asdict(each), "agrees": each.agrees} for each in self.compared]
        most = {name: self.most(name) for name in ("running", "waiting", "kv_cache")}
        return {**asdict(self), "compared": compared, "agrees": self.agrees, "most": most}


def server_side(scraped: Scraped, exchanges: Sequence[Exchange], started_ns: int) -> ServerSide:
    """The record of a run whose first request was due at `started_ns`."""
    if scraped.problem:
        return ServerSide(scraped.url, scraped.problem, len(scraped.readings), scraped.missed, scraped.longest_ms)
    readings = scraped.readings
    every = [reading.samples for reading in readings]
    restarts = [after.t_ns for before, after in pairwise(readings) if began_again(before.samples, after.samples)]
    # What came before the run is none of its work, and the server was looked at until it was idle.
    first = max((at for at, each in enumerate(readings) if each.t_ns <= started_ns), default=0)
    counted = increase(every[first:])
    compared = _compared(counted, exchanges)
    return ServerSide(
        url=scraped.url,
        problem="",
        readings=len(readings),
        missed=scraped.missed,
        longest_ms=scraped.longest_ms,
        cpu_s=scraped.cpu_s,
        series=tuple(_point(reading, started_ns) for reading in readings[first:]),
        totals=_totals(counted),
        cache=None if restarts else cache_rate(every[first], every[-1]),
        compared=compared,
        notes=(
            *_restarted(restarts, started_ns),
            *_reasons(compared, exchanges, scraped, every[first], bool(restarts)),
        ),
    )


def _point(reading: Reading, started_ns: int) -> Point:
    samples = reading.samples
    values = (server_metrics.running(samples), server_metrics.waiting(samples), server_metrics.kv_cache(samples))
    return Point(round((reading.t_ns - started_ns) / 1e9, 3), *values)


def _totals(counted: Samples) -> Totals:
    prompt, generated = (server_metrics.all_tokens(counted, kind) for kind in ("prompt", "generated"))
    preempted, per_step = server_metrics.preemptions(counted), server_metrics.tokens_per_step(counted)
    return Totals(
        requests={how: round(value) for how, value in sorted(server_metrics.requests(counted)[1].items()) if value},
        prompt_tokens=_whole(prompt),
        generated_tokens=_whole(generated),
        preemptions=None if preempted is None else round(preempted),
        tokens_per_step=None if per_step is None else round(per_step, 3),
    )


def _compared(counted: Samples, exchanges: Sequence[Exchange]) -> tuple[Compared, ...]:
    good = [each for each in exchanges if each.ok]
    rows = (
        ("requests", len(good), server_metrics.ended_well(counted)),
        ("prompt tokens", _sum([each.prompt_tokens for each in good]), _tokens(counted, "prompt")),
        ("generated tokens", _sum([each.completion_tokens for each in good]), _tokens(counted, "generated")),
    )
    return tuple(Compared(what, ours, _whole(theirs), theirs.metric if theirs else "") for what, ours, theirs in rows)


def _tokens(counted: Samples, kind: str) -> Count | None:
    return server_metrics.answered_tokens(counted, kind)


def _sum(tokens: Sequence[int | None]) -> int | None:
    """None if an answer did not report its tokens: the rest of them says nothing of the whole."""
    known = [each for each in tokens if each is not None]
    return sum(known) if len(known) == len(tokens) else None


def _whole(count: Count | None) -> int | None:
    return None if count is None else round(count.value)


def _restarted(restarts: Sequence[int], started_ns: int) -> tuple[str, ...]:
    if not restarts:
        return ()
    when = f"{(restarts[0] - started_ns) / 1e9:.0f} s into the run"
    said = (
        f"the server's counters began again {when}: it was restarted, and what it counted just before may be missing"
        if len(restarts) == 1
        else f"the server's counters began again {len(restarts)} times, first {when}: it was restarted, or several "
        "processes answer in turn at this address"
    )
    return (said,)


def _reasons(
    compared: Sequence[Compared], exchanges: Sequence[Exchange], scraped: Scraped, before: Samples, restarted: bool
) -> tuple[str, ...]:
    """The likely reasons of differences, and why something could not be compared."""
    found: list[str] = []
    surplus = [each.server - each.client for each in compared if each.server is not None and each.client is not None]
    more, fewer = any(each > 0 for each in surplus), any(each < 0 for each in surplus)
    if more or fewer:
        failed = {kind: count for kind, count in outcomes(exchanges).items() if kind != "ok"}
        if failed and more:
            kinds = ", ".join(f"{count} {kind}" for kind, count in failed.items())
            found.append(f"requests that failed here ({kinds}) may have ended well there, and their tokens count")
        under_way = (server_metrics.running(before) or 0) + (server_metrics.waiting(before) or 0)
        if under_way and more:
            found.append(f"{under_way:g} other or earlier requests were in progress when the run began")
        if not scraped.settled:
            found.append("the server was not at rest two seconds after the run: it still counts, or others use it")
        if more:
            found.append("others may have used the server during the run")
        if fewer and not restarted:
            found.append("these may be the metrics of one of several servers, or something in front of it answered")
    good = sum(each.ok for each in exchanges)
    untold = sum(each.ok and (each.prompt_tokens is None or each.completion_tokens is None) for each in exchanges)
    if untold:
        found.append(f"{untold} of {good} answers did not report their tokens, so tokens are not compared")
    return tuple(found)
