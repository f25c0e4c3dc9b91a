"""A load run in separate processes, so that other work delays no send.

Each worker runs a shard of the one schedule (perf/load/shards.py); all start together when all are ready.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import signoff
from signoff.perf.client.exchange import Exchange
from signoff.perf.errors import PlanInvalid
from signoff.perf.load.client_limits import check_memory, open_files_short
from signoff.perf.load.gathered import Gathered, GivenUp
from signoff.perf.load.load_run import LoadProgress, LoadRun
from signoff.perf.load.plan import LoadPlan
from signoff.perf.processes import lifeline
from signoff.perf.redaction import known_secrets

GRACE_S: Final = 10.0
READ_BYTES: Final = 64 * 1024
LEAD_NS: Final = 50_000_000
"""Time from the last ready worker to the first request."""


def run_load_in_process(
    plan: LoadPlan,
    on_record: Callable[[Exchange], None] | None = None,
    on_progress: Callable[[LoadProgress], None] | None = None,
    *,
    workers: int = 1,
    give_up: bool = False,
    silence_s: float | None = None,
) -> LoadRun:
    """Runs the plan in child processes; `on_record` gets each exchange as it ends.

    Ctrl-C is forwarded, and the records so far are returned as an interrupted run. A lost worker
    makes the run invalid; its records and those of the others are kept. With `give_up` a run ends early, and
    invalid, if its first 20 requests all end in the same way that waiting does not fix, or if no response arrives
    for 90 s, or for the plan's time-out if longer; `silence_s` overrides this time. Raises what `run_load`
    raises, PlanInvalid if this machine has too few resources, and LoadProcessDied if a worker did not start.
    """
    with Workers(workers) as ready:
        return ready.carry(plan, on_record, on_progress, give_up=give_up, silence_s=silence_s)


class Workers:
    """Child processes for one run; they start, and import, before there is a plan.

    Use as `with Workers(count) as workers: workers.carry(plan)`. One queue carries all lines of all workers.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise PlanInvalid(f"{count} workers: at least one is needed")
        self._count = count
        self._events: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._records: deque[tuple[int, Mapping[str, Any] | None]] = deque()
        self._children: list[subprocess.Popen[bytes]] = []
        self._complaints: list[IO[str]] = []
        self._readers: list[threading.Thread] = []
        self._ready: set[int] = set()
        self._open: set[int] = set()

    def __enter__(self) -> Workers:
        for number in range(self._count):
            complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
            child = subprocess.Popen(
                client_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=client_environment(),
                start_new_session=True,  # Ctrl-C reaches the child through this process, once
            )
            lifeline.keep(child.pid)
            reader = threading.Thread(target=self._read, args=(number, child), name=f"worker {number}", daemon=True)
            self._complaints.append(complaints)
            self._children.append(child)
            self._readers.append(reader)
            self._open.add(number)
            reader.start()
        return self

    def carry(
        self,
        plan: LoadPlan,
        on_record: Callable[[Exchange], None] | None = None,
        on_progress: Callable[[LoadProgress], None] | None = None,
        *,
        give_up: bool = False,
        silence_s: float | None = None,
    ) -> LoadRun:
        """Runs the plan, once; see `run_load_in_process`."""
        check_memory(plan)
        open_files_short(plan, self._count)
        gathered = Gathered(plan, on_record, on_progress, give_up, silence_s)
        try:
            message = plan.as_message()
            for number in range(self._count):
                self._tell(number, {**message, "shard": [number, self._count]})
            self._follow(gathered)
        except KeyboardInterrupt:
            gathered.interrupted = True
            self._end(gathered)
        except GivenUp:
            self._end(gathered)
        return gathered.run()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
            lifeline.let_go(child.pid)
        for reader in self._readers:
            reader.join(GRACE_S)
        for child in self._children:
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        for complaints in self._complaints:
            complaints.close()

    def _follow(self, gathered: Gathered) -> None:
        """Handles the workers' reports, and starts them together, until all have ended."""
        while self._open:
            number, record = self._next()
            if record is None:
                self._ended(number, gathered)
            elif record.get("record") == "ready":
                self._ready.add(number)
                if len(self._ready) == self._count and gathered.error is None:
                    self._start(gathered)
            else:
                gathered.take(number, record)

    def _next(self) -> tuple[int, Mapping[str, Any] | None]:
        """The next record of a worker, None for the end of one."""
        while not self._records:
            number, lines = self._events.get()
            for line in lines.splitlines():
                with contextlib.suppress(ValueError):  # a line cut off by a killed child
                    self._records.append((number, json.loads(line)))
            if not lines:
                self._records.append((number, None))
        return self._records.popleft()

    def _end(self, gathered: Gathered) -> None:
        """Interrupts the workers and handles their last reports."""
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        killer = threading.Timer(GRACE_S, self._kill)
        killer.start()
        try:
            with contextlib.suppress(GivenUp):
                self._follow(gathered)
        finally:
            killer.cancel()

    def _start(self, gathered: Gathered) -> None:
        gathered.started_ns = time.monotonic_ns() + LEAD_NS
        for number in range(self._count):
            self._tell(number, gathered.started_ns)
        for child in self._children:
            with contextlib.suppress(OSError):
                assert child.stdin is not None
                child.stdin.close()

    def _ended(self, number: int, gathered: Gathered) -> None:
        self._open.discard(number)
        if number in gathered.results:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._children[number].wait(GRACE_S)
        if gathered.error is None and not gathered.broken_off:
            status = self._children[number].returncode
            self._complaints[number].seek(0)
            complaint = known_secrets.redacted(self._complaints[number].read())[-2000:].strip()
            gathered.lost(number, self._count, status, complaint)
        if not gathered.started_ns:  # the others wait for a start that does not come
            self._kill()

    def _kill(self) -> None:
        for child in self._children:
            child.kill()

    def _tell(self, number: int, message: object) -> None:
        pipe = self._children[number].stdin
        assert pipe is not None
        with contextlib.suppress(OSError):  # it has ended: its reader notices
            pipe.write(json.dumps(message).encode() + b"\n")
            pipe.flush()

    def _read(self, number: int, child: subprocess.Popen[bytes]) -> None:
        """Passes on a worker's output in whole lines; None at its end."""
        assert isinstance(child.stdout, io.BufferedReader)
        begun = b""
        with contextlib.suppress(OSError, ValueError):  # closed under the reader: the run is over
            while came := child.stdout.read1(READ_BYTES):
                whole, newline, begun = (begun + came).rpartition(b"\n")
                if newline:
                    self._events.put((number, whole))
        self._events.put((number, b""))


def client_command() -> list[str]:
    """One worker as a program."""
    return [sys.executable, "-m", "signoff.perf.load.load"]


def client_environment() -> dict[str, str]:
    """The environment of a worker: it finds this package, nothing in its working folder, and no key.

    It receives keys through a pipe.
    """
    root = str(Path(signoff.__file__).parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}
    own["OPENBLAS_NUM_THREADS"] = "1"  # its threads spin beside the client
    return {**known_secrets.environment(bare=True), **own}
