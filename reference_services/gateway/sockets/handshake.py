"""The WebSocket handshake on both sides: the client's and the replica's."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import h11

from signoff.reference_services.gateway.forwarding import headers
from signoff.reference_services.gateway.forwarding.asked import Asked
from signoff.reference_services.gateway.forwarding.connection import READ_BYTES, SWITCHING, Failed, connect, target
from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.gateway.settings import configuration
from signoff.reference_services.web.access.failures import Refused

MOST_REFUSAL_BYTES = 2**20


class Incoming:
    """A client's handshake, and the answer to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: asyncio.Event) -> None:
        self.reader = reader
        self.writer = writer
        self.left = left
        """That the client has gone."""
        self._http = h11.Connection(h11.SERVER)

    async def scope(self) -> dict[str, Any]:
        """The request as an ASGI scope. Raises Refused, or EOFError where the client left."""
        while (event := self._event()) is h11.NEED_DATA:
            data = await self.reader.read(READ_BYTES)
            if not data:
                raise EOFError
            self._http.receive_data(data)
        if not isinstance(event, h11.Request):
            raise Refused(400, "This is no request.", "invalid_request")
        raw_path, _, query = bytes(event.target).partition(b"?")
        client, server = (self.writer.get_extra_info(name) for name in ("peername", "sockname"))
        return {
            "type": "websocket",
            "method": "GET",
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "headers": list(event.headers),
            "client": tuple(client[:2]) if client else None,
            "server": tuple(server[:2]) if server else None,
        }

    async def accept(self, answered: headers.Headers) -> None:
        """Switch protocols."""
        both = [*answered, (b"connection", b"Upgrade"), (b"upgrade", b"websocket")]
        self._write(h11.InformationalResponse(status_code=SWITCHING, headers=both, reason=b"Switching Protocols"))
        await self.writer.drain()

    async def refuse(self, status: int, answered: headers.Headers, body: bytes) -> None:
        """Answer with a status in place of a socket."""
        kept = [(name, value) for name, value in answered if name.lower() != b"content-length"]
        length = (b"content-length", str(len(body)).encode())
        with contextlib.suppress(h11.LocalProtocolError, OSError):
            self._write(h11.Response(status_code=status, headers=[*kept, length, (b"connection", b"close")]))
            self._write(h11.Data(data=body))
            self._write(h11.EndOfMessage())
            await self.writer.drain()

    def _event(self) -> Any:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(400, f"This is no request: {error}.", "invalid_request") from None

    def _write(self, event: h11.Event) -> None:
        self.writer.write(self._http.send(event) or b"")


@dataclass(slots=True)
class Outgoing:
    """A replica's answer to a handshake. With 101 the connection is a socket, which begins with `first`."""

    status: int
    headers: headers.Headers
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    first: bytes = b""
    body: bytes = field(default=b"", repr=False)

    @property
    def is_socket(self) -> bool:
        """Whether the replica switched protocols."""
        return self.status == SWITCHING

    def close(self) -> None:
        """Leave, at once."""
        self.writer.transport.abort()


async def ask(replica: Replica, asked: Asked, figures: configuration.Upstream, context: ssl.SSLContext) -> Outgoing:
    """A replica's answer. Raises Failed; cancelling this closes the connection."""
    connection = await connect(replica, figures.connect_seconds, context)
    try:
        async with asyncio.timeout(figures.answer_seconds):
            head = await connection.ask("GET", target(replica, asked.target), asked.headers, b"")
            found = Outgoing(head.status_code, list(head.headers), connection.reader, connection.writer)
            if found.is_socket:
                if dict(found.headers).get(b"upgrade", b"").lower() != b"websocket":
                    raise Failed("malformed", "answering", "an upgrade to another protocol")
                found.first = connection.trailing()
                return found
            async for part in connection.parts(figures.silence_seconds):
                found.body += part
                if len(found.body) > MOST_REFUSAL_BYTES:
                    raise Failed("malformed", "answering", f"a refusal of more than {MOST_REFUSAL_BYTES} bytes")
            return found
    except BaseException as error:
        connection.close()
        if isinstance(error, TimeoutError):
            raise Failed("timeout", "sent") from None
        raise
