"""Imports a program once and forks a process of it for each start that is asked for.

`python fork_server.py PROGRAM SOCKET`; prepared_process.py starts it, and asks it through the socket. It has one
thread only, so that no lock is held where it forks.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import struct
import sys
import tempfile
from collections.abc import Callable
from types import FrameType
from typing import Any

COMMANDS = "signoff.acceptance.commands"
MOST_BYTES = 2**20
"""A start with all of its arguments and variables."""


def program(name: str) -> Callable[[], int]:
    """What `python -m NAME` would run, with what it imports."""
    if name == "signoff.acceptance":
        commands = importlib.import_module(COMMANDS)
        for module in commands.COMMANDS.values():
            importlib.import_module(f"{COMMANDS}.{module}")
        return commands.main
    return importlib.import_module(f"{name}.__main__").main


class Server:
    """Forks, and tells how each process ended."""

    def __init__(self, asked: socket.socket) -> None:
        self._asked = asked
        self._ended, waking = os.pipe()
        os.set_blocking(self._ended, False)
        os.set_blocking(waking, False)
        self._statuses: dict[int, int] = {}
        """The descriptor that gets the status, by the process."""
        self._waking = waking

    def serve(self) -> bool:
        """Fork for each start: true in a new process, false in this one once the asker has ended, with all of them."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: each process has its own handler
        signal.signal(signal.SIGCHLD, _wake)
        signal.set_wakeup_fd(self._waking)
        with selectors.DefaultSelector() as selector:
            selector.register(self._asked, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fd == self._ended:
                        self._reap()
                        continue
                    message, descriptors, _, _ = socket.recv_fds(self._asked, MOST_BYTES, 4)
                    if not message:
                        for process in self._statuses:
                            os.kill(process, signal.SIGKILL)
                        return False
                    if self._fork(message, descriptors):
                        selector.close()
                        return True

    def _fork(self, message: bytes, descriptors: list[int]) -> bool:
        *streams, status = descriptors
        process = os.fork()
        if process == 0:
            self._become(json.loads(message), streams, status)
            return True
        for each in streams:
            os.close(each)
        self._statuses[process] = status
        self._asked.send(struct.pack("i", process))
        return False

    def _become(self, start: dict[str, Any], streams: list[int], status: int) -> None:
        """Leave behind what is the server's, and take what the start gives."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self._asked.close()
        for each in (self._ended, self._waking, status, *self._statuses.values()):
            os.close(each)
        for number, each in enumerate(streams):
            os.dup2(each, number)
            os.close(each)
        os.chdir(start["folder"])
        os.environ.clear()
        os.environ.update(start["environment"])
        tempfile.tempdir = None  # of another environment
        sys.argv[1:] = start["arguments"]

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._ended, 4096)
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                status = self._statuses.pop(found[0])
                with contextlib.suppress(BrokenPipeError):
                    os.write(status, struct.pack("i", os.waitstatus_to_exitcode(found[1])))
                os.close(status)


def _wake(number: int, frame: FrameType | None) -> None:
    """A handler has to be there, so that a signal wakes the selector."""


if __name__ == "__main__":
    main = program(sys.argv[1])
    sys.argv[0] = str(importlib.import_module(f"{sys.argv[1]}").__file__).replace("__init__", "__main__")
    gc.freeze()  # what a collection would touch in each process is copied there
    if Server(socket.socket(fileno=int(sys.argv[2]))).serve():
        sys.exit(main())
