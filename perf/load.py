"""An open-loop load run: every request leaves at its appointed time, whatever the server does.

As a program (`python -m perf.load`) it reads a plan as one JSON document on standard input and writes JSON
lines: the plan, each exchange as it ends, progress, and the client's health.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from perf.client import Client
from perf.errors import PerfError
from perf.exchange import Exchange
from perf.innocence import Usage, judge_client
from perf.load_process import run_load_in_process
from perf.load_run import LoadProgress, LoadRun
from perf.plan import LoadPlan
from perf.wakeup import Wakeup

__all__ = ["LoadPlan", "LoadProgress", "LoadRun", "run_load", "run_load_in_process"]

LEAD_NS: Final = 50_000_000
"""The first request is due so long after the client is ready."""
HEARTBEAT_NS: Final = 20_000_000
PROGRESS_NS: Final = 500_000_000


def run_load(
    plan: LoadPlan,
    progress: Callable[[LoadProgress], None] | None = None,
    on_record: Callable[[Exchange], None] | None = None,
) -> LoadRun:
    """Runs the plan in this process. Ctrl-C ends the run and keeps its records.

    Raises Unresolved for an unknown host, PlanInvalid for a plan that cannot be run. Failures of the server
    are records. The callbacks run between sends: they have to be quick.
    """
    return asyncio.run(_Run(plan, progress, on_record).run())


class _Run:
    """State of a run under way."""

    def __init__(
        self,
        plan: LoadPlan,
        progress: Callable[[LoadProgress], None] | None,
        on_record: Callable[[Exchange], None] | None,
    ) -> None:
        self.plan = plan
        self.progress = progress
        self.on_record = on_record
        self.offsets = plan.offsets_ns()
        self.bodies = plan.bodies()
        self.client = Client(plan.url, headers=plan.headers, timeout_s=plan.timeout_s, verify_tls=plan.verify_tls)
        self.exchanges: list[Exchange] = []
        self.loop_lag_ns: list[int] = []
        self.sent = 0
        self.good = 0
        self.good_ms = 0.0
        self.interrupted = False

    async def run(self) -> LoadRun:
        loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        async with self.client:
            restore = self._catch_interrupts(loop)
            self.sender = Wakeup(loop, self._send_due)
            self.heart = Wakeup(loop, self._beat)
            usage = Usage()
            self.started_ns = time.monotonic_ns() + LEAD_NS
            self.beat_ns = self.started_ns
            self.progress_ns = self.started_ns
            try:
                self.sender.at(self.started_ns)
                self.heart.at(self.beat_ns)
                await self.ended.wait()
            finally:
                self.sender.close()
                self.heart.close()
                self.client.abandon("the run was interrupted")
                restore()
            self._report()
            clock = self.client.reading.clock
            self.exchanges.sort(key=lambda each: each.sequence)
            health = judge_client(
                self.exchanges,
                len(self.offsets),
                limit_ms=self.plan.limit_ms,
                figure=self.plan.figure,
                loop_lag_ns=self.loop_lag_ns,
                kernel_reads=clock.kernel_reads,
                user_reads=clock.user_reads,
                clock_steps=clock.steps,
                usage=usage,
                interrupted=self.interrupted,
            )
        return LoadRun(self.plan, self.started_ns, tuple(self.exchanges), health, self.interrupted)

    def _send_due(self) -> None:
        count = len(self.offsets)
        while self.sent < count:
            due_ns = self.started_ns + self.offsets[self.sent]
            if due_ns > time.monotonic_ns():
                self.sender.at(due_ns)
                return
            sequence = self.sent
            self.sent += 1
            body = self.bodies.of(sequence)
            self.client.submit(body, self._record, stream=self.plan.stream, intended_ns=due_ns, sequence=sequence)
        self._end_if_done()

    def _record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        if exchange.ok:
            self.good += 1
            self.good_ms += exchange.latency_ms
        if self.on_record is not None:
            self.on_record(exchange)
        self._end_if_done()

    def _end_if_done(self) -> None:
        if len(self.exchanges) == len(self.offsets):
            self.ended.set()

    def _beat(self) -> None:
        now = time.monotonic_ns()
        self.loop_lag_ns.append(now - self.beat_ns)
        missed = (now - self.beat_ns) // HEARTBEAT_NS
        self.beat_ns += (missed + 1) * HEARTBEAT_NS
        self.heart.at(self.beat_ns)
        if now >= self.progress_ns:
            self.progress_ns = now + PROGRESS_NS
            self._report()

    def _report(self) -> None:
        if self.progress is not None:
            finished = len(self.exchanges)
            self.progress(
                LoadProgress(
                    elapsed_s=round((time.monotonic_ns() - self.started_ns) / 1e9, 3),
                    duration_s=self.plan.duration_s,
                    planned=len(self.offsets),
                    sent=self.sent,
                    finished=finished,
                    failed=finished - self.good,
                    in_flight=self.sent - finished,
                    mean_latency_ms=round(self.good_ms / self.good, 3) if self.good else None,
                )
            )

    def _catch_interrupts(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        if threading.current_thread() is not threading.main_thread():
            return lambda: None
        before = signal.getsignal(signal.SIGINT)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)

        def restore() -> None:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)

        return restore

    def _interrupt(self) -> None:
        self.interrupted = True
        self.ended.set()


def main() -> int:
    """Child side of `run_load_in_process`: 0 done, 4 a plan that cannot be run."""
    lines: queue.SimpleQueue[Mapping[str, Any] | None] = queue.SimpleQueue()
    output = sys.stdout

    def write() -> None:  # a reader that is slow must not hold up the sends
        try:
            while (record := lines.get()) is not None:
                output.write(json.dumps(record) + "\n")
                if lines.empty():
                    output.flush()
            output.flush()
        except OSError:  # nobody reads any more: no load without anyone to see it
            os._exit(3)

    writer = threading.Thread(target=write, name="records")
    writer.start()
    try:
        plan = LoadPlan.from_record(json.load(sys.stdin))
        gc.collect()
        gc.freeze()
        run = run_load(
            plan,
            lambda progress: lines.put(progress.as_record()),
            lambda exchange: lines.put(exchange.as_record()),
        )
        lines.put({"record": "started", "started_ns": run.started_ns})
        lines.put({**run.health.as_record(), "interrupted": run.interrupted})
    except (PerfError, ValueError) as error:
        mend = error.mend if isinstance(error, PerfError) else ""
        lines.put({"record": "error", "kind": type(error).__name__, "message": str(error), "mend": mend})
        return 4
    finally:
        lines.put(None)
        writer.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
