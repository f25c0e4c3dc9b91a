"""A load run in a process of its own, so that nothing else that this process does delays a send."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from perf import errors
from perf.errors import LoadProcessDied, PerfError
from perf.exchange import Exchange
from perf.innocence import ClientHealth
from perf.load_run import LoadProgress, LoadRun
from perf.plan import LoadPlan

GRACE_S: Final = 10.0


def run_load_in_process(
    plan: LoadPlan,
    on_record: Callable[[Exchange], None] | None = None,
    on_progress: Callable[[LoadProgress], None] | None = None,
) -> LoadRun:
    """Runs the plan in a child process; `on_record` gets each exchange as it ends.

    Ctrl-C is passed on, and the records gathered so far come back as an interrupted run. Raises what
    `run_load` raises, and LoadProcessDied where the child ends early.
    """
    gathered = _Gathered(on_record, on_progress)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
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
        try:
            _follow(child, plan, gathered)
        finally:
            if child.poll() is None:
                child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
        complaints.seek(0)
        return gathered.run(plan, child.returncode, complaints.read()[-2000:])


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONSAFEPATH": "1"}


def _follow(child: subprocess.Popen[str], plan: LoadPlan, gathered: _Gathered) -> None:
    assert child.stdin is not None and child.stdout is not None  # noqa: PT018 - both are pipes
    try:
        with contextlib.suppress(BrokenPipeError):
            json.dump(plan.as_message(), child.stdin)
            child.stdin.close()
        for record in _records(child.stdout):
            gathered.take(record)
    except KeyboardInterrupt:
        gathered.interrupted = True
        child.send_signal(signal.SIGINT)
        end = threading.Timer(GRACE_S, child.kill)
        end.start()
        try:
            for record in _records(child.stdout):
                gathered.take(record)
        finally:
            end.cancel()
    child.wait(GRACE_S)


def _records(lines: IO[str]) -> Iterator[Mapping[str, Any]]:
    for line in lines:
        with contextlib.suppress(ValueError):  # a line cut off by a killed child
            record = json.loads(line)
            if isinstance(record, dict):
                yield record


class _Gathered:
    """What has come from the child so far."""

    def __init__(
        self, on_record: Callable[[Exchange], None] | None, on_progress: Callable[[LoadProgress], None] | None
    ) -> None:
        self.on_record = on_record
        self.on_progress = on_progress
        self.exchanges: list[Exchange] = []
        self.started_ns = 0
        self.health: ClientHealth | None = None
        self.interrupted = False
        self.error: PerfError | None = None

    def take(self, record: Mapping[str, Any]) -> None:
        kind = record.get("record")
        if kind == "exchange":
            exchange = Exchange.from_record(record)
            self.exchanges.append(exchange)
            if self.on_record is not None:
                self.on_record(exchange)
        elif kind == "progress":
            if self.on_progress is not None:
                self.on_progress(LoadProgress.from_record(record))
        elif kind == "started":
            self.started_ns = record["started_ns"]
        elif kind == "client":
            values = dict(record)
            self.interrupted = values.pop("interrupted") or self.interrupted
            self.health = ClientHealth.from_record(values)
        elif kind == "error":
            error = getattr(errors, record["kind"], PerfError)
            self.error = error(record["message"], record["mend"])

    def run(self, plan: LoadPlan, exit_code: int, complaints: str) -> LoadRun:
        if self.error is not None:
            raise self.error
        exchanges = tuple(sorted(self.exchanges, key=lambda each: each.sequence))
        if self.health is None and self.interrupted:
            first_ns = exchanges[0].intended_ns if exchanges else 0
            reason = "the run was interrupted"
            health = ClientHealth(False, reason, "user", None, None, None, 0.0, None, 0, 0, 0)
            return LoadRun(plan, first_ns, exchanges, health, True)
        if self.health is None:
            raise LoadProcessDied(
                f"the process that ran the load ended with status {exit_code} after {len(exchanges)} records",
                complaints.strip() or "it may have been killed: look at the memory of this machine",
            )
        return LoadRun(plan, self.started_ns, exchanges, self.health, self.interrupted)
