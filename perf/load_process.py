"""A load run in processes of its own, so that nothing else that this process does delays a send.

Each worker carries a shard of the one schedule (perf/shards.py); all start at one instant, once all are ready.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

from perf import errors
from perf.client_limits import check_memory, open_files_short
from perf.errors import LoadProcessDied, PerfError, PlanInvalid
from perf.exchange import Exchange
from perf.load_run import LoadProgress, LoadRun
from perf.plan import LoadPlan
from perf.shards import ShardResult, merge

GRACE_S: Final = 10.0
LEAD_NS: Final = 50_000_000
"""The first request is due so long after the last worker was ready."""
GIVE_UP_AFTER: Final = 20
HOPELESS: Final = frozenset(
    "refused unreachable tls redirect malformed http_400 http_401 http_403 http_404 http_405 http_422".split()
)
"""Outcomes that do not go away while a run lasts, where the first requests all end so."""


def run_load_in_process(
    plan: LoadPlan,
    on_record: Callable[[Exchange], None] | None = None,
    on_progress: Callable[[LoadProgress], None] | None = None,
    *,
    workers: int = 1,
    give_up: bool = False,
) -> LoadRun:
    """Runs the plan in child processes; `on_record` gets each exchange as it ends.

    Ctrl-C is passed on, and the records gathered so far come back as an interrupted run. A worker that is lost
    makes the run invalid, its records and those of the others are kept. With `give_up` a run ends early, and
    invalid, where its first 20 requests all end in one way that waiting does not mend. Raises what `run_load`
    raises, PlanInvalid for what this machine cannot hold, and LoadProcessDied where a worker did not even start.
    """
    with Workers(workers) as ready:
        return ready.carry(plan, on_record, on_progress, give_up=give_up)


class _GivenUp(Exception):
    """The first requests all failed in one way."""


class Workers:
    """Child processes that carry one run; they start, and import, before there is a plan.

    Use as `with Workers(count) as workers: workers.carry(plan)`. Each line that one writes comes through one queue.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise PlanInvalid(f"{count} workers: at least one is needed")
        self._count = count
        self._events: queue.SimpleQueue[tuple[int, Mapping[str, Any] | None]] = queue.SimpleQueue()
        self._children: list[subprocess.Popen[str]] = []
        self._complaints: list[IO[str]] = []
        self._readers: list[threading.Thread] = []
        self._ready: set[int] = set()
        self._open: set[int] = set()

    def __enter__(self) -> Workers:
        for number in range(self._count):
            complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
            child = subprocess.Popen(
                [sys.executable, "-m", "perf.load"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                encoding="utf-8",
                env=_environment(),
                start_new_session=True,  # Ctrl-C reaches the child through this process, once
            )
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
    ) -> LoadRun:
        """Runs the plan, once; see `run_load_in_process`."""
        check_memory(plan)
        open_files_short(plan, self._count)
        gathered = _Gathered(plan, on_record, on_progress, give_up)
        try:
            message = plan.as_message()
            for number in range(self._count):
                self._tell(number, {**message, "shard": [number, self._count]})
            self._follow(gathered)
        except KeyboardInterrupt:
            gathered.interrupted = True
            self._end(gathered)
        except _GivenUp:
            self._end(gathered)
        return gathered.run()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in self._children:
            if child.poll() is None:
                child.kill()
            child.wait()
        for reader in self._readers:
            reader.join(GRACE_S)
        for child in self._children:
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        for complaints in self._complaints:
            complaints.close()

    def _follow(self, gathered: _Gathered) -> None:
        """Takes what the workers tell, and starts them together, until all have ended."""
        while self._open:
            number, record = self._events.get()
            if record is None:
                self._ended(number, gathered)
            elif record.get("record") == "ready":
                self._ready.add(number)
                if len(self._ready) == self._count and gathered.error is None:
                    self._start(gathered)
            else:
                gathered.take(number, record)

    def _end(self, gathered: _Gathered) -> None:
        """Interrupts the workers and takes what they still have to tell."""
        for child in self._children:
            if child.poll() is None:
                child.send_signal(signal.SIGINT)
        killer = threading.Timer(GRACE_S, self._kill)
        killer.start()
        try:
            with contextlib.suppress(_GivenUp):
                self._follow(gathered)
        finally:
            killer.cancel()

    def _start(self, gathered: _Gathered) -> None:
        gathered.started_ns = time.monotonic_ns() + LEAD_NS
        for number in range(self._count):
            self._tell(number, gathered.started_ns)
        for child in self._children:
            with contextlib.suppress(OSError):
                assert child.stdin is not None
                child.stdin.close()

    def _ended(self, number: int, gathered: _Gathered) -> None:
        self._open.discard(number)
        if number in gathered.results:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._children[number].wait(GRACE_S)
        if gathered.error is None and not gathered.broken_off:
            status = self._children[number].returncode
            self._complaints[number].seek(0)
            complaint = self._complaints[number].read()[-2000:].strip()
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
            pipe.write(json.dumps(message) + "\n")
            pipe.flush()

    def _read(self, number: int, child: subprocess.Popen[str]) -> None:
        assert child.stdout is not None
        with contextlib.suppress(OSError, ValueError):  # closed under the reader: the run is over
            for record in _records(child.stdout):
                self._events.put((number, record))
        self._events.put((number, None))


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


