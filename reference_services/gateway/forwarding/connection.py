"""A connection to a replica: one exchange after the other; malformed answers are not passed on.

h11 parses. What it lets pass and no client should get is looked at here: a server that answers in two ways at once, or
with bytes that end a line elsewhere, could make a client take one answer for two.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from typing import Any, Literal
from urllib.parse import urlsplit

import h11

from signoff.reference_services.gateway.forwarding.headers import Headers
from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.web.access.failures import Refused

READ_BYTES = 65_536
MOST_HEAD_BYTES = 65_536
MOST_INTERIM = 8
"""Interim answers (1xx) to one request."""
SWITCHING = 101
MOST_LENGTH_DIGITS = 18
LARGEST_STATUS = 599
_LINE_BYTES = 4
"""What a header line has beside name and value."""
_VERSIONS = (b"1.0", b"1.1")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_WITH_BODY = ("POST", "PUT", "PATCH")

Stage = Literal["unsent", "sent", "answering"]


Head = h11.Response | h11.InformationalResponse
"""Of an answer; an interim one where a connection is no longer HTTP."""


class Failed(Exception):
    """A replica failed. `kind` is what the metric calls it; `stage` how far the request had come; `why`: in words."""

    def __init__(self, kind: str, stage: Stage, why: str = "") -> None:
        super().__init__(why or kind)
        self.kind = kind
        self.stage = stage
        self.why = why


class Connection:
    """One connection. After a whole answer it may be asked again, where `is_reusable` says so."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.reader = reader
        self.writer = writer
        self._host = host.encode("ascii")
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)
        self._has_begun = False
        self._is_cut = False

    async def ask(self, method: str, target: str, headers: Headers, content: bytes) -> Head:
        """The head of the answer; with 101 the connection is no longer HTTP. Raises Failed, or Refused (400)."""
        length = [(b"content-length", str(len(content)).encode())] if content or method in _WITH_BODY else []
        self._has_begun = False
        try:
            request = h11.Request(method=method, target=target, headers=[(b"host", self._host), *headers, *length])
            sent = self._http.send(request) or b""
        except h11.LocalProtocolError as error:
            # No replica is at fault where what is asked for cannot be sent.
            raise Refused(400, f"This request cannot be sent on: {error}.", "invalid_request") from None
        if content:
            sent += self._http.send(h11.Data(data=content)) or b""
        sent += self._http.send(h11.EndOfMessage()) or b""
        try:
            self.writer.write(sent)
            await self.writer.drain()
        except OSError:
            # A server may answer before it has read all, and close: the answer is there, or the end of it is.
            self._is_cut = True
        head = await self._head()
        if (why := _unsound(head)) is not None:
            raise Failed("malformed", "answering", why)
        return head

    async def parts(self, silence_s: float) -> AsyncIterator[bytes]:
        """The body as it comes, encoded as it is. Raises Failed if it is cut, or silent for too long."""
        while True:
            event = self._event()
            if isinstance(event, h11.Data):
                yield bytes(event.data)
            elif event is h11.NEED_DATA:
                try:
                    async with asyncio.timeout(silence_s):
                        await self._read()
                except TimeoutError:
                    raise Failed("silent", "answering") from None
            else:
                return

    def trailing(self) -> bytes:
        """What came after the answer."""
        return self._http.trailing_data[0]

    def renew(self) -> bool:
        """Make ready for another request, where that can be: the answer was whole, and nothing came after it."""
        is_over = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if self._is_cut or not is_over or self._http.trailing_data != (b"", False):
            return False
        self._http.start_next_cycle()
        return True

    async def is_fresh(self) -> bool:
        """Whether nothing has come since the last answer: neither an end, nor unrequested data."""
        try:
            async with asyncio.timeout(0):
                await self.reader.read(1)
        except TimeoutError:
            return not (self.reader.at_eof() or self.writer.is_closing())
        except OSError:
            pass
        return False

    def close(self) -> None:
        """Leave, at once: the replica sees its client go."""
        self.writer.transport.abort()

    async def _head(self) -> Head:
        interim = 0
        while True:
            event = self._event()
            if event is h11.NEED_DATA:
                await self._read()
            elif isinstance(event, h11.Response) or event.status_code == SWITCHING:
                head: Head = event
                return head
            else:
                interim += 1
                if interim > MOST_INTERIM:
                    raise Failed("malformed", "answering", f"more than {MOST_INTERIM} interim answers")

    async def _read(self) -> None:
        """More of the answer. Raises Failed if its head does not come."""
        try:
            data = await self.reader.read(READ_BYTES)
        except OSError:
            data = b""
        if not data:
            self._is_cut = True
            if self._http.their_state is h11.SEND_RESPONSE:
                raise Failed("cut", "answering") if self._has_begun else Failed("broken", "sent")
        self._has_begun = True
        self._http.receive_data(data)

    def _event(self) -> Any:
        try:
            return self._http.next_event()
        except (h11.RemoteProtocolError, ValueError) as error:
            # A number of thousands of digits is a ValueError.
            raise Failed("cut" if self._is_cut else "malformed", "answering", str(error)) from None


async def connect(replica: Replica, within_s: float, context: ssl.SSLContext) -> Connection:
    """A new connection. Raises Failed."""
    parts = urlsplit(replica.url)
    is_tls = parts.scheme == "https"
    try:
        async with asyncio.timeout(within_s):
            reader, writer = await asyncio.open_connection(
                parts.hostname, parts.port or (443 if is_tls else 80), ssl=context if is_tls else None, limit=READ_BYTES
            )
    except TimeoutError:
        raise Failed("connect_timeout", "unsent") from None
    except (OSError, ssl.SSLError):
        raise Failed("connect", "unsent") from None
    return Connection(reader, writer, parts.netloc)


def target(replica: Replica, asked: str) -> str:
    """What a replica is asked for: as it came, below the path of its address, without resolving dots."""
    return urlsplit(replica.url).path + asked


def _unsound(head: Head) -> str | None:
    """Why an answer must not be forwarded, or None."""
    given = dict(head.headers)
    if head.http_version not in _VERSIONS:
        return f"HTTP/{head.http_version.decode('ascii')}"
    if head.status_code > LARGEST_STATUS:
        return f"status {head.status_code}"
    if sum(len(name) + len(value) + _LINE_BYTES for name, value in head.headers) > MOST_HEAD_BYTES:
        return f"a head of more than {MOST_HEAD_BYTES} bytes"
    if any(_CONTROL.search(value) for _, value in head.headers):
        return "a control character in a header"
    if b"transfer-encoding" in given and (b"content-length" in given or head.http_version == b"1.0"):
        return "two ways to say where it ends"
    if len(given.get(b"content-length", b"")) > MOST_LENGTH_DIGITS:
        return "a length that cannot be"
    return None
