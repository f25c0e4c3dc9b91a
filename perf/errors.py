"""What cannot be measured, and why.

    PerfError
    ├── PlanInvalid       a rate, duration, URL, header or body that no run can be made of
    │   └── UrlInvalid    a URL that could be read in two ways, or a path that leads elsewhere
    ├── Unresolved        the host of a URL has no address
    ├── LoadProcessDied   the process that held the client ended before its run was complete
    ├── WorkersMissing    workers on other machines did not come, or one was lost before a run
    ├── JoinRefused       a master does not take this worker
    ├── MasterGone        no master answers, or it went away
    ├── NoListener        no process of this machine listens on the port, or it may not be seen
    ├── CounterMissing    the system does not report the figure that was asked for
    ├── StartRefused      a service cannot be started for a timing (command, port)
    ├── HistoryUnreadable a history of nights that cannot be read or written
    │   └── HistoryFull   there is no room for a night
    ├── EvidenceUnreadable  another tool's result that cannot be taken as evidence
    └── InputUnreadable   a file that is not there, no regular file, or longer than what is read of it

A request that fails is not an error but a record. A message says what happened and where; `hint` says what to
do.
"""

from __future__ import annotations

from pathlib import Path


class PerfError(Exception):
    """Base of the tree."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class PlanInvalid(PerfError, ValueError):
    """A rate, duration, URL, header or body that no run can be made of."""


class UrlInvalid(PlanInvalid):
    """A URL whose host or port could be read in two ways, or a path that leads to another origin."""


class Unresolved(PerfError):
    """The host of a URL has no address."""


class LoadProcessDied(PerfError):
    """The process that held the client ended before its run was complete."""


class WorkersMissing(PerfError):
    """Workers on other machines did not come in time, or one was lost before a run."""


class JoinRefused(PerfError):
    """A master does not take this worker."""


class MasterGone(PerfError):
    """No master answers, or it went away while this worker served it."""


class NoListener(PerfError):
    """No process of this machine listens on the port, or it may not be seen."""


class CounterMissing(PerfError):
    """The system does not report the figure that was asked for."""


class StartRefused(PerfError):
    """A service cannot be started for a timing."""


class HistoryUnreadable(PerfError):
    """A file that is no history of nights, or cannot be read or written."""


class HistoryFull(HistoryUnreadable):
    """There is no room for a night."""


class EvidenceUnreadable(PerfError):
    """Another tool's result that cannot be taken as evidence."""


class InputUnreadable(PerfError):
    """A file that cannot be read, or is no regular file."""


class InputMissing(InputUnreadable):
    """There is no such file."""


class InputTooLong(InputUnreadable):
    """A file with more bytes than are read; `size` is None if only that is known."""

    def __init__(self, path: Path, size: int | None, most: int) -> None:
        length = f"more than {most:,} bytes" if size is None else f"{size:,} bytes"
        super().__init__(f"{path}: {length}, and at most {most:,} are read", "give a shorter file")
        self.size = size
        self.most = most
