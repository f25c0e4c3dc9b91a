"""WebSockets through the gateway: who may open one, and which service it goes to."""

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

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.forwarding import asked as asking
from signoff.reference_services.gateway.forwarding import headers
from signoff.reference_services.gateway.forwarding.account import Account
from signoff.reference_services.gateway.forwarding.connection import READ_BYTES, Failed
from signoff.reference_services.gateway.forwarding.relay import unscoped
from signoff.reference_services.gateway.routes.routes import CONFIGURED, Parts, of_path
from signoff.reference_services.gateway.services.replica import Lease, Replica
from signoff.reference_services.gateway.services.service import Service
from signoff.reference_services.gateway.sockets.handshake import Incoming, Outgoing, ask
from signoff.reference_services.gateway.sockets.relay import Bounds, relayed
from signoff.reference_services.web.access.connection import CLIENT_LEFT
from signoff.reference_services.web.access.failures import Refused, as_refused, internal
from signoff.reference_services.web.access.gate import allowance
from signoff.reference_services.web.access.visitors import Visitors
from signoff.reference_services.web.serving.send_deadline import SendDeadline

log = logging.getLogger(LOGGER)
PATHS = ("/v1/chat/stream", "/v1/realtime")
"""Paths where `?model=` says where a socket goes; others are configured."""


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
        """The client resumes reading."""
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
                raise as_refused(refusal)
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
                outcome = await relayed(client, answer, self._bounds(request), stopping)
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
            raise Refused(404, f"No WebSocket is at this path; there are {paths} and configured ones.", "not_found")
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

    def _bounds(self, request: HTTPConnection) -> Bounds:
        configuration = self._parts.directory.configuration
        return Bounds(
            most_bytes=configuration.gateway.max_body_bytes,
            silence_s=configuration.upstream.silence_seconds,
            take=allowance(request).take,
        )


async def _refuse(client: Incoming, refused: Refused, request_id: str) -> None:
    response = refused.response()
    more = [(b"x-request-id", request_id.encode())] if request_id else []
    with contextlib.suppress(OSError):
        await client.refuse(response.status_code, [*response.raw_headers, *more], bytes(response.body))


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """Only the gate is called: there is no ASGI app behind it."""
