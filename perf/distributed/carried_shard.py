"""One shard of a run on a worker's machine; its records go to the master as they come.

The client is a separate process (`python -m signoff.perf.load.load`) without Locust or gevent, so
that no greenlet delays a send or a read. Plan, headers and start reach it by its standard input.
"""

from __future__ import annotations

import contextlib
import json
import signal
import tempfile
from collections.abc import Callable, Mapping
from typing import Any, Final

import gevent
from gevent import subprocess
from gevent.queue import Queue

from signoff.perf.distributed.joining import ENDED, RECORDS, with_own_headers
from signoff.perf.errors import PerfError
from signoff.perf.load.client_limits import open_files_short
from signoff.perf.load.load_process import client_command, client_environment
from signoff.perf.processes import lifeline
from signoff.perf.redaction import known_secrets

BATCH_S: Final = 0.1
DONE: Final = "done"

Send = Callable[[str, Any], None]


class CarriedShard:
    """The shard and the client that carries it. Puts (DONE, itself) into `events` when it has ended."""

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
            record = {"record": "error", "kind": type(error).__name__, "message": str(error), "mend": error.hint}
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
            lifeline.keep(self._child.pid)
            self._tell({**plan.as_message(), "shard": message["shard"]})
        self._flusher = gevent.spawn(self._flush_often)
        self.reader = gevent.spawn(self._read)

    def start(self, at_ns: int) -> None:
        """Sends the client the start time, on this machine's clock."""
        self._tell(at_ns)
        self._tell_no_more()

    def stop(self) -> None:
        """Interrupts the client; its last records still arrive."""
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
            lifeline.let_go(self._child.pid)
            self._complaints.seek(0)
            complaint = known_secrets.redacted(self._complaints.read())[-2000:]
        self._complaints.close()
        self._flusher.kill()
        self._flush()
        ending = {"run": self.run, "status": status, "complaint": complaint, "records": self._records}
        self._send(ENDED, ending)
        self._events.put((DONE, self))

    def _flush_often(self) -> None:
        while True:
            gevent.sleep(BATCH_S)
            self._flush()

    def _flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._send(RECORDS, {"run": self.run, "lines": lines})
