"""The progress of a load on standard error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from signoff.reports.terminal import clear_line, is_terminal, redraw, show

if TYPE_CHECKING:
    from signoff.perf.load.load_run import LoadProgress

REDRAW_S: Final = 0.2
PLAIN_EVERY_S: Final = 10.0


class ProgressLine:
    """What stands on standard error: a line that moves in a terminal, now and then a line elsewhere."""

    def __init__(self) -> None:
        self._live = is_terminal("err")
        self._shown_at = time.monotonic() - (0.0 if self._live else PLAIN_EVERY_S - 1.0)

    def say(self, text: str) -> None:
        self.clear()
        show(text, on="err")

    def progress(self, what: str, now: LoadProgress, timeout_s: float) -> None:
        if time.monotonic() - self._shown_at < (REDRAW_S if self._live else PLAIN_EVERY_S):
            return
        self._shown_at = time.monotonic()
        left_s = now.duration_s - now.elapsed_s
        left = f"{left_s:.0f} s left" if left_s > 0 else f"waiting for {now.in_flight}, at most {timeout_s:g} s"
        mean = "" if now.mean_latency_ms is None else f", mean {now.mean_latency_ms:.4g} ms"
        text = f"{what}{now.finished} of {now.planned} ended, {now.failed} failed, {now.in_flight} open{mean}; {left}"
        if self._live:
            redraw(text)
        else:
            show(text, on="err")

    def clear(self) -> None:
        if self._live:
            clear_line()