def _records(lines: IO[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        with contextlib.suppress(ValueError):  # a line cut off by a killed child
            record = json.loads(line)
            if isinstance(record, dict):
                yield record


class _Gathered:
    """What has come from the workers so far."""

    def __init__(
        self,
        plan: LoadPlan,
        on_record: Callable[[Exchange], None] | None,
        on_progress: Callable[[LoadProgress], None] | None,
        give_up: bool,
    ) -> None:
        self.plan = plan
        self.on_record = on_record
        self.on_progress = on_progress
        self.exchanges: list[Exchange] = []
        self.results: dict[int, ShardResult] = {}
        self.progress: dict[int, LoadProgress] = {}
        self.started_ns = 0
        self.interrupted = False
        self.error: PerfError | None = None
        self.flaw = ""
        self._give_up = give_up

    @property
    def broken_off(self) -> bool:
        """Whether the run was ended before its time, so that a worker without a result is no loss."""
        return self.interrupted or bool(self.flaw)

    def take(self, number: int, record: Mapping[str, Any]) -> None:
        kind = record.get("record")
        if kind == "exchange":
            exchange = Exchange.from_record(record)
            self.exchanges.append(exchange)
            if self.on_record is not None:
                self.on_record(exchange)
            if self._give_up:
                self._look_for_hope(exchange)
        elif kind == "progress":
            self.progress[number] = LoadProgress.from_record(record)
            if self.on_progress is not None:
                self.on_progress(_sum(list(self.progress.values())))
        elif kind == "shard":
            self.results[number] = ShardResult.from_record(record)
        elif kind == "error":
            error = getattr(errors, record["kind"], PerfError)
            self.error = self.error or error(record["message"], record["mend"])

    def lost(self, number: int, workers: int, status: int | None, complaint: str) -> None:
        """Notes that a worker ended without its result."""
        if not self.started_ns:
            self.error = LoadProcessDied(
                f"the process that was to run the load ended with status {status} before the start",
                complaint or "it may have been killed: look at the memory of this machine",
            )
            return
        of = f"worker {number + 1} of {workers} was lost" if workers > 1 else "the process that ran the load was lost"
        self.flaw = f"{of} (status {status}) after {len(self.exchanges)} records of the run" + (
            f": {complaint.splitlines()[-1]}" if complaint else ""
        )

    def run(self) -> LoadRun:
        if self.error is not None:
            raise self.error
        started_ns = self.started_ns or time.monotonic_ns()
        results = list(self.results.values())
        return merge(
            self.plan, self.exchanges, results, started_ns=started_ns, interrupted=self.interrupted, flaw=self.flaw
        )

    def _look_for_hope(self, exchange: Exchange) -> None:
        if exchange.outcome not in HOPELESS or len(self.exchanges) > GIVE_UP_AFTER:
            self._give_up = False
        elif len(self.exchanges) == GIVE_UP_AFTER:
            self._give_up = False
            kinds = {each.outcome for each in self.exchanges}
            if len(kinds) == 1:
                self.flaw = f"given up: the first {GIVE_UP_AFTER} requests all ended as {exchange.outcome}" + (
                    f" ({exchange.error})" if exchange.error else ""
                )
                raise _GivenUp


def _sum(parts: list[LoadProgress]) -> LoadProgress:
    """The progress of all workers together."""
    good = [(each.finished - each.failed, each.mean_latency_ms) for each in parts]
    finished_well = sum(count for count, _ in good)
    total_ms = sum(count * (mean or 0.0) for count, mean in good)
    return replace(
        parts[-1],
        elapsed_s=max(each.elapsed_s for each in parts),
        planned=sum(each.planned for each in parts),
        sent=sum(each.sent for each in parts),
        finished=sum(each.finished for each in parts),
        failed=sum(each.failed for each in parts),
        in_flight=sum(each.in_flight for each in parts),
        mean_latency_ms=round(total_ms / finished_well, 3) if finished_well else None,
    )
