"""Turns of a Locust user: our client in a separate process (turn_client.py), called from greenlets.

Turns are not timed here: a turn is handed over with its due time, and returned as the client's record.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

import gevent
from gevent import subprocess
from gevent.event import AsyncResult

from signoff.perf import errors
from signoff.perf.errors import LoadProcessDied, PerfError
from signoff.perf.load.load_process import client_environment
from signoff.perf.load.plan import LoadPlan
from signoff.perf.processes import lifeline

READY_S = 60.0


class Turns:
    """One client for all users of this process. `keep` gets each record, with what its turn is `about`.

    With `lasts_s` no turn begins after this time. Raises the client's errors before it is ready, and LoadProcessDied.
    """

    def __init__(
        self, plan: LoadPlan, keep: Callable[[Mapping[str, Any]], None], *, keep_text: bool, lasts_s: float | None
    ) -> None:
        self._keep = keep
        self._about: dict[int, Mapping[str, Any]] = {}
        self._waiting: dict[int, AsyncResult[Mapping[str, Any] | None]] = {}
        self._numbers = itertools.count()
        self._ready: AsyncResult[None] = AsyncResult()
        self._child = subprocess.Popen(
            [sys.executable, "-m", "signoff.perf.journeys.turn_client"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=client_environment(),
            start_new_session=True,
        )
        lifeline.keep(self._child.pid)
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._to: IO[bytes] = self._child.stdin
        self._from: IO[bytes] = self._child.stdout
        self._tell({**plan.as_message(), "keep_text": keep_text, "lasts_s": lasts_s})
        self._reader = gevent.spawn(self._read)
        self._ready.get(timeout=READY_S)

    def take(
        self, body: bytes, headers: Mapping[str, str], *, due_ns: int, sequence: int, about: Mapping[str, Any]
    ) -> Mapping[str, Any] | None:
        """Sends a turn when it is due and waits for its record; None if it was dropped."""
        turn = next(self._numbers)
        done = self._waiting[turn] = AsyncResult()
        self._about[turn] = about
        named = {"turn": turn, "body": body.decode(), "headers": dict(headers), "due_ns": due_ns, "sequence": sequence}
        self._tell(named)
        found: Mapping[str, Any] | None = done.get()
        return found

    def close(self) -> None:
        """No more turns begin. Turns in progress end, and their callers get the results."""
        self._tell({"close": True})
        with contextlib.suppress(OSError):
            self._to.close()

    def end(self, within_s: float) -> None:
        """Waits for the client's last record."""
        self._reader.join(within_s)
        if self._child.poll() is None:
            self._child.kill()
        self._child.wait()
        lifeline.let_go(self._child.pid)

    def _tell(self, message: object) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has ended, or was closed before: its reader notices
            self._to.write(json.dumps(message).encode() + b"\n")
            self._to.flush()

    def _read(self) -> None:
        error: PerfError | None = None
        for line in self._from:
            if not line.endswith(b"\n"):
                break
            record = json.loads(line)
            kind = record["record"]
            if kind == "ready":
                self._ready.set(None)
            elif kind == "error":
                error = getattr(errors, record["kind"], PerfError)(record["message"], record["mend"])
                self._keep(record)
            elif kind == "dropped":
                self._settle(record["turn"], None)
            elif kind == "exchange":
                whole = {**record, **self._about.pop(record["turn"])}
                self._keep({name: value for name, value in whole.items() if name not in ("turn", "text")})
                self._settle(record["turn"], whole)
            else:
                self._keep(record)
        if not self._ready.ready():
            self._ready.set_exception(error or LoadProcessDied("the client of the journey did not start"))
        for turn in list(self._waiting):  # the client is gone: nobody waits for it
            self._settle(turn, None)

    def _settle(self, turn: int, record: Mapping[str, Any] | None) -> None:
        if (done := self._waiting.pop(turn, None)) is not None:
            done.set(record)
