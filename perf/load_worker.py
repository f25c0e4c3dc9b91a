"""A worker of a master on another machine: it takes shards, has them carried by our client, and sends the records.

The client is a process of its own (`python -m perf.load`) that knows nothing of Locust or gevent, so that no
greenlet delays a send or a read. Plan, headers and start reach it by its standard input.
"""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import gevent
import greenlet
from gevent import subprocess
from gevent.queue import Empty, Queue

from perf import locust_runner
from perf.client_limits import open_files_short
from perf.errors import JoinRefused, MasterGone, PerfError
from perf.joining import (
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
    with_own_headers,
)
from perf.load_process import client_command, client_environment

BATCH_S: Final = 0.1
ANSWER_S: Final = 10.0
SILENCE_S: Final = 6.0
IDLE_SILENCE_S: Final = 60.0
GRACE_S: Final = 10.0
INTERRUPT: Final = "interrupt"
DONE: Final = "done"

Send = Callable[[str, Any], None]


def serve(host: str, port: int, headers: Mapping[str, str], *, wait_s: float, say: Callable[[str], None]) -> None:
    """Serves the master there until it says goodbye. `headers` are this worker's own, its key among them.

    Raises MasterGone where no master answers within `wait_s` or it goes away, JoinRefused where it does not take
    this worker, KeyboardInterrupt after Ctrl-C, once what was gathered has been sent.
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
        self.shard: _Shard | None = None

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
        """Does what the master says until it says goodbye."""
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
                self.shard = _Shard(message, self.headers, self.send, self.events)
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


class _Shard:
    """One shard of a run, carried by our client in a process of its own."""

    def __init__(
        self, message: Mapping[str, Any], own: Mapping[str, str], send: Send, events: Queue[tuple[str, Any]]
    ) -> None:
        self.run = message["run"]
        self._send = send
        self._events = events
        self._lines: list[str] = []
        self._records = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        try:
            plan = with_own_headers(json.loads(message["plan"]), own)
            if note := open_files_short(plan, message["shard"][1]):
                self._lines.append(json.dumps({"record": "note", "text": note}))
        except PerfError as error:
            record = {"record": "error", "kind": type(error).__name__, "message": str(error), "mend": error.mend}
            self._lines.append(json.dumps(record))
        else:
            self._child = subprocess.Popen(
                client_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=client_environment(),
                start_new_session=True,
            )
            self._tell({**plan.as_message(), "shard": message["shard"]})
        self._flusher = gevent.spawn(self._flush_often)
        self.reader = gevent.spawn(self._read)

    def start(self, at_ns: int) -> None:
        """Tells the client when the run begins, on this machine's clock."""
        self._tell(at_ns)
        self._tell_no_more()

    def stop(self) -> None:
        """Interrupts the client; its last records still come."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(signal.SIGINT)
            self._tell_no_more()  # it may wait for its start

    def kill(self) -> None:
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def _tell(self, message: object) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):  # it has ended: its reader notices
            self._child.stdin.write(json.dumps(message).encode() + b"\n")
            self._child.stdin.flush()

    def _tell_no_more(self) -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        with contextlib.suppress(OSError):
            self._child.stdin.close()

    def _read(self) -> None:
        status, complaint = 4, ""
        if self._child is not None:
            assert self._child.stdout is not None
            for line in self._child.stdout:
                if line.endswith(b"\n"):  # not what a killed child left half written
                    self._lines.append(line.decode())
                    self._records += line.startswith(b'{"record": "exchange"')
            status = self._child.wait()
            self._complaints.seek(0)
            complaint = self._complaints.read()[-2000:]
        self._complaints.close()
        self._flusher.kill()
        self._flush()
        told = {"run": self.run, "status": status, "complaint": complaint, "records": self._records}
        self._send(ENDED, told)
        self._events.put((DONE, self))

    def _flush_often(self) -> None:
        while True:
            gevent.sleep(BATCH_S)
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._send(RECORDS, {"run": self.run, "lines": lines})
