"""Event-loop lag of a measuring process, sampled fifty times a second, and its CPU use."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

from signoff.perf.client.client import Client
from signoff.perf.client.wakeup import Wakeup
from signoff.perf.load.client_validity import ClientUse, Usage

BEAT_NS: Final = 20_000_000


class LoopLagMonitor:
    """Samples from `start` on; `on_beat` gets the time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, on_beat: Callable[[int], None] | None = None) -> None:
        self._on_beat = on_beat
        self._lag_ns: list[int] = []
        self._wakeup = Wakeup(loop, self._beat)

    def start(self, at_ns: int) -> None:
        """Counts the process's CPU use from now on, and its lag from that time on."""
        self._usage = Usage()
        self._due_ns = at_ns
        self._wakeup.at(at_ns)

    def close(self) -> None:
        self._wakeup.close()

    def use(self, client: Client) -> ClientUse:
        """The process's measurements of itself since the start."""
        clock = client.reading.clock
        return ClientUse(
            loop_lag_ns=tuple(self._lag_ns),
            kernel_reads=clock.kernel_reads,
            user_reads=clock.user_reads,
            clock_steps=clock.steps,
            cpu_share=self._usage.cpu_share(),
            steal_share=self._usage.steal_share(),
        )

    def _beat(self) -> None:
        now = time.monotonic_ns()
        self._lag_ns.append(now - self._due_ns)
        missed = (now - self._due_ns) // BEAT_NS
        self._due_ns += (missed + 1) * BEAT_NS
        self._wakeup.at(self._due_ns)
        if self._on_beat is not None:
            self._on_beat(now)
