"""The listeners of the service and of its metrics, in one process, from bind to graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response

from signoff.reference_services.chat import LOGGER
from signoff.reference_services.chat.engine.engine import EngineError
from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.access.failures import as_refused
from signoff.reference_services.web.access.guard import guarded
from signoff.reference_services.web.access.refusal import Refusal
from signoff.reference_services.web.access.visitors import Allowed
from signoff.reference_services.web.serving.listening import bind, run
from signoff.reference_services.web.serving.server import Server, config, sockets_of
from signoff.reference_services.web.settings import tls

log = logging.getLogger(LOGGER)


def serve(settings: ChatSettings, create: CreateApp, database: Path, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress may end within the grace time.

    Raises SettingsError, ListenError, StoreError or EngineError before anything listens, and EngineError where the
    engine does not start or is lost while it serves.
    """
    tls.check(settings.tls_certificate, settings.tls_key)
    with contextlib.ExitStack() as stack:
        metrics_port = settings.port if settings.metrics_port == "own" else settings.metrics_port
        ports = dict.fromkeys((settings.port, metrics_port))
        sockets = [stack.enter_context(bind(settings.host, port)) for port in ports]
        app: FastAPI = create(settings, database)

        def refuse(refusal: Refusal) -> Response:
            app.state.parts.metrics.refused.labels(str(refusal.status)).inc()
            return as_refused(refusal).response()

        allowed = Allowed(settings.allowed_hosts, settings.allowed_origins, settings.trusted_proxies)
        service, metrics = (guarded(each, allowed, refuse) for each in (app, app.state.metrics_app))
        limits = settings.limits
        secured = partial(
            config,
            limits=limits,
            is_access_logged=is_access_logged,
            certificate=settings.tls_certificate,
            key=settings.tls_key,
        )
        make_socket = sockets_of(limits, app.state.held) if settings.websocket else None
        servers = [Server(secured(service, make_socket=make_socket), limits)]
        if metrics_port != settings.port:
            servers.append(Server(secured(metrics, has_lifespan=False), limits))
        scheme = "https" if settings.tls_certificate else "http"
        log.info(
            "listening",
            extra={
                "fields": {
                    "service": f"{scheme}://{settings.host}:{settings.port}",
                    "metrics": f"{scheme}://{settings.host}:{metrics_port}/metrics",
                }
            },
        )
        asyncio.run(run(servers, sockets, app.state.ended))
        if app.state.ended.is_set():
            raise EngineError(app.state.parts.service.load_error)
    log.info("stopped")
