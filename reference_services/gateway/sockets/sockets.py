"""WebSockets, passed through: after the handshake the bytes of both sides, so that pings, pongs, close codes and
extensions are those of client and service, and whoever is slow holds the other one back.

Messages are counted as they pass, since each is a request, and limited in their length; they are not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import uvicorn
from starlette.requests import HTTPConnection

from reference_services.gateway import LOGGER
from reference_services.gateway.forwarding import asked as asking
from reference_services.gateway.forwarding import headers
from reference_services.gateway.forwarding.account import Account
from reference_services.gateway.forwarding.connection import READ_BYTES, Failed
from reference_services.gateway.forwarding.relay import unscoped
from reference_services.gateway.routes.routes import CONFIGURED, Parts, of_path
from reference_services.gateway.services.replica import Lease, Replica
from reference_services.gateway.services.service import Service
from reference_services.gateway.sockets.frames import Frames, TooLong, close_frame
from reference_services.gateway.sockets.handshake import Incoming, Outgoing, ask
from reference_services.web.access.connection import CLIENT_LEFT
from reference_services.web.access.failures import Refused, internal, told
from reference_services.web.access.gate import allowance
from reference_services.web.access.visitors import Visitors
from reference_services.web.serving.send_deadline import SendDeadline

log = logging.getLogger(LOGGER)
PATHS = ("/v1/chat/stream", "/v1/realtime")
"""Paths where `?model=` says where a socket goes; others are configured."""
POLICY, TOO_LONG, RESTART, BAD_GATEWAY = 1008, 1009, 1012, 1014
"""Close codes of RFC 6455, section 7.4, and of its registry."""


class Socket(asyncio.StreamReaderProtocol):
    """A client's connection from its handshake on; uvicorn hands it over."""

    def __init__(
        self, serve: Callable[[Incoming, asyncio.Event], Awaitable[None]], send_seconds: float, **uvicorns: Any
    ) -> None:
        self._sending = SendDeadline(send_seconds)
        self._stopping = asyncio.Event()
        self._left = asyncio.Event()
        self._connections: set[Any] = uvicorns["server_state"].connections
        self._tasks: set[asyncio.Task[None]] = uvicorns["server_state"].tasks

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(serve(Incoming(reader, writer, self._left), self._stopping))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        super().__init__(asyncio.StreamReader(READ_BYTES), begin)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is this one's from here on."""
        self._connections.add(self)
        self._transport = cast(asyncio.Transport, transport)
        super().connection_made(transport)

    def check(self) -> None:
        """Called now and then: a client that takes nothing is let go."""
        self._sending.check(self._transport)

    def pause_writing(self) -> None:
        """The client is slow."""
        self._sending.paused()
        super().pause_writing()

    def resume_writing(self) -> None:
        """The client goes on."""
        self._sending.resumed()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._connections.discard(self)
        self._left.set()
        super().connection_lost(exc)

    def eof_received(self) -> bool | None:
        """The client says no more: no client of a WebSocket does that and stays."""
        self._left.set()
        return super().eof_received()

    def shutdown(self) -> None:
        """The gateway ends."""
        self._stopping.set()


