"""Ends all children of this process when it ends, however it ends.

A separate process, the keeper, holds the reading end of a pipe whose writing end only this process has. It is sent
the list of children, and when the pipe closes, it ends the remaining ones with all their descendants. No child
has to cooperate, so this also works for a hanging event loop, for Locust's patched threads and for services
in other languages. As a program (`python lifeline.py`) this is the keeper.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Final

GRACE_S: Final = 1.0
"""Grace time for children that end on request."""
POLL_S: Final = 0.02
NEEDED: Final = frozenset(["PATH", "HOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV"])
"""The keeper's environment, without keys."""
MOST_FILES: Final = 4096

_lock = threading.RLock()
_children: set[int] = set()
_pipe: int | None = None


def keep(pid: int) -> None:
    """From now on this child, the leader of its process group, ends with this process."""
    with _lock:
        _children.add(pid)
        _tell(b"+%d\n" % pid)


def let_go(pid: int) -> None:
    """This child has ended, and the system may reuse its id."""
    with _lock:
        _children.discard(pid)
        _tell(b"-%d\n" % pid)


def _tell(line: bytes) -> None:
    global _pipe
    if _pipe is None:
        _pipe = _started()
        line = b"".join(b"+%d\n" % each for each in _children)
    try:
        os.write(_pipe, line)
    except BrokenPipeError:  # somebody ended the keeper: another takes its place
        os.close(_pipe)
        _pipe = None
        if _children:
            _tell(line)


def _started() -> int:
    """The writing end of a new keeper's pipe."""

    reading, writing = os.pipe()
    try:
        os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", str(Path(__file__))],
            {name: value for name, value in os.environ.items() if name in NEEDED or name.startswith("PYTHON")},
            file_actions=[
                (os.POSIX_SPAWN_DUP2, reading, 0),
                # Whoever reads this process's output must not wait for the keeper.
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setpgroup=0,  # Ctrl-C is not for it
        )
    finally:
        os.close(reading)
    return writing


def _forget() -> None:
    """In a fork of this process: it has no children, and must not hold the pipe open."""
    global _pipe
    _children.clear()
    if _pipe is not None:
        os.close(_pipe)
        _pipe = None


def _main() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it ends with whom it keeps for
    os.closerange(3, MOST_FILES)  # a pipe that the parent had from its own must not stay open for it
    children: dict[int, None] = {}
    for line in sys.stdin.buffer:
        if line[:1] == b"+":
            children[int(line[1:])] = None
        else:
            children.pop(int(line[1:]), None)
    if children:
        _end(list(children))


def _end(leaders: list[int]) -> None:
    """End these process groups and their descendants: first SIGTERM, then SIGKILL."""
    import psutil  # only now: while it waits, the keeper takes no more than Python does

    processes: list[psutil.Process] = []
    for leader in leaders:
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(leader)
            processes += [process, *process.children(recursive=True)]
    for leader in reversed(leaders):
        _signal(leader, signal.SIGTERM)
    end = time.monotonic() + GRACE_S
    while any(_group_lives(leader) for leader in leaders) and time.monotonic() < end:
        time.sleep(POLL_S)
    for leader in leaders:
        _signal(leader, signal.SIGKILL)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()  # psutil looks first whether its id has come to mean another


def _signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _group_lives(leader: int) -> bool:
    try:
        os.killpg(leader, 0)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    _main()
else:
    os.register_at_fork(after_in_child=_forget)
