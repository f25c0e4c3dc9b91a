"""Accepts connections up to a limit; further ones wait in the kernel's queue."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable

log = logging.getLogger(__name__)
BACKLOG = 256
"""Connections that wait to be taken."""
SEND_BUFFER_BYTES = 2**17
"""What the kernel keeps of an answer for a client that does not read; more is kept here, and seen."""
AT_ONCE = 16
"""Connections that are taken before anything else is done."""
FULL_S, PAUSE_S = 0.05, 1.0
"""How soon a full listener looks again, and one that could take nothing."""


class Listener:
    """Of one socket. `is_full` makes room where it can, and says whether there is none all the same."""

    def __init__(
        self,
        sock: socket.socket,
        protocol: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext | None,
        is_full: Callable[[int], bool],
        handshake_s: float,
    ) -> None:
        self._socket = sock
        self._protocol = protocol
        self._context = context
        self._is_full = is_full
        self._handshake_s = handshake_s
        self._beginning: set[asyncio.Task[None]] = set()
        self._has_told = False
        self._task = asyncio.get_running_loop().create_task(self._take())

    def close(self) -> None:
        """Take no more."""
        self._task.cancel()

    async def wait_closed(self) -> None:
        """Until none is taken any more."""
        await asyncio.gather(self._task, *self._beginning, return_exceptions=True)

    async def _take(self) -> None:
        loop, number = asyncio.get_running_loop(), 0
        while True:
            if self._is_full(len(self._beginning)):
                await asyncio.sleep(FULL_S)
                continue
            try:
                connection, _ = await loop.sock_accept(self._socket)
            except OSError as error:
                self._tell(error)
                await asyncio.sleep(PAUSE_S)
                continue
            self._has_told = False
            task = loop.create_task(self._begin(connection))
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)
            number += 1
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _begin(self, connection: socket.socket) -> None:
        timeout_s = self._handshake_s if self._context is not None else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._protocol, connection, ssl=self._context, ssl_handshake_timeout=timeout_s
            )
        except (OSError, EOFError):
            # It left before it had begun, or speaks no TLS.
            with contextlib.suppress(OSError):
                connection.close()

    def _tell(self, error: OSError) -> None:
        """Once, until one is taken again: a log that grows with each attempt would fill the disk."""
        if not self._has_told:
            self._has_told = True
            log.error("no connection can be taken", extra={"fields": {"reason": error.strerror or str(error)}})
