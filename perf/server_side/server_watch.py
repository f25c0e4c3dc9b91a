"""Watches the server during a load run: its metrics, and GPUs of this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from signoff.perf.errors import CounterMissing
from signoff.perf.load.load_run import LoadRun
from signoff.perf.processes.gpu import GpuSampler, nvml
from signoff.perf.processes.process_identity import ProcessIdentity, identify
from signoff.perf.server_side.readings import ServerSide, server_side
from signoff.perf.server_side.scrape import Scraper, Source

ELSEWHERE = "the server's process is not visible on this machine, so its GPUs are not read"


class ServerWatch:
    """Use as `with ServerWatch(sources, duration_s) as watch: run = ...`, then ask `side(run)` and `gpu()`.

    `find_pid` gives the server's process, None if it is not on this machine; it is called where there is a GPU.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        duration_s: float,
        *,
        verify_tls: bool = True,
        find_pid: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._scraper = Scraper(sources, duration_s, verify_tls=verify_tls)
        self._find_pid = find_pid
        self._gpus: GpuSampler | None = None
        self._gpu_problem = ""
        self._process: ProcessIdentity | None = None
        self._open = ExitStack()

    def __enter__(self) -> ServerWatch:
        try:
            library = nvml()
        except CounterMissing as error:
            library, self._gpu_problem = None, f"{error} ({error.hint})"
        if library is not None:
            pid = self._find_pid()
            if pid is None:
                self._gpu_problem = ELSEWHERE
            else:
                self._process = identify(pid)
                self._gpus = self._open.enter_context(GpuSampler(library, pid))
        self._open.enter_context(self._scraper)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def side(self, run: LoadRun) -> ServerSide:
        """The server's report on the run, after the block."""
        return server_side(self._scraper.scraped(), run.exchanges, run.started_ns)

    def gpu(self) -> dict[str, Any] | None:
        """The GPUs over the run, or why they were not seen; None if there is none."""
        if self._gpus is None:
            return {"problem": self._gpu_problem, "devices": []} if self._gpu_problem else None
        devices = [each.as_record() for each in self._gpus.gpus()]
        problem = "" if devices else "no GPU could be read"
        if self._process is not None and not self._process.is_there():
            problem = f"{self._process.text()} ended during the run: the figures mix several processes"
        return {"problem": problem, "devices": devices}
