"""A load run: every request is sent at its scheduled time, whatever the server does.

As a program (`python -m signoff.perf.load.load`) it is one worker. It reads a JSON line with the plan and its shard,
reports that it is ready, reads a line with the start time (or starts immediately without one), and writes JSON
lines: each exchange as it ends, progress, and a summary at its end.
"""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from signoff.perf.client.client import Client
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.wakeup import Wakeup
from signoff.perf.errors import PerfError
from signoff.perf.load.client_limits import come_first, raise_open_files
from signoff.perf.load.load_process import run_load_in_process
from signoff.perf.load.load_run import LoadProgress, LoadRun
from signoff.perf.load.loop_lag import LoopLagMonitor
from signoff.perf.load.plan import LoadPlan
from signoff.perf.load.record_lines import record_lines
from signoff.perf.load.shards import Shard, ShardResult, merge
from signoff.perf.redaction import known_secrets

__all__ = ["LoadPlan", "LoadProgress", "LoadRun", "run_load", "run_load_in_process"]

LEAD_NS: Final = 50_000_000
"""Time from a ready client to the first request."""
RECORDS_S: Final = 0.2
"""Interval at which records are sent in batches."""
PROGRESS_NS: Final = 500_000_000
PAUSE_NS: Final = 100_000_000
"""Wait of a closed-loop user after an immediately refused request."""


def run_load(
    plan: LoadPlan,
    progress: Callable[[LoadProgress], None] | None = None,
    on_record: Callable[[Exchange], None] | None = None,
) -> LoadRun:
    """Runs the plan in this process. Ctrl-C ends the run and keeps its records.

    Raises Unresolved for an unknown host, PlanInvalid for a plan that cannot be run. Failures of the server
    are records. The callbacks run between sends and must be fast.
    """
    exchanges: list[Exchange] = []

    def keep(exchange: Exchange) -> None:
        exchanges.append(exchange)
        if on_record is not None:
            on_record(exchange)

    result = asyncio.run(_Run(plan, Shard(), progress, keep).run(_soon))
    return merge(plan, exchanges, [result], started_ns=result.started_ns)


async def _soon() -> int:
    return time.monotonic_ns() + LEAD_NS


