"""The listener, from bind to graceful end."""

from __future__ import annotations

import asyncio
import logging

import uvicorn
from fastapi import FastAPI
from starlette.responses import Response

from reference_services.chat.server import BACKLOG, GRACE_S, Server, bind, run
from reference_services.switch import LOGGER
from reference_services.switch.app import CreateApp
from reference_services.switch.refusals import Refused
from reference_services.switch.settings import SwitchSettings
from reference_services.web import listener
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
        asyncio.run(run([Server(_config(app, settings, is_access_logged))], [sock]))
    log.info("stopped")


def _config(app: FastAPI, settings: SwitchSettings, is_access_logged: bool) -> uvicorn.Config:
    return listener.config(
        app,
        Allowed(settings.switch_allowed_hosts, settings.switch_allowed_origins, settings.switch_trusted_proxies),
        _refuse,
        lifespan="on",
        access_log=is_access_logged,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
    )


def _refuse(refusal: Refusal) -> Response:
    return Refused(refusal.status, refusal.message).response()
