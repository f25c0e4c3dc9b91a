"""A worker from its master's view."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from signoff.perf.distributed.clock_offset import ClockOffset
from signoff.perf.distributed.joining import Joining


@dataclass(slots=True)
class Member:
    """One worker. `records` counts those of the run at hand, `shift_ns` moves their times to our clock."""

    number: int
    node: str
    joining: Joining
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    asked_ns: int = 0
    clock: ClockOffset = field(default_factory=lambda: ClockOffset(0, 0))
    drift_ns: int | None = None
    shift_ns: int = 0
    records: int = 0
    ready: bool = False
    open: bool = False
    lost: str = ""

    @property
    def name(self) -> str:
        return f"{self.number + 1}, {self.joining.name}"

    def take_clock(self, *, first: bool) -> None:
        """The offset of its clock by the latest answers; later ones show the drift."""
        now = ClockOffset.of(self.samples)
        if first:
            self.clock, self.drift_ns = now, None
        else:
            self.drift_ns = abs(now.offset_ns - self.clock.offset_ns)

    def as_record(self) -> dict[str, Any]:
        """Its part of a result. The offset is between its monotonic clock and the master's."""
        return {
            "host": self.joining.host,
            "pid": self.joining.pid,
            "python": self.joining.python,
            "records": self.records,
            "clock_offset_ms": round(self.clock.offset_ns / 1e6, 4),
            "clock_error_ms": round(self.clock.error_ns / 1e6, 4),
            "clock_drift_ms": None if self.drift_ns is None else round(self.drift_ns / 1e6, 4),
            "lost": self.lost,
        }
