"""Starts a program of Signoff as a process of its own, without importing it anew each time.

A start of Python that imports a command or a service takes half a second to a second of a processor, and the tests need
hundreds. Here a server (fork_server.py) has imported the program and forks: the process has its own arguments,
variables, folder and streams, and gets signals and ends as any other. What a test shows about the start of Python
itself, about imports or about the process tree needs a real start.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

DEVNULL = subprocess.DEVNULL
SERVER = Path(__file__).with_name("fork_server.py")
OF_PYTHON = "PYTHON"
"""How variables begin that only count when Python starts."""
_ASKING = threading.Lock()
"""Tests start processes in threads too."""


class PreparedProcess:
    """A process, with what tests use of `subprocess.Popen`."""

    def __init__(
        self,
        program: str,
        *arguments: str,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stdout: IO[bytes] | int | None = None,
        stderr: IO[bytes] | int | None = None,
    ) -> None:
        """Streams are this process's own, DEVNULL or a file; the standard input is empty."""
        self.args = [sys.executable, "-P", "-m", program, *arguments]
        self.returncode: int | None = None
        of_python = tuple(sorted((name, value) for name, value in env.items() if name.startswith(OF_PYTHON)))
        with _ASKING:
            asked = _server(program, of_python)
        folder = str(cwd or Path.cwd())
        start = json.dumps({"arguments": arguments, "folder": folder, "environment": dict(env)}).encode()
        self._status, status = os.pipe()
        with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - one descriptor for all three
            streams = [
                nothing.fileno() if each == DEVNULL else number if each is None else _descriptor(each)
                for number, each in enumerate((DEVNULL, stdout, stderr))
            ]
            with _ASKING:
                socket.send_fds(asked, [start], [*streams, status])
                (self.pid,) = struct.unpack("i", asked.recv(4))
            os.close(status)

    def poll(self) -> int | None:
        """Its exit code (negative for a signal) once it has ended."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises TimeoutExpired."""
        code = self._ended(timeout)
        if code is None:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """To the process, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout_s)[0]:
            (self.returncode,) = struct.unpack("i", os.read(self._status, 4))
            os.close(self._status)
        return self.returncode


def run(
    program: str, *arguments: str, env: Mapping[str, str], cwd: Path | None = None, timeout: float, text: bool = True
) -> subprocess.CompletedProcess[Any]:
    """A process from its start to its end, and what it printed. Raises TimeoutExpired, and ends it."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = PreparedProcess(program, *arguments, env=env, cwd=cwd, stdout=out, stderr=errors)
        try:
            code = process.wait(timeout)
        except BaseException:
            process.kill()
            process.wait()
            raise
        out.seek(0)
        errors.seek(0)
        printed = [each.read() for each in (out, errors)]
    if text:
        return subprocess.CompletedProcess(process.args, code, *(each.decode("utf-8") for each in printed))
    return subprocess.CompletedProcess(process.args, code, *printed)


def _descriptor(stream: IO[bytes] | int) -> int:
    return stream if isinstance(stream, int) else stream.fileno()


@cache
def _server(program: str, of_python: tuple[tuple[str, str], ...]) -> socket.socket:
    """Asks a server that has imported the program, where Python has started with these variables."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for each in (ours, theirs):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**20)
    others = {name: value for name, value in os.environ.items() if not name.startswith(OF_PYTHON)}
    process = subprocess.Popen(
        [sys.executable, "-P", str(SERVER), program, str(theirs.fileno())],
        # Threads of OpenBLAS would be a second thread where it forks.
        env={**others, **dict(of_python), "OPENBLAS_NUM_THREADS": "1"},
        pass_fds=(theirs.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
