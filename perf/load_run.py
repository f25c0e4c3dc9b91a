"""A load run: what was planned, what came of each request, and how the client did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from perf.exchange import Exchange, latencies_ms, outcomes
from perf.innocence import ClientHealth
from perf.plan import LoadPlan


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """Where a run stands. `mean_latency_ms` is over the requests that succeeded, None before the first."""

    elapsed_s: float
    duration_s: float
    planned: int
    sent: int
    finished: int
    failed: int
    in_flight: int
    mean_latency_ms: float | None

    def as_record(self) -> dict[str, Any]:
        return {"record": "progress", **asdict(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> LoadProgress:
        return cls(**{name: value for name, value in record.items() if name != "record"})


@dataclass(frozen=True, slots=True)
class LoadRun:
    """A run as it went, in order of intended time. `started_ns` is the time that all offsets count from."""

    plan: LoadPlan
    started_ns: int
    exchanges: tuple[Exchange, ...]
    health: ClientHealth
    interrupted: bool = False

    @property
    def valid(self) -> bool:
        """Whether figures of this run may be judged."""
        return self.health.valid

    @property
    def reason(self) -> str:
        """Why not, where it is not valid."""
        return self.health.reason

    @property
    def achieved_per_second(self) -> float:
        """Good completions within the planned duration, a second."""
        end_ns = self.started_ns + round(self.plan.duration_s * 1e9)
        return sum(each.ok and each.finished_ns <= end_ns for each in self.exchanges) / self.plan.duration_s

    def of_body(self, body: Mapping[str, Any]) -> LoadRun:
        """The share of the run in which a body with these fields was sent; the whole where the plan holds none."""
        bodies = (self.plan.body, *self.plan.more_bodies)
        turns = [turn for turn, each in enumerate(bodies) if body.items() <= each.items()]
        if not turns:
            return self
        own = tuple(each for each in self.exchanges if each.sequence % len(bodies) == turns[0])
        return replace(self, exchanges=own)

    def latencies_ms(self) -> list[float]:
        """In order of intended time, failures charged at the time-out."""
        return latencies_ms(self.exchanges, self.plan.timeout_s * 1e3)

    def outcomes(self) -> dict[str, int]:
        """How many requests ended in which way."""
        return outcomes(self.exchanges)

    def arrivals_s(self) -> list[float]:
        """When each request was due."""
        return [(each.intended_ns - self.started_ns) / 1e9 for each in self.exchanges]

    def completions_s(self) -> list[float]:
        """When each good completion ended."""
        return [(each.finished_ns - self.started_ns) / 1e9 for each in self.exchanges if each.ok]

    def finishes_s(self) -> list[float]:
        """When each request ended, well or not."""
        return [(each.finished_ns - self.started_ns) / 1e9 for each in self.exchanges]

    def as_records(self) -> Iterator[dict[str, Any]]:
        """Plain JSON: the plan, each exchange, the client's health."""
        yield {**self.plan.as_record(), "started_ns": self.started_ns}
        for each in self.exchanges:
            yield each.as_record()
        yield {**self.health.as_record(), "interrupted": self.interrupted}

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> LoadRun:
        """The run of stored records. Raises ValueError where the plan or the client's record is missing."""
        plan: dict[str, Any] | None = None
        client: dict[str, Any] | None = None
        exchanges: list[Exchange] = []
        for record in records:
            kind = record.get("record")
            if kind == "exchange":
                exchanges.append(Exchange.from_record(record))
            elif kind == "plan":
                plan = dict(record)
            elif kind == "client":
                client = dict(record)
        if plan is None or client is None:
            raise ValueError("not a whole load run: the record of the plan or of the client is missing")
        started_ns = plan.pop("started_ns")
        interrupted = client.pop("interrupted", False)
        exchanges.sort(key=lambda each: (each.intended_ns, each.sequence))
        health = ClientHealth.from_record(client)
        return cls(LoadPlan.from_record(plan), started_ns, tuple(exchanges), health, interrupted)
