"""uvicorn's WebSocket connection with limits: on the bytes and the time of a message, and on the time for an answer."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn._types import ASGIReceiveEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame

from signoff.reference_services.web.requests.held_bytes import HeldBytes, NoRoom
from signoff.reference_services.web.serving.send_deadline import SendDeadline
from signoff.reference_services.web.settings.limits import Limits

MOST_FRAGMENTS = 1024
"""Frames of one message: each takes more memory than its bytes, and an empty one has none."""


class SocketConnection(WebSocketsSansIOProtocol):
    """`check` is called now and then. What of a message has come is held in the share of all clients' bytes."""

    def __init__(
        self,
        limits: Limits,
        held: HeldBytes,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._share = held.share()
        self._sending = SendDeadline(limits.send_seconds)
        self._began: float | None = None
        """When the message began that is not whole yet."""

    def check(self) -> None:
        """Look at the time."""
        self._sending.check(self.transport)
        late_s = 0.0 if self._began is None else self.loop.time() - self._began
        if late_s > self._limits.request_body_seconds and not self.transport.is_closing():
            self._fail(CloseCode.POLICY_VIOLATION, "the message takes too long")

    def _fail(self, code: CloseCode, reason: str) -> None:
        self.conn.fail(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.transport.close()

    # What uvicorn and its transport call.

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        super().data_received(data)
        waiting = len(self.conn.reader.buffer) + sum(map(len, self.frames))
        if not waiting:
            self._began = None
        elif self._began is None:
            self._began = self.loop.time()
        try:
            self._share.hold(waiting)
        except NoRoom:
            self._fail(CloseCode.TRY_AGAIN_LATER, "all clients together send more than fits")

    def handle_cont(self, event: Frame) -> None:
        """A message continues."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self._fail(CloseCode.POLICY_VIOLATION, f"a message of more than {MOST_FRAGMENTS} frames")
            return
        super().handle_cont(event)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._share.release()
        super().connection_lost(exc)

    async def receive(self) -> ASGIReceiveEvent:
        """What the app reads next."""
        message = await super().receive()
        if not self.writable.is_set():
            self.transport.pause_reading()
        return message

    def pause_writing(self) -> None:
        """The client is slow: nothing more is read of it, because each ping it sends would be answered."""
        self._sending.paused()
        super().pause_writing()
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """The client resumes reading."""
        self._sending.resumed()
        super().resume_writing()
        if not self.read_paused:
            self.transport.resume_reading()
