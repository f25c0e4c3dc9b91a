"""Samples a service during a load run, and notices processes that end early.

Figures of a process do not apply to its replacement: a peak is lost with its process.
"""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Final

import psutil

from signoff.perf.errors import CounterMissing, NoListener
from signoff.perf.processes.process_identity import ProcessIdentity, identify
from signoff.perf.processes.process_tree import HighWater, Sample, high_water, sample

LASTING: Final = 20
"""A process present at the start, or in this number of samples, belongs to the service and is no short-lived helper."""


@dataclass(frozen=True, slots=True)
class EndedProcess:
    """A process that had ended at this time (monotonic ns); `is_first` for the listening one."""

    process: ProcessIdentity
    t_ns: int
    is_first: bool

    def as_record(self) -> dict[str, Any]:
        return {"record": "process_ended", **asdict(self.process), "t_ns": self.t_ns, "is_first": self.is_first}


class MemorySampler:
    """Samples a process tree in a thread while the `with` block runs. It stops when the process ends.

    A process with the same id and another start time is a different one.
    """

    def __init__(self, process: ProcessIdentity | int, interval_s: float = 0.25) -> None:
        if not interval_s > 0:
            raise ValueError(f"an interval of {interval_s} s: it must be above zero")
        known = process if isinstance(process, ProcessIdentity) else identify(process)
        self.process = known or ProcessIdentity(int(process), "", 0.0)  # type: ignore[arg-type]
        self.interval_s = interval_s
        self.ended: list[EndedProcess] = []
        self._samples: list[Sample] = []
        self._root: psutil.Process | None = None
        self._seen: dict[psutil.Process, int] = {}
        self._named: dict[psutil.Process, ProcessIdentity] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"memory of {self.process.pid}", daemon=True)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples so far."""
        return tuple(self._samples)

    @property
    def ended_early(self) -> bool:
        """Whether the process itself has ended."""
        return any(each.is_first for each in self.ended)

    def high_water(self) -> HighWater | None:
        """The system's high-water mark; without one, the largest sample; None without samples."""
        why = "the process ended during the run"
        if not self.ended_early:
            try:
                return high_water(self.process.pid)
            except NoListener:
                pass
            except CounterMissing as error:
                why = str(error)
        most = max((each.rss_bytes for each in self._samples), default=None)
        return None if most is None else HighWater(most, f"samples each {self.interval_s:g} s", why)

    def __enter__(self) -> MemorySampler:
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due = time.monotonic()
        while not self.ended_early:
            due = max(due + self.interval_s, time.monotonic())
            stopped = self._stop.wait(due - time.monotonic())
            self._sample()
            if stopped:
                return

    def _sample(self) -> None:
        found, members = self._look()
        if found is None:
            self.ended.append(EndedProcess(self.process, time.monotonic_ns(), is_first=True))
            return
        is_start = not self._samples
        self._samples.append(found)
        present = set(members)
        for member in set(self._seen) - present:
            if self._seen.pop(member) >= LASTING:
                self.ended.append(EndedProcess(self._named[member], found.t_ns, is_first=False))
        for member in present:
            self._seen[member] = LASTING if is_start else self._seen.get(member, 0) + 1
            if member not in self._named:
                self._named[member] = identify(member.pid) or ProcessIdentity(member.pid, "", 0.0)

    def _look(self) -> tuple[Sample | None, tuple[psutil.Process, ...]]:
        """The sample and its processes; None if the process itself has ended."""
        try:
            found, members = sample(self.process.pid)
            if self._root is None and self.process.is_of(members[0]):
                self._root = members[0]
        except (NoListener, psutil.Error):
            return None, ()
        return (found, members) if members[0] == self._root else (None, ())
