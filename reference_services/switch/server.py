"""The listener, from bind to graceful end."""

from __future__ import annotations

import asyncio
import logging

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp

from reference_services.chat.server import BACKLOG, GRACE_S, Server, bind, run
from reference_services.switch import LOGGER
from reference_services.switch.app import CreateApp
from reference_services.switch.refusals import Refused
from reference_services.switch.settings import SwitchSettings
from reference_services.web.guard import guarded
from reference_services.web.refusal import Refusal
from reference_services.web.visitors import Allowed

log = logging.getLogger(LOGGER)


def serve(settings: SwitchSettings, create: CreateApp, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests under way may end within the grace time.

    Raises SettingsError or ListenError before anything listens.
    """
    app = create(settings)
    with bind(settings.switch_host, settings.switch_port) as sock:
        url = f"http://{settings.switch_host}:{settings.switch_port}"
        log.info("listening", extra={"fields": {"service": url}})
        allowed = Allowed(
            settings.switch_allowed_hosts, settings.switch_allowed_origins, settings.switch_trusted_proxies
        )
        asyncio.run(run([Server(_config(guarded(app, allowed, _refuse), is_access_logged))], [sock]))
    log.info("stopped")


def _config(app: ASGIApp, is_access_logged: bool) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=is_access_logged,
        server_header=False,
        # uvicorn would believe whoever connects from 127.0.0.1; the guard believes the proxies that are allowed.
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
    )


def _refuse(refusal: Refusal) -> Response:
    return Refused(refusal.status, refusal.message).response()
