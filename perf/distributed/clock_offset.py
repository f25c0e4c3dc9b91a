"""The offset between two machines' monotonic clocks, with its error.

This machine asks, the other one answers with its time. The answer was created between the request and its arrival:
half the shortest round trip bounds the error, however asymmetric the delays are (Cristian, 1989).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

_TIMES: Final = ("intended_ns", "sent_ns", "first_byte_ns", "first_token_ns", "last_token_ns", "finished_ns",
                 "started_ns")  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The other clock is ahead of ours by `offset_ns`, plus or minus `error_ns`."""

    offset_ns: int
    error_ns: int

    @classmethod
    def of(cls, samples: Iterable[tuple[int, int, int]]) -> ClockOffset:
        """From samples (asked, time, answered), the one with the shortest round trip. Raises ValueError for none."""
        asked, theirs, answered = min(samples, key=lambda each: each[2] - each[0])
        return cls(theirs - (asked + answered) // 2, -(-(answered - asked) // 2))

    def theirs(self, ours_ns: int) -> int:
        """The time that their clock shows when ours shows this."""
        return ours_ns + self.offset_ns


def shifted(record: Mapping[str, Any], by_ns: int) -> dict[str, Any]:
    """The record of an exchange or a shard with all its times on another clock. Durations do not change."""
    moved = dict(record)
    for name in _TIMES:
        if moved.get(name) is not None:
            moved[name] += by_ns
    if "token_ns" in moved:
        moved["token_ns"] = [each + by_ns for each in moved["token_ns"]]
    return moved
