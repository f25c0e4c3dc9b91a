"""Shards of a run: each worker's part of one schedule, its result, and the merged run.

The schedule is made by each worker from the plan and its seed; worker k of n carries the positions k, k + n, ...
How a plan reaches a worker and its records come back is not decided here: perf/load/load_process.py does it by pipes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import ClientUse, judge_client
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.plan import LoadPlan


@dataclass(frozen=True, slots=True)
class Shard:
    """Worker `number` of `of`."""

    number: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.number < self.of:
            raise ValueError(f"shard {self.number} of {self.of}: numbers count from 0")

    def positions(self, requests: int) -> range:
        """The numbers of the requests that this worker sends."""
        return range(self.number, requests, self.of)

    def in_flight(self, closed_loop: int) -> int:
        """This worker's share of a closed loop."""
        return len(self.positions(closed_loop))


@dataclass(frozen=True, slots=True)
class ShardResult:
    """What one worker reports at its end, beside its exchanges. `sent` counts the requests that it began."""

    shard: Shard
    started_ns: int
    sent: int
    use: ClientUse
    interrupted: bool = False

    def as_record(self) -> dict[str, Any]:
        return {"record": "shard", **asdict(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ShardResult:
        """Raises KeyError, TypeError if it is none."""
        values = {name: value for name, value in record.items() if name != "record"}
        values["shard"] = Shard(**values["shard"])
        values["use"] = ClientUse.from_record(values["use"])
        return cls(**values)


def merge(
    plan: LoadPlan,
    exchanges: Sequence[Exchange],
    results: Sequence[ShardResult],
    *,
    started_ns: int,
    interrupted: bool = False,
    flaw: str = "",
) -> LoadRun:
    """The run that all workers made together: the union of their exchanges, and one judgement of the client.

    `flaw` is why the run is not whole (a lost worker); it makes the run invalid. Raises PlanInvalid.
    """
    interrupted = interrupted or any(each.interrupted for each in results)
    planned = sum(each.sent for each in results) if plan.closed_loop else len(plan.offsets_ns())
    ordered = tuple(sorted(exchanges, key=lambda each: (each.intended_ns, each.sequence)))
    health = judge_client(
        ordered,
        planned,
        limit_ms=plan.limit_ms,
        figure=plan.figure,
        uses=[each.use for each in sorted(results, key=lambda each: each.shard.number)],
        interrupted=interrupted,
        flaw=flaw,
        judged_apart=plan.judged_apart,
    )
    return LoadRun(plan, started_ns, ordered, health, interrupted, planned)
