"""uvicorn as every service runs it: with limits on connections, on the time of clients, and on what they hold."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import math
import socket
from collections.abc import Callable, Iterator
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from signoff.reference_services.web.requests.held_bytes import HeldBytes
from signoff.reference_services.web.serving.descriptors import room_for
from signoff.reference_services.web.serving.http_connection import HttpConnection
from signoff.reference_services.web.serving.listener import Listener
from signoff.reference_services.web.serving.socket_connection import SocketConnection
from signoff.reference_services.web.settings.limits import Limits

log = logging.getLogger(__name__)
GRACE_S = 10
CHECK_TICKS = 5
"""uvicorn's ticks, of 0.1 s each, from one look at the connections to the next."""
MakeSocket = Callable[..., asyncio.Protocol]


class Server(uvicorn.Server):
    """Without uvicorn's signal handling, because one process has one for all its listeners, and with limits.

    `each` is how many descriptors a connection takes: one, and another where it is sent on.
    """

    def __init__(self, config: uvicorn.Config, limits: Limits, each: int = 1) -> None:
        super().__init__(config)
        self._limits = limits
        self._most = room_for(limits.max_connections, each, log)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Those of the process."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin, with listeners of ours: uvicorn's, which are asyncio's, take connections until nothing is left."""
        await super().startup(sockets=[])
        if not self.should_exit:
            context = self.config.ssl
            handshake_s = self._limits.request_head_seconds
            listeners = [
                Listener(sock, self._connection, context, self._is_full, handshake_s) for sock in sockets or []
            ]
            self.servers = cast(list[Any], listeners)

    async def on_tick(self, counter: int) -> bool:
        """Called by uvicorn every 0.1 s: looks at the time of every connection."""
        if counter % CHECK_TICKS == 0:
            connections: list[Any] = list(self.server_state.connections)
            for each in connections:
                each.check()
        return await super().on_tick(counter)

    def _connection(self) -> HttpConnection:
        return HttpConnection(self._limits, self.config, self.server_state, self.lifespan.state)

    def _is_full(self, beginning: int) -> bool:
        """Whether there is no room, also not in the place of the connection at which nothing is asked the longest."""
        connections = self.server_state.connections
        if len(connections) + beginning < self._most:
            return False
        idle = [each for each in connections if isinstance(each, HttpConnection) and each.idle_since is not None]
        if not idle:
            return True
        min(idle, key=lambda each: each.idle_since or 0.0).transport.abort()
        return False


def config(
    app: ASGIApp,
    limits: Limits,
    *,
    is_access_logged: bool = False,
    has_lifespan: bool = True,
    certificate: str = "",
    key: str = "",
    make_socket: MakeSocket | None = None,
) -> uvicorn.Config:
    """The arguments of uvicorn. `make_socket` makes the connection of a WebSocket; without it none is taken."""
    return uvicorn.Config(
        app,
        lifespan="on" if has_lifespan else "off",
        log_config=None,
        access_log=is_access_logged,
        server_header=False,
        # What a client says of where it comes from is not believed, be it on this machine.
        proxy_headers=False,
        # HttpConnection too closes what is idle: a stray byte between two requests stops uvicorn's own timer for good.
        timeout_keep_alive=math.ceil(limits.keep_alive_seconds),
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=certificate or None,
        ssl_keyfile=key or None,
        # uvicorn wants a class, and only calls it.
        ws=cast(Any, make_socket or "none"),
        ws_max_size=limits.max_message_bytes,
        # A message of a few bytes would become one of the largest size, and each socket would have its own dictionary.
        ws_per_message_deflate=False,
    )


def sockets_of(limits: Limits, held: HeldBytes) -> MakeSocket:
    """Makes the connections of WebSockets."""
    return functools.partial(SocketConnection, limits, held)