class Sockets:
    """Serves sockets: who may, where to, and the bytes."""

    def __init__(self, parts: Parts, context: ssl.SSLContext, visitors: Visitors) -> None:
        self._parts = parts
        self._visitors = visitors
        self._context = context
        self._open = 0

    def protocol(self, config: uvicorn.Config, **uvicorns: Any) -> Socket:
        """What uvicorn makes for a request that asks for a WebSocket."""
        return Socket(self.serve, self._parts.directory.configuration.gateway.send_seconds, **uvicorns)

    async def serve(self, client: Incoming, stopping: asyncio.Event) -> None:
        """One socket, from handshake to end."""
        try:
            await self._serve(client, stopping)
        except (OSError, EOFError):
            pass
        except Exception as error:
            await _refuse(client, internal(error, "websocket"), "")
        finally:
            client.writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await client.writer.wait_closed()

    async def _serve(self, client: Incoming, stopping: asyncio.Event) -> None:
        try:
            scope = await client.scope()
            if (refusal := await self._visitors.refusal(scope)) is not None:
                raise told(refusal)
            limits = await self._parts.access.gate(_nothing, scope).let_in(scope)
        except Refused as refused:
            self._parts.access.refused(refused.status)
            await _refuse(client, refused, "")
            return
        request = HTTPConnection(scope)
        request_id = asking.given_id(request)
        path = scope["path"] if scope["path"] in PATHS else CONFIGURED
        account = Account(self._parts.metrics, "WEBSOCKET", path, request_id)
        try:
            service, asked = self._asked(request, request_id)
            answer, replica = await self._opened(service, asked, account, client)
        except Refused as refused:
            account.close(refused.status, refused.code or "")
            await _refuse(client, refused, request_id)
            return
        except EOFError:
            account.close(CLIENT_LEFT)
            return
        own = {**limits, "x-served-by": replica.name, "x-request-id": request_id}
        raw = [unscoped(each, asked.scope) for each in headers.to_client(answer.headers)]
        raw += [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in own.items()]
        account.began()
        account.close(answer.status)
        try:
            if not answer.is_socket:
                await client.refuse(answer.status, raw, answer.body)
                return
            self._open += 1
            replica.sockets += 1
            begin = time.monotonic()
            try:
                await client.accept(raw)
                outcome = await self._relay(client, answer, request, stopping)
            finally:
                self._open -= 1
                replica.sockets -= 1
            if outcome == "cut":
                self._parts.metrics.upstream_errors.labels(replica.service, replica.name, outcome).inc()
            where = {"request_id": request_id, "service": replica.service, "replica": replica.name}
            fields = {**where, "seconds": round(time.monotonic() - begin, 3), "outcome": outcome}
            log.log(logging.DEBUG if outcome == "closed" else logging.INFO, "socket ended", extra={"fields": fields})
        finally:
            answer.close()

    def _asked(self, request: HTTPConnection, request_id: str) -> tuple[Service, asking.Asked]:
        parts = self._parts
        if self._open >= parts.directory.configuration.gateway.max_sockets:
            raise Refused(503, f"{self._open} sockets are open, and no more are taken.", "too_many_sockets")
        found = of_path(parts.directory, request)
        if found is not None:
            service, target = found
        elif request.scope["path"] in PATHS:
            service, target = parts.forwarding.of_model(asking.queried_model(request)), None
        else:
            paths = ", ".join(f"{path}?model=..." for path in PATHS)
            raise Refused(404, f"No socket is here; there are {paths} and what is configured.", "not_found")
        return service, asking.of_socket(request, request_id, parts.identity(request), target)

    async def _opened(
        self, service: Service, asked: asking.Asked, account: Account, client: Incoming
    ) -> tuple[Outgoing, Replica]:
        """Raises Refused, or EOFError where the client left."""
        account.service = service.name

        async def attempt(lease: Lease, asked: asking.Asked) -> tuple[Outgoing, Replica]:
            figures = self._parts.directory.configuration.upstream
            try:
                answer = await ask(lease.replica, asked, figures, self._context)
            except BaseException as error:
                if isinstance(error, Failed):
                    lease.failed()
                else:
                    lease.abandoned()
                raise
            # The slot is for the handshake: a socket that waits for its next question is no work.
            if answer.status < 500:
                lease.completed()
            else:
                lease.failed()
            return answer, lease.replica

        work = asyncio.ensure_future(self._parts.forwarding.attempts(service, asked, account, attempt))
        left = asyncio.ensure_future(client.left.wait())
        try:
            await asyncio.wait({work, left}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise EOFError
            return work.result()
        finally:
            for each in (work, left):
                each.cancel()
            await asyncio.gather(work, left, return_exceptions=True)

    async def _relay(self, client: Incoming, answer: Outgoing, request: HTTPConnection, stopping: asyncio.Event) -> str:
        """Bytes, both ways, until one side ends; how it ended."""
        configuration = self._parts.directory.configuration
        most, silence_s = configuration.gateway.max_body_bytes, configuration.upstream.silence_seconds
        to_replica, to_client = Frames(most), Frames()
        may = allowance(request)

        async def outward(data: bytes) -> None:
            for _ in range(to_replica.feed(data)):
                await may.take()
            await _send(answer.writer, data, silence_s)

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


def _ended(there: asyncio.Task[None], here: asyncio.Task[None], to_client: Frames) -> tuple[str, int | None, str]:
    """How a socket ended, and the close code and reason that its client has yet to get."""
    if there.done() and not there.cancelled() and (error := there.exception()) is not None:
        if isinstance(error, Refused):
            return "rate", POLICY, str(error)
        if isinstance(error, TooLong):
            return "too_long", TOO_LONG, "The message is longer than what is let through."
        raise error
    if here.done() and not here.cancelled():
        if (error := here.exception()) is not None:
            raise error
        return ("closed", None, "") if to_client.is_closing else ("cut", BAD_GATEWAY, "The service broke off.")
    if there.done() and not there.cancelled():
        return "closed" if to_client.is_closing else "client_left", None, ""
    return "stopping", RESTART, "The gateway ends."


async def _refuse(client: Incoming, refused: Refused, request_id: str) -> None:
    response = refused.response()
    more = [(b"x-request-id", request_id.encode())] if request_id else []
    with contextlib.suppress(OSError):
        await client.refuse(response.status_code, [*response.raw_headers, *more], bytes(response.body))


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """The gate is asked alone: what is behind it is no ASGI app."""
