"""Claims of this process on sessions of a store.

A claim is a lease: it lasts LEASE_S and is renewed during the turn, so that a dead process blocks a session no longer
than that. A process that was stopped for longer loses its claim, and the commit itself checks the claim and refuses the
turn.
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
