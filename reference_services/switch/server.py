"""The listener, from bind to graceful end."""

from __future__ import annotations

import asyncio
import logging

import uvicorn
from fastapi import FastAPI

from reference_services.chat.server import BACKLOG, GRACE_S, Server, bind, run
from reference_services.switch import LOGGER
from reference_services.switch.app import CreateApp
from reference_services.switch.settings import SwitchSettings

log = logging.getLogger(LOGGER)


def serve(settings: SwitchSettings, create: CreateApp, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests under way may end within the grace time.

    Raises SettingsError or ListenError before anything listens.
    """
    app = create(settings)
    with bind(settings.switch_host, settings.switch_port) as sock:
        url = f"http://{settings.switch_host}:{settings.switch_port}"
        log.info("listening", extra={"fields": {"service": url}})
        asyncio.run(run([Server(_config(app, is_access_logged))], [sock]))
    log.info("stopped")


def _config(app: FastAPI, is_access_logged: bool) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        lifespan="on",
        log_config=None,
        access_log=is_access_logged,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        ws="none",
    )
