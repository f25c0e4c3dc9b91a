"""A load run: its plan, its exchanges, and the state of the client."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from signoff.perf.client.exchange import Exchange, latencies_ms, outcomes
from signoff.perf.load.client_validity import ClientHealth
from signoff.perf.load.plan import LoadPlan


@dataclass(frozen=True, slots=True)
class LoadProgress:
    """Progress of a run. `mean_latency_ms` covers successful requests, None before the first."""

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
    """A completed run, in order of intended time. `started_ns` is the origin of all offsets."""

    plan: LoadPlan
    started_ns: int
    exchanges: tuple[Exchange, ...]
    health: ClientHealth
    interrupted: bool = False
    planned: int | None = None
    """The number of scheduled requests; in a closed loop, of started ones. None in older records."""

    @property
    def valid(self) -> bool:
        """Whether figures of this run may be judged."""
        return self.health.valid

    @property
    def reason(self) -> str:
        """The reason if it is not valid."""
        return self.health.reason

    @property
    def given_up(self) -> bool:
        """Whether it was ended early because of a hopeless server."""
        return self.reason.startswith("given up")

    @property
    def unanswered_at_its_end(self) -> int:
        """The number of consecutive last requests without an answer until the time-out."""
        return next(
            (count for count, each in enumerate(reversed(self.exchanges)) if each.outcome != "timeout"),
            len(self.exchanges),
        )

    @property
    def achieved_per_second(self) -> float:
        """Successful completions per second, in a window of the run's length that begins with the first of them.

        So a server that keeps up achieves the generated rate, regardless of its latency.
        """
        ends_ns = sorted(each.finished_ns for each in self.exchanges if each.ok)
        if not ends_ns:
            return 0.0
        lasted_ns = round(self.lasted_s * 1e9)
        return sum(end_ns - ends_ns[0] <= lasted_ns for end_ns in ends_ns) / self.lasted_s

    @property
    def lasted_s(self) -> float:
        """The planned duration, or the time until the last record of an interrupted run."""
        if not self.interrupted or not self.exchanges:
            return self.plan.duration_s
        end_ns = max(each.finished_ns for each in self.exchanges)
        return min(self.plan.duration_s, max(1e-3, (end_ns - self.started_ns) / 1e9))

    @property
    def offered_per_second(self) -> float | None:
        """The planned rate; the mean of ramps, steps and traces; None for a closed loop."""
        match self.plan.arrivals:
            case "closed_loop":
                return None
            case "constant" | "poisson":
                return self.plan.rate_per_second
            case _:
                return len(self.plan.offsets_ns()) / self.plan.duration_s

    def schedule_sha256(self) -> str | None:
        """Digest of the executed schedule: a line of number and offset in ns for each request, in order.

        It comes from the records, not from the plan, so equal digests for any number of workers are a result.
        None for a closed loop, which has no schedule.
        """
        if self.plan.arrivals == "closed_loop":
            return None
        digest = hashlib.sha256()
        for each in sorted(self.exchanges, key=lambda each: each.sequence):
            digest.update(b"%d %d\n" % (each.sequence, each.intended_ns - self.started_ns))
        return digest.hexdigest()

    def late(self, over_ms: float = 1.0) -> list[tuple[int, float]]:
        """(number, ms) of requests later than this, the latest first."""
        lags = [(each.sequence, (each.send_lag_ns or 0) / 1e6) for each in self.exchanges]
        return sorted(((number, ms) for number, ms in lags if ms > over_ms), key=lambda each: -each[1])

    def of_body(self, body: Mapping[str, Any]) -> LoadRun:
        """The part of the run with bodies that have these fields; all of it if the plan has no bodies."""
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
        """The number of requests by outcome."""
        return outcomes(self.exchanges)

    def arrivals_s(self) -> list[float]:
        """The due times."""
        return [(each.intended_ns - self.started_ns) / 1e9 for each in self.exchanges]

    def completions_s(self, *, client_on_time: bool = False) -> list[float]:
        """The end times of successful completions, or when they would have ended without the lateness of the sends."""
        late_ns = [(each.send_lag_ns or 0) if client_on_time else 0 for each in self.exchanges]
        ends_ns = zip(self.exchanges, late_ns, strict=True)
        return [(each.finished_ns - late - self.started_ns) / 1e9 for each, late in ends_ns if each.ok]

    def as_records(self) -> Iterator[dict[str, Any]]:
        """Plain JSON: the plan, each exchange, the client's health."""
        yield {**self.plan.as_record(), "started_ns": self.started_ns}
        for each in self.exchanges:
            yield each.as_record()
        yield {**self.health.as_record(), "interrupted": self.interrupted, "planned": self.planned}

    @classmethod
    def from_records(cls, records: Iterable[Mapping[str, Any]]) -> LoadRun:
        """The run of stored records. Raises ValueError if the plan or the client's record is missing."""
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
            raise ValueError("not a complete load run: the record of the plan or of the client is missing")
        started_ns = plan.pop("started_ns")
        interrupted = client.pop("interrupted", False)
        planned = client.pop("planned", None)
        exchanges.sort(key=lambda each: (each.intended_ns, each.sequence))
        health = ClientHealth.from_record(client)
        return cls(LoadPlan.from_record(plan), started_ns, tuple(exchanges), health, interrupted, planned)
