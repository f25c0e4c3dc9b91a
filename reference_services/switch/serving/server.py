"""The listener, from bind to graceful end."""

from __future__ import annotations

import asyncio
import logging

from starlette.responses import Response

from signoff.reference_services.switch import LOGGER
from signoff.reference_services.switch.requests.refusals import Refused
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.serving.app import CreateApp
from signoff.reference_services.web.access.guard import guarded
from signoff.reference_services.web.access.refusal import Refusal
from signoff.reference_services.web.access.visitors import Allowed
from signoff.reference_services.web.serving.listening import bind, run
from signoff.reference_services.web.serving.server import Server, config

log = logging.getLogger(LOGGER)
DESCRIPTORS = 2
"""Per connection: its own descriptor, and one to its source."""


def serve(settings: SwitchSettings, create: CreateApp, is_access_logged: bool) -> None:
    """Serve until SIGTERM or SIGINT; requests in progress may end within the grace time.

    Raises SettingsError or ListenError before anything listens.
    """
    app = create(settings)
    with bind(settings.switch_host, settings.switch_port) as sock:
        url = f"http://{settings.switch_host}:{settings.switch_port}"
        log.info("listening", extra={"fields": {"service": url}})
        allowed = Allowed(
            settings.switch_allowed_hosts, settings.switch_allowed_origins, settings.switch_trusted_proxies
        )
        limits = settings.limits
        options = config(guarded(app, allowed, _refuse), limits, is_access_logged=is_access_logged)
        asyncio.run(run([Server(options, limits, DESCRIPTORS)], [sock]))
    log.info("stopped")


def _refuse(refusal: Refusal) -> Response:
    return Refused(refusal.status, refusal.message).response()
