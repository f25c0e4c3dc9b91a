"""Progress of a run: the current criterion and the time left."""

from __future__ import annotations

import contextlib
import time

from signoff.acceptance.criterion import Criterion
from signoff.reports.terminal import clear_line, is_terminal, redraw, show

REDRAW_S = 0.1
PLAIN_EVERY_S = 15.0


class Progress:
    """One live line in a terminal; in a pipe a plain line now and then; nothing where it is switched off."""

    def __init__(self, *, shown: bool = True) -> None:
        self._shown = shown
        self._live = shown and is_terminal("err")
        self._criterion = ""
        self._left_s = self._cost_s = 0.0
        self._drawn_at = 0.0
        self._plain_at = 0.0

    def note(self, text: str) -> None:
        """Say one thing at once."""
        self._show(text, force=True)

    def criterion(self, position: int, total: int, criterion: Criterion, left_s: float, cost_s: float) -> None:
        """The current criterion, the usual time of all remaining ones, and its own."""
        self._criterion, self._left_s, self._cost_s = f"[{position}/{total}] {criterion.name}", left_s, cost_s
        self._show(f"{self._criterion}, about {left_s:.0f} s left")

    def share(self, what: str, share: float) -> None:
        """How far one long measurement is."""
        left_s = max(0.0, self._left_s - share * self._cost_s)
        self._show(f"{self._criterion}, about {left_s:.0f} s left: {what} {share:.0%}")

    def step(self, text: str) -> None:
        """Progress of a measurement that serves several criteria."""
        self._show(text)

    def end(self) -> None:
        """Leave a clean line behind."""
        if self._live:
            with contextlib.suppress(OSError):
                clear_line()

    def _show(self, text: str, *, force: bool = False) -> None:
        if not self._shown:
            return
        try:
            self._write(text, force=force)
        except OSError:  # nobody sees it any more, which is no reason to judge nothing
            self._shown = self._live = False

    def _write(self, text: str, *, force: bool) -> None:
        now = time.monotonic()
        if self._live:
            if force or now - self._drawn_at >= REDRAW_S:
                redraw(text)
                self._drawn_at = now
        elif force or now - self._plain_at >= PLAIN_EVERY_S:
            show(text, on="err")
            self._plain_at = now
