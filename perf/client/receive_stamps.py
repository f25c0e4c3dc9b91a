"""Kernel arrival times of bytes, on the monotonic clock.

The kernel stamps a packet with the wall clock (`SO_TIMESTAMPNS`, Linux socket(7)). How long it then lay
unread is a difference on the wall clock, and that age is taken off the monotonic time of the read. A read
that spans several packets carries the stamp of the last one. A stepped wall clock would falsify the age, so a
jump of the offset between both clocks is noticed and the reads around it carry the user-space time instead.
"""

from __future__ import annotations

import socket
import struct
import sys
import time
from collections.abc import Sequence
from typing import Final

SO_TIMESTAMPNS: Final = 35
ANCILLARY_BYTES: Final = socket.CMSG_SPACE(16) if hasattr(socket, "CMSG_SPACE") else 0
_TIMESPEC: Final = struct.Struct("@qq")
_SLEW: Final = 0.002
"""The drift between both clocks that does not count as a step (NTP slews by 0.0005)."""
_STEP_NS: Final = 1_000_000
_TIGHT_NS: Final = 5_000

Ancillary = Sequence[tuple[int, int, bytes]]


def ask_for_stamps(sock: socket.socket) -> bool:
    """Whether the kernel will timestamp this socket's data."""
    if not sys.platform.startswith("linux") or struct.calcsize("@q") != 8:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


class ReceiveClock:
    """Converts kernel timestamps to monotonic times and counts failures.

    `look` comes after the reads whose stamps `arrival` is asked for.
    """

    def __init__(self) -> None:
        self.kernel_reads = 0
        self.user_reads = 0
        self.steps = 0
        self._now_ns = 0
        self._real_ns = 0
        self._offset_ns = 0
        self._seen_ns = 0
        self._trusted_from_real_ns = 0

    def look(self) -> int:
        """Reads both clocks; returns the monotonic one (ns)."""
        before = time.monotonic_ns()
        real = time.time_ns()
        now = time.monotonic_ns()
        if now - before > _TIGHT_NS or abs(real - now - self._offset_ns) > _STEP_NS:
            now, real = self._both_clocks()
        self._now_ns, self._real_ns = now, real
        return now

    def arrival(self, ancillary: Ancillary) -> tuple[int, bool]:
        """(arrival in monotonic ns, whether it is the kernel's); without a timestamp, the last clock reading."""
        for level, kind, data in ancillary:
            if kind == SO_TIMESTAMPNS and level == socket.SOL_SOCKET and len(data) >= _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack_from(data)
                stamped = seconds * 1_000_000_000 + nanoseconds
                age = self._real_ns - stamped
                if stamped >= self._trusted_from_real_ns and 0 <= age < 60_000_000_000:
                    self.kernel_reads += 1
                    return self._now_ns - age, True
        self.user_reads += 1
        return self._now_ns, False

    def _both_clocks(self) -> tuple[int, int]:
        """(monotonic, wall clock), the monotonic one read last: an arrival is never put before it happened."""
        for _ in range(3):
            before = time.monotonic_ns()
            real = time.time_ns()
            now = time.monotonic_ns()
            if now - before <= _TIGHT_NS:
                break  # else the process lost the core between the readings: once more
        offset = real - now
        if self._seen_ns:
            allowed = _STEP_NS + (now - before) + int((now - self._seen_ns) * _SLEW)
            if abs(offset - self._offset_ns) > allowed:
                self.steps += 1
                self._trusted_from_real_ns = real
        self._offset_ns, self._seen_ns = offset, now
        return now, real
