"""vLLM's server as a process: start, log, end, and cause of the end."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path

from signoff.reference_services.chat import LOGGER
from signoff.reference_services.chat.engine.engine import EngineError
from signoff.reference_services.chat.vllm import vllm_guard

log = logging.getLogger(f"{LOGGER}.engine")
KEPT_LINES = 2000
LAST_LINES = 3
SHOWN = 240
"""Characters of a log line that a message holds."""
STOP_S = 9.0
SOCKET_PATH_LIMIT = 107
"""Bytes of a socket's address (unix(7))."""
_PREFIX = re.compile(r"^(?:\([^)]*pid=\d+\) )?(?:[A-Z]+ \d\d-\d\d [\d:]+ \[[^\]]+\] ?)?")
_CAUSE = re.compile(r"^\s*(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt)\b: \S|^vllm(?: serve)?: error: \S")
_BELOW = ("validation error for ModelConfig", "validation error for EngineArgs", "validation error for VllmConfig")
_CONSEQUENCE = re.compile(r"See root cause above|Engine core initialization failed|WorkerProc initialization failed")
"""What vLLM's outer processes say of an error of their inner ones."""


class VllmProcess:
    """One start of `vllm serve`, listening on a socket in a folder that only this user can open."""

    def __init__(self, command: Callable[[Path], Sequence[str]], environment: Mapping[str, str]) -> None:
        """Starts it: `command` is what to run, for the path of the socket. Raises EngineError."""
        folder = tempfile.mkdtemp(prefix="vllm-")
        self.socket = Path(folder) / "socket"
        if len(os.fsencode(self.socket)) > SOCKET_PATH_LIMIT:
            raise EngineError(f"{self.socket} is too long for the address of a socket; set TMPDIR to a shorter folder")
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.ended: Future[int] = Future()
        """Its exit code, once it has ended; waiting callers cannot cancel it."""
        self.ended.set_running_or_notify_cancel()
        # As a file, and isolated: vLLM, in an environment of its own, inherits nothing that finds our packages.
        guard = [sys.executable, "-I", vllm_guard.__file__, folder, *command(self.socket)]
        self._process = subprocess.Popen(
            guard,
            # Its end is how the guard sees ours, also where we are killed.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, name="log of vllm", daemon=True)
        self._reader.start()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.poll()

    def stop(self) -> None:
        """End all its processes, and wait until they are gone."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(1)

    def why(self) -> str:
        """What its log says of its end, see `said`."""
        self._reader.join(1)
        return said(list(self._lines))

    def _read(self) -> None:
        assert self._process.stdout is not None
        for raw in self._process.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            if line:
                self._lines.append(line)
                log.info("vllm", extra={"fields": {"line": line}})
        self.ended.set_result(self._process.wait())


def said(lines: Sequence[str]) -> str:
    """What a log says of a program's end, in one line: the first and the last error in it, else its last lines."""
    plain = [_PREFIX.sub("", line).strip() for line in lines]
    # pydantic says on the lines below what it found.
    pairs = pairwise([*plain, ""])
    whole = [f"{line}: {below}" if line.endswith(_BELOW) else line for line, below in pairs]
    named = list(dict.fromkeys(line for line in whole if _CAUSE.search(line)))
    causes = [line for line in named if not _CONSEQUENCE.search(line)] or named
    shown = (
        causes[:1] + [line for line in causes[-1:] if line != causes[0]]
        or [line for line in plain if line][-LAST_LINES:]
    )
    return " | ".join(line if len(line) <= SHOWN else f"{line[:SHOWN]}..." for line in shown) or "it said nothing"
