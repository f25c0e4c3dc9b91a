"""A worker of a master on another machine: takes shards, runs the client, sends the records.

perf/distributed/carried_shard.py runs a shard; this module handles the master's messages.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import gevent
import greenlet
from gevent.queue import Empty, Queue

from signoff.perf.distributed import locust_runner
from signoff.perf.distributed.carried_shard import DONE, CarriedShard, Send
from signoff.perf.distributed.joining import (
    CLOCK,
    GOODBYE,
    JOIN,
    PLAN,
    REFUSED,
    START,
    STOP,
    WELCOME,
    Joining,
)
from signoff.perf.errors import JoinRefused, MasterGone

ANSWER_S: Final = 10.0
SILENCE_S: Final = 6.0
IDLE_SILENCE_S: Final = 60.0
GRACE_S: Final = 10.0
INTERRUPT: Final = "interrupt"


def serve(host: str, port: int, headers: Mapping[str, str], *, wait_s: float, say: Callable[[str], None]) -> None:
    """Serves the master at this address until it ends. `headers` are this worker's own, including its key.

    Raises MasterGone if no master answers within `wait_s` or it disappears, JoinRefused if it does not accept
    this worker, KeyboardInterrupt after Ctrl-C and after sending the collected records.
    """
    _Worker(host, port, headers, say).serve(wait_s)


class _Worker:
    """State of a worker."""

    def __init__(self, host: str, port: int, headers: Mapping[str, str], say: Callable[[str], None]) -> None:
        self.host, self.port = host, port
        self.headers = dict(headers)
        self.say = say
        self.events: Queue[tuple[str, Any]] = Queue()
        self.heard_ns = time.monotonic_ns()
        self.shard: CarriedShard | None = None

    def serve(self, wait_s: float) -> None:
        where = f"{self.host}:{self.port}"
        self.say(f"waiting for the master at {where}")
        before = signal.getsignal(signal.SIGINT)
        watcher = gevent.signal_handler(signal.SIGINT, self._interrupt, greenlet.getcurrent())
        self.connected = False
        try:
            kinds = (WELCOME, REFUSED, PLAN, START, STOP, GOODBYE)
            listeners: dict[str, locust_runner.Listener] = {kind: self._listener(kind) for kind in kinds}
            no_answer = MasterGone(f"no master answers at {where}", "start it there with --master --bind HOST:PORT")
            try:
                with gevent.Timeout(wait_s, no_answer):
                    runner = locust_runner.worker(self.host, self.port, self._heard, listeners)
            except ConnectionError:
                raise no_answer from None
            self.connected = True
            runner.register_message(CLOCK, lambda **_: runner.send_message(CLOCK, {"now_ns": time.monotonic_ns()}))
            self.send: Send = lambda kind, message: runner.send_message(kind, message)
            try:
                self._join(where)
                self._follow(where)
            finally:
                if self.shard is not None:
                    self.shard.kill()
                locust_runner.close(runner)
        finally:
            watcher.cancel()
            signal.signal(signal.SIGINT, before)

    def _join(self, where: str) -> None:
        self.send(JOIN, Joining.own().as_message())
        event = self._next(ANSWER_S)
        if event is None:
            raise MasterGone(f"what answers at {where} is no master of Signoff", "a plain Locust master may run there")
        kind, message = event
        if kind == REFUSED:
            raise JoinRefused(f"the master at {where} refuses this worker: {message['reason']}", message["mend"])
        if kind == INTERRUPT:
            raise KeyboardInterrupt
        self.say(f"joined the master at {where}")

    def _follow(self, where: str) -> None:
        """Executes the master's orders until it ends."""
        while True:
            event = self._next(1.0)
            silent_s = (time.monotonic_ns() - self.heard_ns) / 1e9
            if silent_s > (IDLE_SILENCE_S if self.shard is None else SILENCE_S):
                raise MasterGone(f"the master at {where} was not heard for {silent_s:.0f} s; this worker has stopped")
            if event is None:
                continue
            kind, message = event
            if kind == GOODBYE:
                self.say("the master has ended")
                return
            if kind == PLAN:
                self.shard = CarriedShard(message, self.headers, self.send, self.events)
            elif kind == DONE:
                if message is self.shard:
                    self.shard = None
            elif kind == INTERRUPT:
                if self.shard is not None:
                    self.shard.stop()
                    self.shard.reader.join(GRACE_S)
                raise KeyboardInterrupt
            elif self.shard is not None and message.get("run") == self.shard.run:
                if kind == START:
                    self.shard.start(message["at_ns"])
                elif kind == STOP:
                    self.shard.stop()

    def _interrupt(self, main: greenlet.greenlet) -> None:
        if self.connected:
            self.events.put((INTERRUPT, None))
        else:  # Locust waits for its master
            main.throw(_Interrupted)

    def _heard(self) -> None:
        self.heard_ns = time.monotonic_ns()

    def _listener(self, kind: str) -> locust_runner.Listener:
        def take(_: str, message: Any) -> None:
            self._heard()
            self.events.put((kind, message))

        return take

    def _next(self, within_s: float) -> tuple[str, Any] | None:
        try:
            event: tuple[str, Any] = self.events.get(timeout=within_s)
        except Empty:
            return None
        return event


class _Interrupted(KeyboardInterrupt):
    """Ctrl-C while no master answers."""
