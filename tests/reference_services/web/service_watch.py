"""What an attack costs others: how long another client waits, and how much memory the service takes meanwhile."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

MB = 2**20
LOOK_S = 0.02


@dataclass
class Cost:
    """`longest_s` is the longest wait for /health, `grown_bytes` the peak of resident memory above its beginning."""

    longest_s: float = 0.0
    grown_bytes: int = 0


def memory(pid: int, name: str) -> int:
    """`VmRSS` or `VmHWM` of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


@contextlib.contextmanager
def watched(url: str, pid: int, most_bytes: int = 600 * MB) -> Iterator[Cost]:
    """Ask for /health again and again until the block ends.

    A process that grows by more than `most_bytes` is killed, so that a regression takes no more than the service.
    """
    cost = Cost()
    is_over = threading.Event()
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")  # begin the peak anew
    before = memory(pid, "VmRSS")

    def ask() -> None:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            while not is_over.is_set():
                begin = time.monotonic()
                # A connection that is given up for another one is no wait.
                with contextlib.suppress(httpx.TransportError):
                    client.get("/health")
                cost.longest_s = max(cost.longest_s, time.monotonic() - begin)
                time.sleep(LOOK_S)

    def guard() -> None:
        while not is_over.is_set():
            with contextlib.suppress(OSError, StopIteration):
                if memory(pid, "VmRSS") - before > most_bytes:
                    os.kill(pid, signal.SIGKILL)
                    return
            time.sleep(LOOK_S)

    threads = [threading.Thread(target=ask), threading.Thread(target=guard)]
    for each in threads:
        each.start()
    try:
        yield cost
        cost.grown_bytes = memory(pid, "VmHWM") - before
    finally:
        is_over.set()
        for each in threads:
            each.join()
