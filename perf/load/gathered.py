"""One run from the reports of its workers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from signoff.perf import errors
from signoff.perf.client.exchange import Exchange
from signoff.perf.errors import LoadProcessDied, PerfError
from signoff.perf.load.load_run import LoadProgress, LoadRun
from signoff.perf.load.plan import LoadPlan
from signoff.perf.load.shards import ShardResult, merge

GIVE_UP_AFTER: Final = 20
HOPELESS: Final = frozenset(
    "refused unreachable tls redirect malformed http_400 http_401 http_403 http_404 http_405 http_422".split()
)
"""Outcomes that stay for a whole run if all first requests end so."""
SILENCE_S: Final = 90.0
LEAST_UNANSWERED: Final = 3
"""A server that ends no request for this time except by time-out, with this number waiting, is frozen."""


class GivenUp(Exception):
    """All first requests failed in the same way, or the server no longer answers."""


class Gathered:
    """The workers' reports so far."""

    def __init__(
        self,
        plan: LoadPlan,
        on_record: Callable[[Exchange], None] | None,
        on_progress: Callable[[LoadProgress], None] | None,
        give_up: bool,
        silence_s: float | None = None,
    ) -> None:
        self.plan = plan
        self.on_record = on_record
        self.on_progress = on_progress
        self.exchanges: list[Exchange] = []
        self.results: dict[int, ShardResult] = {}
        self.progress: dict[int, LoadProgress] = {}
        self.started_ns = 0
        self.interrupted = False
        self.error: PerfError | None = None
        self.flaw = ""
        self._give_up = give_up
        if silence_s is None and give_up:
            silence_s = max(SILENCE_S, plan.timeout_s)
        self._silence_s = silence_s
        self._heard_ns = 0
        self._timed_out = 0

    @property
    def broken_off(self) -> bool:
        """Whether the run was ended early, so that a worker without a result is not an error."""
        return self.interrupted or bool(self.flaw)

    def take(self, number: int, record: Mapping[str, Any]) -> None:
        kind = record.get("record")
        if kind == "exchange":
            exchange = Exchange.from_record(record)
            self.exchanges.append(exchange)
            if exchange.outcome == "timeout":
                self._timed_out += 1
            else:
                self._heard_ns, self._timed_out = max(self._heard_ns, exchange.finished_ns), 0
            if self.on_record is not None:
                self.on_record(exchange)
            if self._give_up:
                self._look_for_hope(exchange)
        elif kind == "progress":
            self.progress[number] = LoadProgress.from_record(record)
            progress = _sum(list(self.progress.values()))
            if self.on_progress is not None:
                self.on_progress(progress)
            self._listen(progress.in_flight)
        elif kind == "shard":
            self.results[number] = ShardResult.from_record(record)
        elif kind == "error":
            error = getattr(errors, record["kind"], PerfError)
            self.error = self.error or error(record["message"], record["mend"])

    def lost(self, number: int, workers: int, status: int | None, complaint: str) -> None:
        """Notes that a worker ended without its result."""
        if not self.started_ns:
            self.error = LoadProcessDied(
                f"the process that was to run the load ended with status {status} before the start",
                complaint or "it may have been killed: check the memory of this machine",
            )
            return
        of = f"worker {number + 1} of {workers} was lost" if workers > 1 else "the process that ran the load was lost"
        self.flaw = f"{of} (status {status}) after {len(self.exchanges)} records of the run" + (
            f": {complaint.splitlines()[-1]}" if complaint else ""
        )

    def run(self) -> LoadRun:
        if self.error is not None:
            raise self.error
        started_ns = self.started_ns or time.monotonic_ns()
        results = list(self.results.values())
        flaw = self.flaw or not_of_schedule(self.plan, self.exchanges, started_ns)
        return merge(self.plan, self.exchanges, results, started_ns=started_ns, interrupted=self.interrupted, flaw=flaw)

    def _listen(self, in_flight: int) -> None:
        """Gives up the run if no response arrives for too long."""
        silent_s = (time.monotonic_ns() - max(self._heard_ns, self.started_ns)) / 1e9
        if self._silence_s is None or not self.started_ns or silent_s < self._silence_s:
            return
        unanswered = self._timed_out + in_flight
        if unanswered >= LEAST_UNANSWERED:
            self._silence_s, self._give_up = None, False
            self.flaw = f"given up: the server answered nothing for {silent_s:.0f} s, {unanswered} requests waited"
            raise GivenUp

    def _look_for_hope(self, exchange: Exchange) -> None:
        if exchange.outcome not in HOPELESS or len(self.exchanges) > GIVE_UP_AFTER:
            self._give_up = False
        elif len(self.exchanges) == GIVE_UP_AFTER:
            self._give_up = False
            kinds = {each.outcome for each in self.exchanges}
            if len(kinds) == 1:
                self.flaw = f"given up: the first {GIVE_UP_AFTER} requests all ended as {exchange.outcome}" + (
                    f" ({exchange.error})" if exchange.error else ""
                )
                raise GivenUp


def not_of_schedule(plan: LoadPlan, exchanges: Sequence[Exchange], started_ns: int) -> str:
    """The first record outside the schedule or duplicate; "" if each request has at most one at its time."""
    offsets = plan.offsets_ns()
    seen: set[int] = set()
    for each in exchanges:
        if each.sequence in seen:
            return f"request {each.sequence} came back twice: the workers did not run the same schedule"
        seen.add(each.sequence)
        if plan.closed_loop:
            continue
        if not 0 <= each.sequence < len(offsets) or each.intended_ns - started_ns != offsets[each.sequence]:
            return f"request {each.sequence} is not at its time: a worker ran another schedule"
    return ""


def _sum(parts: list[LoadProgress]) -> LoadProgress:
    """The progress of all workers together."""
    good = [(each.finished - each.failed, each.mean_latency_ms) for each in parts]
    finished_well = sum(count for count, _ in good)
    total_ms = sum(count * (mean or 0.0) for count, mean in good)
    return replace(
        parts[-1],
        elapsed_s=max(each.elapsed_s for each in parts),
        planned=sum(each.planned for each in parts),
        sent=sum(each.sent for each in parts),
        finished=sum(each.finished for each in parts),
        failed=sum(each.failed for each in parts),
        in_flight=sum(each.in_flight for each in parts),
        mean_latency_ms=round(total_ms / finished_well, 3) if finished_well else None,
    )
