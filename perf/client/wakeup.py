"""A timer that fires within microseconds of an absolute time; epoll alone is late by up to a millisecond.

Uses timerfd (Linux timerfd_create(2)), and the event loop's own timers if there is none.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import struct
import sys
from collections.abc import Callable
from typing import Final

_CLOCK_MONOTONIC: Final = 1
_ABSOLUTE: Final = 1
_NONBLOCK_CLOEXEC: Final = os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0)
_ITIMERSPEC: Final = struct.Struct("@qqqq")


class Wakeup:
    """Calls `fire` once at or after the time given to `at`; a later `at` replaces an earlier one."""

    def __init__(self, loop: asyncio.AbstractEventLoop, fire: Callable[[], None]) -> None:
        self._loop = loop
        self._fire = fire
        self._handle: asyncio.TimerHandle | None = None
        self._libc: ctypes.CDLL | None = None
        self._descriptor = -1
        self._setting = ctypes.create_string_buffer(_ITIMERSPEC.size)
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError, AttributeError):
                libc = ctypes.CDLL(None, use_errno=True)
                descriptor = int(libc.timerfd_create(_CLOCK_MONOTONIC, _NONBLOCK_CLOEXEC))
                if descriptor >= 0:
                    self._libc, self._descriptor = libc, descriptor
                    loop.add_reader(descriptor, self._expired)

    @property
    def exact(self) -> bool:
        """Whether it is a timerfd."""
        return self._libc is not None

    def every(self, interval_ns: int) -> None:
        """Fires at this interval until it is changed; 0 stops it. Linux only."""
        assert self._libc is not None
        _ITIMERSPEC.pack_into(self._setting, 0, *divmod(interval_ns, 1_000_000_000) * 2)
        self._libc.timerfd_settime(self._descriptor, 0, self._setting, None)

    def at(self, due_ns: int) -> None:
        """Arms the timer for a time on CLOCK_MONOTONIC; one that has passed fires at once."""
        if self._libc is None:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_at(due_ns / 1e9, self._fire)
            return
        seconds, nanoseconds = divmod(max(due_ns, 1), 1_000_000_000)
        _ITIMERSPEC.pack_into(self._setting, 0, 0, 0, seconds, nanoseconds)
        self._libc.timerfd_settime(self._descriptor, _ABSOLUTE, self._setting, None)

    def close(self) -> None:
        """Disarms the timer permanently."""
        if self._handle is not None:
            self._handle.cancel()
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
            self._libc = None

    def _expired(self) -> None:
        try:
            os.read(self._descriptor, 8)
        except BlockingIOError:
            return
        self._fire()