class _Run:
    """State of one worker's current run."""

    def __init__(
        self,
        plan: LoadPlan,
        shard: Shard,
        progress: Callable[[LoadProgress], None] | None,
        on_record: Callable[[Exchange], None],
    ) -> None:
        self.plan = plan
        self.shard = shard
        self.progress = progress
        self.on_record = on_record
        offsets = plan.offsets_ns()
        self.positions = shard.positions(len(offsets))
        self.offsets = offsets[shard.number :: shard.of]
        self.bodies = plan.bodies()
        self.client = Client(
            plan.url,
            headers=plan.headers,
            timeout_s=plan.timeout_s,
            verify_tls=plan.verify_tls,
            gather=not plan.closed_loop,  # there the next request waits for the end of the one before
            most_events=plan.most_events(),
            any_answer=plan.any_answer,
        )
        self.sent = 0
        self.waiting = 0
        self.finished = 0
        self.good = 0
        self.good_ms = 0.0
        self.interrupted = False
        self.exploded: Exception | None = None

    async def run(self, start: Callable[[], Awaitable[int]]) -> ShardResult:
        """Runs the shard from the time that `start` returns after the client is ready."""
        loop = self.loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._explode)
        self.ended = asyncio.Event()
        async with self.client:
            restore = self._catch_interrupts(loop)
            self.sender = Wakeup(loop, self._begin_users if self.plan.closed_loop else self._send_due)
            self.monitor = LoopLagMonitor(loop, self._report_often)
            try:
                self.started_ns = await start()
                self.closes_ns = self.started_ns + round(self.plan.duration_s * 1e9)
                self.progress_ns = self.started_ns
                self.monitor.start(self.started_ns)
                if not self.interrupted:
                    self.sender.at(self.started_ns)
                await self.ended.wait()
            finally:
                self.sender.close()
                self.monitor.close()
                self.client.abandon("the run was interrupted")
                restore()
            if self.exploded is not None:
                raise self.exploded
            self._report()
            use = self.monitor.use(self.client)
        return ShardResult(self.shard, self.started_ns, self.sent, use, self.interrupted)

    def _send_due(self) -> None:
        count = len(self.offsets)
        while self.sent < count:
            due_ns = self.started_ns + self.offsets[self.sent]
            if due_ns > time.monotonic_ns():
                self.sender.at(due_ns)
                return
            self._send(self.positions[self.sent], due_ns)
        self._end_if_done()

    def _send(self, sequence: int, due_ns: int) -> None:
        self.sent += 1
        body = self.bodies.of(sequence)
        self.client.submit(
            body,
            self._record,
            stream=self.plan.stream,
            intended_ns=due_ns,
            sequence=sequence,
            method=self.plan.method,
        )

    def _begin_users(self) -> None:
        for _ in range(self.shard.in_flight(self.plan.closed_loop)):
            self._send(self.shard.number + self.sent * self.shard.of, self.started_ns)
        self._end_if_done()

    def _follow(self, ended: Exchange) -> None:
        """The next request of a closed-loop user after the previous one."""
        now = time.monotonic_ns()
        pause_ns = 0 if ended.ok else max(0, PAUSE_NS - (now - ended.intended_ns))
        if self.ended.is_set() or now + pause_ns >= self.closes_ns:
            self._end_if_done()
            return
        self.waiting += 1

        def again() -> None:
            self.waiting -= 1
            if not self.ended.is_set():
                self._send(self.shard.number + self.sent * self.shard.of, max(ended.finished_ns, now + pause_ns))

        # Never from within the end of the one before: a server that refuses at once would nest them without end.
        self.loop.call_later(pause_ns / 1e9, again)

    def _record(self, exchange: Exchange) -> None:
        self.finished += 1
        if exchange.ok:
            self.good += 1
            self.good_ms += exchange.latency_ms
        self.on_record(exchange)
        if self.plan.closed_loop:
            self._follow(exchange)
        else:
            self._end_if_done()

    def _end_if_done(self) -> None:
        due = self.sent + self.waiting if self.plan.closed_loop else len(self.offsets)
        if self.finished == due:
            self.ended.set()

    def _report_often(self, now: int) -> None:
        if now >= self.progress_ns:
            self.progress_ns = now + PROGRESS_NS
            self._report()

    def _report(self) -> None:
        if self.progress is not None:
            finished = self.finished
            self.progress(
                LoadProgress(
                    elapsed_s=round((time.monotonic_ns() - self.started_ns) / 1e9, 3),
                    duration_s=self.plan.duration_s,
                    planned=len(self.offsets) or self.sent,
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

    def _explode(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error of this client ends the run: the affected request would never end."""
        self.exploded = context.get("exception") or RuntimeError(context["message"])
        self.ended.set()

    def _interrupt(self) -> None:
        self.interrupted = True
        self.ended.set()


def main() -> int:
    """Worker side of `run_load_in_process`: 0 done, 4 a plan that cannot be run."""
    with record_lines(sys.stdout, RECORDS_S) as put:
        try:
            message = json.loads(sys.stdin.readline())
            shard = Shard(*message.pop("shard", (0, 1)))
            plan = LoadPlan.from_record(message)
            known_secrets.remember_headers(plan.headers)
            raise_open_files()
            come_first()
            run = _Run(
                plan, shard, lambda progress: put(progress.as_record()), lambda exchange: put(exchange.as_record())
            )
            gc.collect()
            gc.freeze()

            async def start() -> int:
                put({"record": "ready"})
                line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
                return int(line) if line.strip() else await _soon()

            put(asyncio.run(run.run(start)).as_record())
        except (PerfError, ValueError) as error:
            hint = error.hint if isinstance(error, PerfError) else ""
            text = known_secrets.redacted(str(error))
            put({"record": "error", "kind": type(error).__name__, "message": text, "mend": hint})
            return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
