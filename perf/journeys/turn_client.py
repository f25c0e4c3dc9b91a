"""Our client as a process that sends turns when asked: `python -m signoff.perf.journeys.turn_client`.

It reads lines of JSON: first the plan (with `lasts_s`, if it is to close by itself), then each turn (`turn`, `body`,
`headers`, `due_ns`, `sequence`), and `close` once no more are to begin. It writes lines of JSON: `ready`, each
exchange with its `turn`, `dropped` for a turn that was not due yet when it closed, and at the end its measurements of
itself. It knows nothing of Locust.
"""

from __future__ import annotations

import asyncio
import heapq
import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from signoff.perf.client.client import Client
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.wakeup import Wakeup
from signoff.perf.errors import PerfError
from signoff.perf.load.client_limits import come_first, raise_open_files
from signoff.perf.load.loop_lag import LoopLagMonitor
from signoff.perf.load.plan import LoadPlan
from signoff.perf.load.record_lines import record_lines
from signoff.perf.load.shards import Shard, ShardResult
from signoff.perf.redaction import known_secrets

Put = Callable[[Mapping[str, Any]], None]


class _Turns:
    """State of the process."""

    def __init__(self, plan: LoadPlan, keep_text: bool, lasts_s: float | None, put: Put) -> None:
        self.plan = plan
        self.lasts_s = lasts_s
        self.put = put
        self.client = Client(
            plan.url,
            headers=plan.headers,
            timeout_s=plan.timeout_s,
            verify_tls=plan.verify_tls,
            keep_text=keep_text,
            most_events=plan.most_events(),
        )
        self.waiting: list[tuple[int, int, Mapping[str, Any]]] = []
        self.in_flight: set[int] = set()
        self.sent = 0
        self.closed = False

    async def run(self) -> None:
        """Until it is closed and the last turn has ended; the end of its input cancels turns in progress."""
        self.loop = asyncio.get_running_loop()
        self.done = asyncio.Event()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who tells it what to do
        async with self.client:
            monitor = LoopLagMonitor(self.loop)
            self.sender = Wakeup(self.loop, self._send_due)
            started_ns = time.monotonic_ns()
            monitor.start(started_ns)
            self.put({"record": "ready"})
            if self.lasts_s is not None:
                self.loop.call_later(self.lasts_s, self._close)
            reading = self.loop.run_in_executor(None, self._read)
            await self.done.wait()
            interrupted = bool(self.in_flight)
            self.client.abandon("the journey was interrupted")
            monitor.close()
            self.sender.close()
            self.put(ShardResult(Shard(), started_ns, self.sent, monitor.use(self.client), interrupted).as_record())
            await reading

    def _read(self) -> None:
        for line in sys.stdin:
            self.loop.call_soon_threadsafe(self._take, json.loads(line))
        self.loop.call_soon_threadsafe(self._end_of_input)

    def _end_of_input(self) -> None:
        if not self.closed:
            self.done.set()

    def _take(self, message: Mapping[str, Any]) -> None:
        if "close" in message:
            self._close()
        elif self.closed:
            self.put({"record": "dropped", "turn": message["turn"]})
        else:
            heapq.heappush(self.waiting, (message["due_ns"], message["turn"], message))
            self.sender.at(self.waiting[0][0])

    def _close(self) -> None:
        self.closed = True
        for _, turn, _ in self.waiting:
            self.put({"record": "dropped", "turn": turn})
        self.waiting.clear()
        self._end_if_done()

    def _send_due(self) -> None:
        while self.waiting and self.waiting[0][0] <= time.monotonic_ns():
            self._send(heapq.heappop(self.waiting)[2])
        if self.waiting:
            self.sender.at(self.waiting[0][0])

    def _send(self, message: Mapping[str, Any]) -> None:
        turn = message["turn"]
        self.in_flight.add(turn)
        self.sent += 1

        def ended(exchange: Exchange) -> None:
            self.in_flight.discard(turn)
            self.put({**exchange.as_record(), "turn": turn})
            self._end_if_done()

        self.client.submit(
            message["body"].encode(),
            ended,
            stream=self.plan.stream,
            intended_ns=message["due_ns"],
            sequence=message["sequence"],
            headers=message["headers"],
        )

    def _end_if_done(self) -> None:
        if self.closed and not self.in_flight:
            self.done.set()


def main() -> int:
    """0 done, 4 a plan that cannot be run."""
    with record_lines(sys.stdout) as put:
        try:
            message = json.loads(sys.stdin.readline())
            keep_text, lasts_s = message.pop("keep_text"), message.pop("lasts_s")
            raise_open_files()
            come_first()
            plan = LoadPlan.from_record(message)
            known_secrets.remember_headers(plan.headers)
            asyncio.run(_Turns(plan, keep_text, lasts_s, put).run())
        except PerfError as error:
            message = known_secrets.redacted(str(error))
            put({"record": "error", "kind": type(error).__name__, "message": message, "mend": error.hint})
            return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
