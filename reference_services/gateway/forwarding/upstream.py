"""One request to one replica, with time-outs; a failure says whether it reached the replica."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

from signoff.reference_services.gateway.forwarding.asked import Asked
from signoff.reference_services.gateway.forwarding.connection import Connection, Failed, Head, connect, target
from signoff.reference_services.gateway.forwarding.headers import Headers
from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.gateway.settings import configuration
from signoff.reference_services.web.settings.settings_problems import SettingsError

KEPT_CONNECTIONS = 256
KEPT_S = 3.0
"""Idle connections are given up before uvicorn gives them up (5 s): a request on a closing one would be lost."""


class Answer:
    """The head of an answer, whose body is still to come. Names of headers are in lower case."""

    def __init__(self, head: Head, connection: Connection, keep: Callable[[Connection], None]) -> None:
        self.status = head.status_code
        self.headers: Headers = list(head.headers)
        self._connection = connection
        self._keep = keep
        self._is_open = True

    def header(self, name: bytes) -> str:
        """The first header of this name, "" if there is none."""
        return next((value.decode("latin-1") for each, value in self.headers if each == name), "")

    async def parts(self, silence_s: float) -> AsyncIterator[bytes]:
        """The body as it comes; after its end another request gets the connection. Raises Failed."""
        async for part in self._connection.parts(silence_s):
            yield part
        if self._is_open:
            self._is_open = False
            self._keep(self._connection)

    def close(self) -> None:
        """Leave. Before the end of the answer the replica sees its client go; after it nothing happens."""
        if self._is_open:
            self._is_open = False
            self._connection.close()


class Upstream:
    """The connections to all replicas. No proxy, no cookie jar, no redirect, no added header."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._idle: dict[str, list[tuple[Connection, asyncio.TimerHandle]]] = {}

    async def open(self, replica: Replica, asked: Asked, figures: configuration.Upstream) -> Answer:
        """Status and headers of the answer. Raises Failed, or Refused (400).

        Cancelling this, or closing the answer before its end, closes the connection: the replica sees its client go.
        """
        connection = await self._rested(replica.url) or await connect(replica, figures.connect_seconds, self._context)
        try:
            async with asyncio.timeout(figures.answer_seconds):
                head = await connection.ask(asked.method, target(replica, asked.target), asked.headers, asked.content)
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                raise Failed("timeout", "sent") from None
            raise
        return Answer(head, connection, lambda it: self._keep(replica.url, it))

    async def close(self) -> None:
        """Close the connections that rest."""
        for idle in self._idle.values():
            for connection, timer in idle:
                timer.cancel()
                connection.close()
        self._idle.clear()

    async def _rested(self, url: str) -> Connection | None:
        """A connection that was left open and still is."""
        while idle := self._idle.get(url):
            connection, timer = idle.pop()
            timer.cancel()
            if await connection.is_fresh():
                return connection
            connection.close()
        return None

    def _keep(self, url: str, connection: Connection) -> None:
        if sum(map(len, self._idle.values())) >= KEPT_CONNECTIONS or not connection.renew():
            connection.close()
            return
        timer = asyncio.get_running_loop().call_later(KEPT_S, self._give_up, url, connection)
        self._idle.setdefault(url, []).append((connection, timer))

    def _give_up(self, url: str, connection: Connection) -> None:
        self._idle[url] = [each for each in self._idle.get(url, []) if each[0] is not connection]
        connection.close()


def trusted(ca_file: str) -> ssl.SSLContext:
    """Whose certificates are believed: those of a file, else the system's. Raises SettingsError."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SettingsError([f"upstream.ca_file = {ca_file!r}: cannot be used: {reason}"]) from None
