"""Relays the bytes of a WebSocket unchanged in both directions after its handshake.

So pings, pongs, close codes and extensions are those of client and service, and a slow side slows the other one
down. Messages are counted, because each is a request, and limited in length; they are not read.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from websockets.frames import CloseCode

from signoff.reference_services.gateway.forwarding.connection import READ_BYTES
from signoff.reference_services.gateway.sockets.frames import Frames, TooLong, close_frame
from signoff.reference_services.gateway.sockets.handshake import Incoming, Outgoing
from signoff.reference_services.web.access.failures import Refused


@dataclass(frozen=True)
class Bounds:
    """What a client may send: bytes a message, and messages (`take` raises Refused); how long a service may be slow."""

    most_bytes: int
    silence_s: float
    take: Callable[[], Awaitable[object]]


async def relayed(client: Incoming, answer: Outgoing, bounds: Bounds, stopping: asyncio.Event) -> str:
    """Bytes, both ways, until one side ends; how it ended."""
    to_replica, to_client = Frames(bounds.most_bytes), Frames()

    async def outward(data: bytes) -> None:
        for _ in range(to_replica.feed(data)):
            await bounds.take()
        await _send(answer.writer, data, bounds.silence_s)

    async def inward(data: bytes) -> None:
        to_client.feed(data)
        # As long as it takes: the client's connection ends where it takes nothing.
        await _send(client.writer, data, None)

    async def back() -> None:
        await inward(answer.first)
        await _pump(answer.reader, inward)

    there = asyncio.ensure_future(_pump(client.reader, outward))
    here = asyncio.ensure_future(back())
    stop = asyncio.ensure_future(stopping.wait())
    tasks = {there, here, stop}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    ended, code, reason = _ended(there, here, to_client)
    if code is not None and to_client.is_between and not to_client.is_closing:
        with contextlib.suppress(OSError):
            client.writer.write(close_frame(code, reason))
    return ended


async def _pump(reader: asyncio.StreamReader, passed: Callable[[bytes], Awaitable[None]]) -> None:
    """Until the end of the one side. Waits while the other one is slow."""
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(READ_BYTES):
            await passed(data)


async def _send(writer: asyncio.StreamWriter, data: bytes, within_s: float | None) -> None:
    try:
        writer.write(data)
        async with asyncio.timeout(within_s):
            await writer.drain()
    except TimeoutError:
        writer.transport.abort()
        await asyncio.Event().wait()
    except ConnectionError:
        # That side has gone, and its own direction ends and tells how.
        await asyncio.Event().wait()


def _ended(there: asyncio.Task[None], here: asyncio.Task[None], to_client: Frames) -> tuple[str, CloseCode | None, str]:
    """How a socket ended, and the close code and reason that its client has yet to get."""
    if there.done() and not there.cancelled() and (error := there.exception()) is not None:
        if isinstance(error, Refused):
            return "rate", CloseCode.POLICY_VIOLATION, str(error)
        if isinstance(error, TooLong):
            return "too_long", CloseCode.MESSAGE_TOO_BIG, "The message is longer than the limit."
        raise error
    if here.done() and not here.cancelled():
        if (error := here.exception()) is not None:
            raise error
        return (
            ("closed", None, "") if to_client.is_closing else ("cut", CloseCode.BAD_GATEWAY, "The service broke off.")
        )
    if there.done() and not there.cancelled():
        return "closed" if to_client.is_closing else "client_left", None, ""
    return "stopping", CloseCode.SERVICE_RESTART, "The gateway ends."
