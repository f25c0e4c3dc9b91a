"""uvicorn's HTTP connection with limits: on the time for head, body, answer and next request, on the size of heads."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Literal

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from signoff.reference_services.web.serving.send_deadline import SendDeadline
from signoff.reference_services.web.settings.limits import Limits

MOST_PIPELINED = 16
"""Requests that may wait for the answer before theirs on one connection."""
Stage = Literal["idle", "head", "body", "whole"]


class HttpConnection(HttpToolsProtocol):
    """`check` is called regularly. A late or long request gets its status if none was sent yet."""

    def __init__(
        self,
        limits: Limits,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._sending = SendDeadline(limits.send_seconds)
        self._stage: Stage = "head"
        """Of the request that comes in. A connection that says nothing is late with its first head."""
        self._head_bytes = 0
        self._since = self._heard = self._checked = self.loop.time()

    @property
    def is_answering(self) -> bool:
        """Whether a request is in progress."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def idle_since(self) -> float | None:
        """Start of the idle time; None during a request, or when the connection is closing."""
        is_idle = self._stage in ("idle", "head") and not self.is_answering and not self.transport.is_closing()
        return self._since if is_idle else None

    def check(self) -> None:
        """Look at the time."""
        self._sending.check(self.transport)
        now = self.loop.time()
        if self._stage == "body" and self.flow.read_paused:
            # The client is kept waiting by us.
            self._since += now - self._checked
            self._heard = now
        self._checked = now
        if self._is_late(now) and not self.transport.is_closing():
            if self._stage == "idle" or not (self._head_bytes or self.is_answering):
                self.transport.close()
            else:
                self._give_up(HTTPStatus.REQUEST_TIMEOUT)

    def _is_late(self, now: float) -> bool:
        limits, took = self._limits, now - self._since
        if self._stage == "body":
            return took > limits.request_body_seconds or now - self._heard > limits.request_idle_seconds
        if self.is_answering or self._stage == "whole":
            return False
        return took > (limits.keep_alive_seconds if self._stage == "idle" else limits.request_head_seconds)

    def _give_up(self, status: HTTPStatus) -> None:
        """Inform the client, where its answer has not begun, and end the connection; the app sees its client leave."""
        if not self.pipeline and not (self.is_answering and self.cycle.response_started):
            text = f"{status.phrase}\n"
            head = f"content-type: text/plain; charset=utf-8\r\ncontent-length: {len(text)}\r\nconnection: close"
            self.transport.write(STATUS_LINE[status] + f"{head}\r\n\r\n{text}".encode())
        if self.is_answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    # What uvicorn, its parser and its transport call.

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        self._heard = self.loop.time()
        if self._stage in ("idle", "head"):
            self._head_bytes += len(data)
        super().data_received(data)
        if self._stage == "head" and self._head_bytes > self._limits.max_head_bytes and not self.transport.is_closing():
            self._give_up(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._enter("head")
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; trailers after a body are ignored."""
        if self._stage == "head":
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole. Requests are taken one after another, and few wait."""
        if len(self.pipeline) >= MOST_PIPELINED:
            self.transport.abort()
            raise ConnectionError("too many requests wait on one connection")
        self._enter("body")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body is whole."""
        self._enter("whole")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is out."""
        self._enter("idle" if self._stage == "whole" else self._stage)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """The client is slow."""
        self._sending.paused()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client resumes reading."""
        self._sending.resumed()
        super().resume_writing()

    def _enter(self, stage: Stage) -> None:
        if stage != "head":
            self._head_bytes = 0
        self._stage = stage
        self._since = self._heard = self.loop.time()
