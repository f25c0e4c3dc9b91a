"""The listener, from bind to graceful end."""

from __future__ import annotations

import asyncio
import logging

from reference_services.chat.server import bind, run
from reference_services.switch import LOGGER
from reference_services.switch.app import CreateApp
from reference_services.switch.settings import SwitchSettings
from reference_services.web.server import Server, config

log = logging.getLogger(LOGGER)
DESCRIPTORS = 2
"""Of a connection: its own, and one to whoever is asked for it."""


def serve(settings: SwitchSettings, create: CreateApp, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests under way may end within the grace time.

    Raises SettingsError or ListenError before anything listens.
    """
    app = create(settings)
    with bind(settings.switch_host, settings.switch_port) as sock:
        url = f"http://{settings.switch_host}:{settings.switch_port}"
        log.info("listening", extra={"fields": {"service": url}})
        limits = settings.limits
        server = Server(config(app, limits, is_access_logged=is_access_logged), limits, DESCRIPTORS)
        asyncio.run(run([server], [sock]))
    log.info("stopped")
