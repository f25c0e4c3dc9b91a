"""A load run on workers of other machines, under Locust's master.

The messages are Locust's: it tracks live workers, and our data are custom messages. Each worker
runs its shard of the one schedule (perf/load/shards.py) with our client, in a separate process. Times of its
records are converted to this machine's clock, and the start is sent in each worker's clock, so all start together.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Final

import gevent
from gevent.queue import Empty, Queue

from signoff.perf.client.exchange import Exchange
from signoff.perf.distributed import locust_runner
from signoff.perf.distributed.clock_offset import shifted
from signoff.perf.distributed.joining import (
    CLOCK,
    ENDED,
    GOODBYE,
    JOIN,
    PLAN,
    RECORDS,
    REFUSED,
    START,
    STOP,
    WELCOME,
    Joining,
    refusal,
    without_secrets,
)
from signoff.perf.distributed.member import Member
from signoff.perf.errors import LoadProcessDied, PlanInvalid, WorkersMissing
from signoff.perf.load.client_limits import check_memory
from signoff.perf.load.gathered import Gathered, GivenUp
from signoff.perf.load.load_run import LoadProgress, LoadRun
from signoff.perf.load.plan import LoadPlan

GRACE_S: Final = 10.0
READY_S: Final = 60.0
LEAD_NS: Final = 250_000_000
"""Time from the last ready worker to the first request, plus the network delay."""
QUESTIONS: Final = 16
"""Questions to each clock; the quickest answer counts."""
ANSWER_S, LOOK_S = 5.0, 0.5
INTERRUPT, CLOCKED = "interrupt", "clocked"


class RemoteWorkers:
    """Workers that join over the network and execute runs, one after the other.

    Use as `with RemoteWorkers(...) as workers: workers.carry(plan)`; leaving it sends them home. `say` gets lines
    for people. Raises PlanInvalid if nothing can listen at the address.
    """

    def __init__(self, host: str, port: int, expected: int, *, wait_s: float, say: Callable[[str], None]) -> None:
        if expected < 1:
            raise PlanInvalid(f"{expected} workers are expected: at least one is needed")
        self._address = (host, port)
        self._expected = expected
        self._wait_s = wait_s
        self._say = say
        self._own = Joining.own()
        self._events: Queue[tuple[str, str, Any]] = Queue()
        self._members: dict[str, Member] = {}
        self._run = 0
        self._deadline_ns = 0

    def __enter__(self) -> RemoteWorkers:
        listeners = {kind: self._listener(kind) for kind in (JOIN, RECORDS, ENDED)}
        self._runner = locust_runner.master(*self._address, {**listeners, CLOCK: self._clock_answered})
        self._before = signal.getsignal(signal.SIGINT)
        # Not KeyboardInterrupt wherever it finds us: Locust swallows one that reaches its listener.
        self._watcher = gevent.signal_handler(signal.SIGINT, self._events.put, ("", INTERRUPT, None))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self._members:
            self._tell(node, GOODBYE, None)
        gevent.sleep(0.1)
        self._watcher.cancel()
        signal.signal(signal.SIGINT, self._before)
        locust_runner.close(self._runner)

    @property
    def whole(self) -> bool:
        """Whether all workers are connected, so that another run is possible."""
        return len(self._members) == self._expected and not any(each.lost for each in self._members.values())

    def facts(self) -> dict[str, Any]:
        """The last run's details in a result: each worker, in order of their shards."""
        return {"machines": [each.as_record() for each in self._members.values()]}

    def carry(
        self,
        plan: LoadPlan,
        on_record: Callable[[Exchange], None] | None = None,
        on_progress: Callable[[LoadProgress], None] | None = None,
        *,
        give_up: bool = False,
    ) -> LoadRun:
        """Runs the plan; see `run_load_in_process`. A worker that is lost makes the run invalid, what came is kept.

        Raises WorkersMissing if they do not come in time, and what a worker raises before the start.
        """
        check_memory(plan)
        self._wait_for_workers()
        self._measure_clocks(first=True)
        gathered = Gathered(plan, on_record, on_progress, give_up)
        self._run += 1
        message = json.dumps(without_secrets(plan))
        for each in self._members.values():
            each.ready, each.open, each.records, each.shift_ns = False, True, 0, 0
            shard = [each.number, self._expected]
            self._tell(each.node, PLAN, {"run": self._run, "plan": message, "shard": shard})
        self._within(READY_S)
        try:
            self._follow(gathered)
        except KeyboardInterrupt:
            gathered.interrupted = True
            self._end(gathered)
        except GivenUp:
            self._end(gathered)
        if gathered.error is None:
            self._measure_clocks(first=False)
        return gathered.run()

    def _wait_for_workers(self) -> None:
        self._within(self._wait_s)
        if len(self._members) < self._expected:
            where = f"{self._address[0]}:{self._runner.server.port}"
            self._say(f"waiting at {where} for {self._expected} workers: signoff load --worker {where}")
        while len(self._members) < self._expected:
            if (event := self._next()) is not None:
                self._take(*event, None)
            for node in [node for node in self._members if locust_runner.is_lost(self._runner, node)]:
                self._say(f"worker {self._members.pop(node).name} has left")
            if self._late():
                raise WorkersMissing(
                    f"{len(self._members)} of {self._expected} workers joined within {self._wait_s:g} s",
                    "start `signoff load --worker HOST:PORT` on each machine; --bind says where the master listens",
                )
        for number, each in enumerate(self._members.values()):
            each.number = number
            if each.lost or locust_runner.is_lost(self._runner, each.node):
                raise WorkersMissing(f"worker {each.name} was lost: {each.lost or 'not heard any more'}")

    def _measure_clocks(self, *, first: bool) -> None:
        """Asks each worker's clock; one that does not answer in time is found lost later."""
        asked = [each for each in self._members.values() if not each.lost]
        for each in asked:
            each.samples.clear()
            each.asked_ns = time.monotonic_ns()
            self._tell(each.node, CLOCK, None)
        self._within(ANSWER_S)
        while any(len(each.samples) < QUESTIONS for each in asked) and not self._late():
            if (event := self._next()) is not None:
                self._take(*event, None)
        for each in asked:
            if each.samples:
                each.take_clock(first=first)
            elif first:
                raise WorkersMissing(f"worker {each.name} was lost: its clock does not answer")

    def _clock_answered(self, node: str, message: Any) -> None:
        now = time.monotonic_ns()
        each = self._members.get(node)
        if each is None or len(each.samples) >= QUESTIONS:
            return
        each.samples.append((each.asked_ns, message["now_ns"], now))
        if len(each.samples) < QUESTIONS:
            each.asked_ns = time.monotonic_ns()
            self._tell(node, CLOCK, None)
        else:
            self._events.put((node, CLOCKED, None))

    def _follow(self, gathered: Gathered) -> None:
        """Takes what the workers report, and starts them together, until each has ended or is lost."""
        stopped = False
        while any(each.open for each in self._members.values()):
            if (event := self._next()) is not None:
                self._take(*event, gathered)
            for each in self._members.values():
                if each.open and locust_runner.is_lost(self._runner, each.node):
                    self._lost(each, "not heard for some seconds: it was killed, or the network is gone", gathered)
                elif each.open and self._late():
                    self._lost(each, "it is alive and did not end", gathered)
            if gathered.error is not None and not stopped:
                stopped = True
                self._stop()

    def _end(self, gathered: Gathered) -> None:
        """Interrupts the workers and handles their last reports."""
        self._stop()
        while any(each.open for each in self._members.values()):
            try:
                self._follow(gathered)
            except GivenUp:
                continue

    def _stop(self) -> None:
        self._within(GRACE_S)
        for each in self._members.values():
            self._tell(each.node, STOP, {"run": self._run})

    def _take(self, node: str, kind: str, message: Any, gathered: Gathered | None) -> None:
        if kind == JOIN:
            self._join(node, Joining.of(message))
            return
        each = self._members.get(node)
        if each is None or gathered is None or not isinstance(message, Mapping) or message.get("run") != self._run:
            return
        if kind == RECORDS:
            for line in message["lines"]:
                self._record(each, json.loads(line), gathered)
        elif kind == ENDED:
            self._ended(each, message, gathered)

    def _record(self, each: Member, record: dict[str, Any], gathered: Gathered) -> None:
        kind = record.get("record")
        each.records += kind == "exchange"
        if kind == "ready":
            each.ready = True
            if gathered.error is None and all(every.ready for every in self._members.values()):
                self._start(gathered)
        elif kind == "note":
            self._say(f"note: worker {each.name}: {record['text']}")
        elif kind == "error":
            gathered.take(each.number, {**record, "message": f"worker {each.name}: {record['message']}"})
        else:
            gathered.take(each.number, shifted(record, each.shift_ns) if kind in ("exchange", "shard") else record)

    def _start(self, gathered: Gathered) -> None:
        members = self._members.values()
        gathered.started_ns = time.monotonic_ns() + LEAD_NS + 8 * max(each.clock.error_ns for each in members)
        for each in members:
            theirs_ns = each.clock.theirs(gathered.started_ns)
            each.shift_ns = gathered.started_ns - theirs_ns
            self._tell(each.node, START, {"run": self._run, "at_ns": theirs_ns})
        self._within(gathered.plan.duration_s + gathered.plan.timeout_s + GRACE_S)

    def _ended(self, each: Member, message: Mapping[str, Any], gathered: Gathered) -> None:
        each.open = False
        if each.number not in gathered.results and gathered.error is None and not gathered.broken_off:
            last = str(message["complaint"]).strip().rpartition("\n")[2]
            self._lost(each, f"its client ended with status {message['status']}: {last}".removesuffix(": "), gathered)
        elif each.records != message["records"]:
            self._lost(each, f"{message['records']} records were sent and {each.records} came", gathered)

    def _lost(self, each: Member, why: str, gathered: Gathered) -> None:
        each.open = False
        each.lost = why
        if not gathered.started_ns:
            error = LoadProcessDied(f"worker {each.name} was lost before the start: {why}", "check that machine")
            gathered.error = gathered.error or error
        elif not gathered.broken_off:
            gathered.flaw = f"worker {each.name} was lost after {each.records} of its records: {why}"

    def _join(self, node: str, joining: Joining | None) -> None:
        joined = [each.joining.nonce for each in self._members.values()]
        refused = refusal(joining, self._own, joined, self._expected)
        if refused is not None or joining is None:
            reason, hint = refused or ("", "")
            self._tell(node, REFUSED, {"reason": reason, "mend": hint})
            self._say(f"refused worker {joining.name if joining else node}: {reason}")
            return
        self._members[node] = Member(len(self._members), node, joining)
        self._tell(node, WELCOME, None)
        self._say(f"worker {len(self._members)} of {self._expected} joined: {joining.name}")

    def _listener(self, kind: str) -> locust_runner.Listener:
        return lambda node, message: self._events.put((node, kind, message))

    def _next(self) -> tuple[str, str, Any] | None:
        """The next event; None after a while without one. Raises KeyboardInterrupt."""
        try:
            event: tuple[str, str, Any] = self._events.get(timeout=LOOK_S)
        except Empty:
            return None
        if event[1] == INTERRUPT:
            raise KeyboardInterrupt
        return event

    def _tell(self, node: str, kind: str, message: dict[str, Any] | None) -> None:
        self._runner.send_message(kind, message, client_id=node)

    def _within(self, seconds: float) -> None:
        self._deadline_ns = time.monotonic_ns() + round(seconds * 1e9)

    def _late(self) -> bool:
        return time.monotonic_ns() > self._deadline_ns
