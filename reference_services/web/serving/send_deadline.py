"""Closes the connection of a client that does not read, and frees its memory."""

from __future__ import annotations

import asyncio


class SendDeadline:
    """Of one connection. Its protocol reports when writing pauses and resumes, and checks it regularly."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def paused(self) -> None:
        """More waits to be sent than may wait."""
        self._since = asyncio.get_running_loop().time()

    def resumed(self) -> None:
        """The client has taken most of it."""
        self._since = None

    def check(self, transport: asyncio.Transport) -> None:
        """Cut the connection where the time is over; a connection that is closed has to be empty by then too."""
        now = asyncio.get_running_loop().time()
        if self._since is None and transport.is_closing():
            self._since = now
        if self._since is not None and now - self._since > self._seconds:
            transport.abort()
