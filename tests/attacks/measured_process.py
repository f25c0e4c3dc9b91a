"""A command that is watched while it runs: how it ended, how long it took, the memory of all its processes, orphans."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
EVERY_S = 0.03
MOST_BYTES = 1_500_000_000
"""A command that takes more is killed: an attack on Signoff must not become one on the machine."""
GRACE_S = 3.0


@dataclass(frozen=True)
class Ended:
    """`exit_code` is None where it was killed, `left` the processes that were still there some seconds later."""

    exit_code: int | None
    why: str
    seconds: float
    peak_bytes: int
    output: str
    left: tuple[str, ...]


def signoff(*arguments: str) -> list[str]:
    """Signoff as a command."""
    return [sys.executable, "-P", "-m", "signoff.acceptance", *arguments]


def ended(command: Sequence[str], limit_s: float) -> Ended:
    """Run it. RSS is summed over the process and all below it, every 30 ms.

    Of two samples in a row the lower one counts: between fork and exec a child's RSS is its parent's once more.
    """
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    output: list[str] = []
    assert process.stdout is not None
    reader = threading.Thread(target=lambda: output.append(process.stdout.read()), daemon=True)
    reader.start()
    seen: dict[int, psutil.Process] = {}
    peak, before, why = 0, 0, ""
    top = psutil.Process(process.pid)
    while process.poll() is None:
        now = 0
        with contextlib.suppress(psutil.Error):
            for each in (top, *top.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    seen[each.pid] = each
                    now += each.memory_info().rss
        peak, before = max(peak, min(now, before)), now
        if time.monotonic() - began > limit_s:
            why = f"killed after {limit_s:.0f} s"
        elif now > MOST_BYTES:
            why = f"killed at {now / 1e6:.0f} MB"
        if why:
            break
        time.sleep(EVERY_S)
    seconds = time.monotonic() - began
    code = process.poll()
    if why:
        for each in seen.values():
            with contextlib.suppress(psutil.Error):
                each.kill()
    process.wait()
    _, alive = psutil.wait_procs([each for each in seen.values() if each.pid != process.pid], timeout=GRACE_S)
    left = tuple(" ".join(_words(each))[:120] for each in alive)
    for each in alive:
        with contextlib.suppress(psutil.Error):
            each.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    reader.join(GRACE_S)
    process.stdout.close()
    return Ended(code, why, seconds, peak, "".join(output), left)


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
