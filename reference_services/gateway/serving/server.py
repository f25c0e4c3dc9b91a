"""The listener of a gateway, from bind to graceful end; SIGHUP reads the configuration again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time

from fastapi import FastAPI
from starlette.responses import Response

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.settings.configuration import Configuration
from signoff.reference_services.web.access import failures
from signoff.reference_services.web.access.guard import guarded
from signoff.reference_services.web.access.refusal import Refusal
from signoff.reference_services.web.serving.listening import SAME_SIGNAL_S, bind
from signoff.reference_services.web.serving.server import Server, config

log = logging.getLogger(LOGGER)
DESCRIPTORS = 2
"""Of a connection: its own, and the replica's."""


def serve(app: FastAPI, configuration: Configuration, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress may end within the grace time. Raises ListenError."""
    front, security = configuration.gateway, configuration.security
    with contextlib.closing(bind(front.host, front.port)) as sock:

        def refuse(refusal: Refusal) -> Response:
            app.state.access.refused(refusal.status)
            return failures.as_refused(refusal).response()

        options = config(
            guarded(app, security.allowed, refuse),
            front.limits,
            is_access_logged=is_access_logged,
            certificate=security.tls_certificate,
            key=security.tls_key,
            make_socket=app.state.sockets.protocol,
        )
        scheme = "https" if security.tls_certificate else "http"
        log.info("listening", extra={"fields": {"service": f"{scheme}://{front.host}:{front.port}"}})
        asyncio.run(_run(Server(options, front.limits, DESCRIPTORS), sock, app))
    log.info("stopped")


async def _run(server: Server, sock: socket.socket, app: FastAPI) -> None:
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
