"""Identity of a process: id, name and start time, which distinguishes it from a later one of the same id."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import psutil

CLOCK_STEP_S: Final = 2.0
"""Tolerance: the system derives start times from its clock, which is adjusted sometimes."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process of this machine; `created` is in seconds since the epoch."""

    pid: int
    name: str
    created: float

    def is_there(self) -> bool:
        """Whether it still runs; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            return self.is_of(process) and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False

    def is_of(self, process: psutil.Process) -> bool:
        """Whether this is that process, and not another one with the same id. Raises psutil.Error."""
        return process.pid == self.pid and abs(process.create_time() - self.created) < CLOCK_STEP_S

    def text(self) -> str:
        """For people: `process 4711 (python3)`."""
        return f"process {self.pid} ({self.name})"

    def as_record(self) -> dict[str, Any]:
        return asdict(self)


def identify(pid: int) -> ProcessIdentity | None:
    """The process with this id, or None if there is none or access is denied."""
    try:
        process = psutil.Process(pid)
        return ProcessIdentity(pid, process.name(), process.create_time())
    except psutil.Error:
        return None
