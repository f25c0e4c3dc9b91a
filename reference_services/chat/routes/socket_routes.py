"""WebSocket /v1/chat/stream: a chat request in, the chunks of its answer out, one JSON message each, then `[DONE]`.

A socket handles one request after another. Messages sent during an answer wait; if the client closes the socket, the
work stops. Keys and sizes are checked at the handshake, as the gate does for every request.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from signoff.reference_services.chat.api import asking, session_name
from signoff.reference_services.chat.api.answers import CHAT, body
from signoff.reference_services.chat.api.chunks import chunks
from signoff.reference_services.chat.api.generation import Generation, Parts
from signoff.reference_services.chat.api.metrics import SOCKET
from signoff.reference_services.chat.api.requests import ChatRequest
from signoff.reference_services.web.access.connection import ClientLeft, while_connected
from signoff.reference_services.web.access.failures import Refused, internal
from signoff.reference_services.web.access.gate import allowance, caller
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.held_bytes import NoRoom, share_of

DONE = "[DONE]"
MOST_WAITING = 8
"""Requests that may wait on one socket; a client that sends more gets an error and is disconnected."""
TOO_MANY, NO_ROOM = 1008, 1013
"""Close codes of RFC 6455, section 7.4, and of its registry."""


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter()

    @routes.websocket(SOCKET)
    async def chat_stream(socket: WebSocket) -> None:
        try:
            session_id = session_name.session_id(socket)
        except Refused as refused:
            await socket.send_denial_response(refused.response())
            return
        inbox = Inbox(socket, parts.service.config.max_body_bytes)
        reader = None
        try:
            await socket.accept()
            reader = asyncio.create_task(inbox.read())
            while True:
                await _answer(parts, socket, inbox, await inbox.next(), session_id)
        except (ClientLeft, WebSocketDisconnect, OSError):
            pass
        finally:
            if reader is not None:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)

    return routes


class Inbox:
    """What a client sends, read as it comes, so that its leaving is seen at once.

    What waits has few messages and together the bytes of one, and is held in the share of all clients' bytes; so is the
    message that is worked on.
    """

    def __init__(self, socket: WebSocket, most_bytes: int) -> None:
        self._socket = socket
        self._most_bytes = most_bytes
        self._share = share_of(socket.scope)
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._waiting_bytes = self._taken_bytes = 0
        self._left = asyncio.Event()

    async def read(self) -> None:
        """Read until the client leaves."""
        try:
            while (message := await self._socket.receive())["type"] == "websocket.receive":
                text = message.get("text")
                # Text that is no UTF-8 is refused by the protocol itself; escapes may still hold half a character.
                content = text.encode("utf-8", "surrogatepass") if text is not None else message.get("bytes") or b""
                if (why := self._take(content)) is not None:
                    await self._socket.close(*why)
                    break
        finally:
            self._left.set()
            self._waiting.put_nowait(None)

    def _take(self, content: bytes) -> tuple[int, str] | None:
        """Have a message wait; if there is no room for it, the code and the reason to close with."""
        if self._waiting.qsize() >= MOST_WAITING:
            return TOO_MANY, f"more than {MOST_WAITING} requests wait"
        if self._waiting_bytes + len(content) > self._most_bytes:
            return TOO_MANY, f"requests of more than {self._most_bytes} bytes wait"
        try:
            self._share.hold(self._taken_bytes + self._waiting_bytes + len(content))
        except NoRoom:
            return NO_ROOM, "the clients of now send more than fits"
        self._waiting_bytes += len(content)
        self._waiting.put_nowait(content)
        return None

    async def next(self) -> bytes:
        """The next message. Raises ClientLeft, even with waiting messages: their answers would not be read."""
        self._taken_bytes = 0
        self._share.hold(self._waiting_bytes)
        message = await self._waiting.get()
        if message is None or self._left.is_set():
            raise ClientLeft
        self._waiting_bytes -= len(message)
        self._taken_bytes = len(message)
        return message

    async def left(self) -> dict[str, str]:
        """Waits until the client has left; what `while_connected` watches."""
        await self._left.wait()
        return {"type": "http.disconnect"}


async def _answer(parts: Parts, socket: WebSocket, inbox: Inbox, message: bytes, session_id: str | None) -> None:
    """Answer one request; an error has the usual shape, and the socket stays open."""
    account = parts.metrics.account(SOCKET)
    try:
        await allowance(socket).take()
        asked = request_body.checked(_streaming(request_body.parsed(message)), ChatRequest)
        start = asking.chat(parts, account, asked, caller(socket), session_id)
        started = await while_connected(inbox.left, start)
        await _stream(parts, socket, inbox, started, asked.wants_usage)
    except Refused as refused:
        account.close("error" if refused.is_ours else "invalid")
        await _send(socket, {**refused.body(), "status": refused.status})
    except (ClientLeft, WebSocketDisconnect, OSError):
        account.close("cancelled")
        raise
    except Exception as error:
        account.close("error")
        failure = internal(error, SOCKET)
        await _send(socket, {**failure.body(), "status": failure.status})


async def _stream(parts: Parts, socket: WebSocket, inbox: Inbox, started: Generation, wants_usage: bool) -> None:
    async def pump() -> None:
        model = parts.service.served_names()[0]
        async with aclosing(chunks(started, CHAT, model, wants_usage)) as made:
            async for chunk in made:
                await _send(socket, chunk)
                if "error" in chunk:
                    return
        await socket.send_text(DONE)

    try:
        await while_connected(inbox.left, pump())
    finally:
        await started.close()


def _streaming(data: dict[str, Any]) -> dict[str, Any]:
    """The request with `stream`, which need not be said here. Raises Refused if it is said to be false."""
    if data.get("stream") is False:
        raise Refused(400, "stream: a socket answers in chunks; leave stream out.", "invalid_value", "stream")
    return {**data, "stream": True} if data.get("stream") is None else data


async def _send(socket: WebSocket, data: dict[str, Any]) -> None:
    await socket.send_text(body(data).decode("utf-8"))
