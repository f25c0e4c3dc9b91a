"""The listeners: the service's, and where it is asked for one on which no model can be reached."""

from __future__ import annotations

import asyncio
import contextlib
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
    listeners = {settings.switch_port: create(settings)}
    if settings.switch_degraded_port:
        listeners[settings.switch_degraded_port] = create(without_models(settings))
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(bind(settings.switch_host, port)) for port in listeners]
        servers = [Server(_config(app, is_access_logged)) for app in listeners.values()]
        urls = [f"http://{settings.switch_host}:{port}" for port in listeners]
        fields = {"service": urls[0], **({"degraded": urls[1]} if urls[1:] else {})}
        log.info("listening", extra={"fields": fields})
        asyncio.run(run(servers, sockets))
    log.info("stopped")


def without_models(settings: SwitchSettings) -> SwitchSettings:
    """The same settings with nobody to ask: what is left of the service when all its models are down."""
    return settings.model_copy(update={"hermes_enable": False, "openai_base_url": ""})


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
