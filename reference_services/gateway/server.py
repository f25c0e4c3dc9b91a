"""The listener of a gateway, from bind to graceful end; SIGHUP reads the configuration again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

from reference_services.chat import failures
from reference_services.chat.server import BACKLOG, GRACE_S, SAME_SIGNAL_S, bind
from reference_services.gateway import LOGGER
from reference_services.gateway.configuration import Configuration
from reference_services.web.guard import guarded
from reference_services.web.refusal import Refusal

log = logging.getLogger(LOGGER)
KEPT_S = 75
"""Idle connections of clients are kept longer than clients keep them, so that none is closed under a request."""


def serve(app: FastAPI, configuration: Configuration, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests under way may end within the grace time. Raises ListenError."""
    front, security = configuration.gateway, configuration.security
    with contextlib.closing(bind(front.host, front.port)) as sock:

        def refuse(refusal: Refusal) -> Response:
            app.state.access.refused(refusal.status)
            return failures.told(refusal).response()

        config = uvicorn.Config(
            guarded(app, security.allowed, refuse),
            lifespan="on",
            log_config=None,
            access_log=is_access_logged,
            server_header=False,
            # What a client says of where it comes from is not believed, be it on this machine; the guard believes the
            # proxies that are allowed.
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEPT_S,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=security.tls_certificate or None,
            ssl_keyfile=security.tls_key or None,
            ws=app.state.sockets.protocol,
        )
        scheme = "https" if security.tls_certificate else "http"
        log.info("listening", extra={"fields": {"service": f"{scheme}://{front.host}:{front.port}"}})
        asyncio.run(_run(_Server(config), sock, app))
    log.info("stopped")


class _Server(uvicorn.Server):
    """uvicorn without its signal handling, which ends a process by the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _run(server: _Server, sock: socket.socket, app: FastAPI) -> None:
    loop = asyncio.get_running_loop()
    asked_at: float | None = None

    def stop() -> None:
        nonlocal asked_at
        now = time.monotonic()
        asked_at = asked_at or now
        server.should_exit = True
        server.force_exit = now - asked_at > SAME_SIGNAL_S

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, app.state.reloading.soon)
    await server.serve([sock])
