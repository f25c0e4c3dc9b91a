"""A process between the service and vLLM: `python -I vllm_guard.py FOLDER COMMAND...`.

vLLM is several processes, and killing the first leaves the others alive. This one leads their session, takes in those
that lose their parent, and ends them all: when vLLM's first process has ended, when it gets SIGTERM, and when
the service has gone in whatever way, which it sees by the end of its standard input. It removes FOLDER at the end.

Exit: that of vLLM's first process; 128 and the signal where one ended it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psutil

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 6.0
"""Less than the ten seconds after which a supervisor kills the service."""
LOOK_S = 0.05


def main(arguments: list[str]) -> int:
    """Run the command until it ends or has to."""
    folder, *command = arguments
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    asked_to_end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked_to_end.set())
    threading.Thread(target=_until_alone, args=(asked_to_end,), daemon=True).start()
    try:
        first = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        while first.poll() is None and not asked_to_end.wait(LOOK_S):
            pass
        _end_all()
        code = first.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _until_alone(asked_to_end: threading.Event) -> None:
    """The service holds the other end of standard input: it closes with the service, however that ends."""
    while os.read(0, 1024):
        pass
    asked_to_end.set()


def _end_all() -> None:
    """End every process below this one: asked first, killed after the grace time."""
    deadline = time.monotonic() + GRACE_S
    number = signal.SIGTERM
    signalled: set[int] = set()
    while alive := [each for each in psutil.Process().children(recursive=True) if _lives(each)]:
        if time.monotonic() > deadline and number != signal.SIGKILL:
            number, signalled = signal.SIGKILL, set()
        for each in alive:
            # Also those that were started meanwhile, and those that a signal made orphans.
            if each.pid not in signalled:
                signalled.add(each.pid)
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.send_signal(number)
        time.sleep(LOOK_S)


def _lives(process: psutil.Process) -> bool:
    """Whether it runs; an orphan that has ended is taken off the list of processes here."""
    with contextlib.suppress(psutil.NoSuchProcess):
        if process.status() != psutil.STATUS_ZOMBIE:
            return True
        if process.ppid() == os.getpid():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
