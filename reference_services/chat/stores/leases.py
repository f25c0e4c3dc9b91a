"""Sessions of a store's server that this process has claimed.

A claim is a lease: it lasts LEASE_S and is renewed while the turn is under way, so that the death of a process keeps
nobody from a session for longer. A process that was stopped for longer finds its claim gone, and its turn is refused
in the commit itself: who holds the claim is checked there, not believed.
"""

from __future__ import annotations

import threading
import time

LEASE_S = 5.0
TICK_S = 1.0
_RENEW_S = LEASE_S / 3


class Leases:
    """Holders by session, and when to renew."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}
        self._lock = threading.Lock()
        self._renewed_s = time.monotonic()

    def begin(self, session_id: str, holder: str) -> None:
        """A claim was granted."""
        with self._lock:
            self._held[session_id] = holder

    def end(self, session_id: str, holder: str) -> None:
        """A claim is over."""
        with self._lock:
            if self._held.get(session_id) == holder:
                del self._held[session_id]

    def due(self) -> list[tuple[str, str]]:
        """What has to be renewed now: nothing until a third of the lease is over."""
        if time.monotonic() < self._renewed_s + _RENEW_S:
            return []
        self._renewed_s = time.monotonic()
        with self._lock:
            return list(self._held.items())
