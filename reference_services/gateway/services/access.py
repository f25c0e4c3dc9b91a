"""Access to the gateway: the gate of the chat services with the current keys and limits.

Callers' keys open everything that is sent on. Admins' keys announce services and look at them, and open nothing else.
The gateway's own key is shown to services in place of the caller's, where the configuration says so.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.services.metrics import NO_SERVICE, Metrics
from signoff.reference_services.gateway.settings.configuration import Configuration, Security
from signoff.reference_services.web.access.gate import Gate
from signoff.reference_services.web.access.keys import Keys, read_keys
from signoff.reference_services.web.access.rate import RateLimit
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.settings_problems import SettingsError

log = logging.getLogger(LOGGER)
CALLERS, ADMINS, OWN = "GATEWAY_API_KEYS", "GATEWAY_ADMIN_KEYS", "GATEWAY_UPSTREAM_KEY"
"""The variables that hold keys."""
ADDRESS = {"host": "API_GATEWAY_HOST", "port": "API_GATEWAY_PORT"}
SERVICES_PATH = "/services"
_REASONS = {401: "key", 403: "foreign", 413: "size", 429: "rate", 431: "size"}


@dataclass(frozen=True, slots=True)
class _Held:
    """The secrets of one configuration. `repr` shows none."""

    security: Security
    callers: Keys
    admins: Keys
    lookers: Keys
    """Callers and admins, for looking at the services."""
    own: tuple[str, ...]
    max_body_bytes: int
    max_header_bytes: int

    def __repr__(self) -> str:
        return "_Held(...)"


class Access:
    """The gate's figures and keys, which change with the configuration."""

    def __init__(self, configuration: Configuration, metrics: Metrics) -> None:
        self._metrics = metrics
        self._rate = RateLimit(configuration.security.rate_limit)
        self._held = _read(configuration)

    def apply(self, configuration: Configuration) -> None:
        """Take keys and limits of another configuration; request counts are kept. Raises SettingsError, and then
        nothing has changed.
        """
        held = _read(configuration)
        if configuration.security.rate_limit != self._held.security.rate_limit:
            self._rate = RateLimit(configuration.security.rate_limit)
        self._held = held

    @property
    def callers_are_asked(self) -> bool:
        """Whether callers need a key."""
        return self._held.callers.are_asked_for

    @property
    def admins_are_known(self) -> bool:
        """Whether services can be announced."""
        return self._held.admins.are_asked_for

    @property
    def limits_rates(self) -> bool:
        """Whether callers are counted."""
        return bool(self._held.security.rate_limit)

    @property
    def header(self) -> str:
        """The header that holds a caller's key, beside Authorization."""
        return self._held.security.api_key_header

    def gate(self, app: ASGIApp, scope: Mapping[str, Any]) -> Gate:
        """The gate for one request."""
        held = self._held
        keys = held.callers
        if scope["path"].startswith(SERVICES_PATH):
            is_look = scope.get("method") in ("GET", "HEAD")
            keys = (held.lookers if held.callers.are_asked_for else held.callers) if is_look else held.admins
        return Gate(app, keys, self._rate, held.max_header_bytes, held.max_body_bytes, self.refused)

    def shown_key(self, whose: str) -> str | None:
        """The gateway's own key, where services are shown it."""
        return self._held.own[0] if whose == "own" else None

    def refused(self, status: int) -> None:
        """Count what the gate refuses."""
        reason = _REASONS.get(status, "other")
        self._metrics.requests.labels(NO_SERVICE, str(status)).inc()
        self._metrics.refused.labels(NO_SERVICE, reason).inc()
        log.info("request refused", extra={"fields": {"status": status, "reason": reason}})


class Door:
    """Middleware: every request passes the gate as it is now."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http":
            await self._access.gate(self._app, scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _read(configuration: Configuration) -> _Held:
    security, upstream = configuration.security, configuration.upstream
    problems: list[str] = []

    def keys(setting: str, file: str, variable: str) -> tuple[str, ...]:
        try:
            return read_keys(setting, file, variable)
        except SettingsError as error:
            problems.extend(error.problems)
            return ()

    callers = keys("security.api_key_file", security.api_key_file, CALLERS)
    admins = keys("security.admin_key_file", security.admin_key_file, ADMINS)
    own = keys("upstream.key_file", upstream.key_file, OWN)
    if set(callers) & set(admins):
        problems.append("security: a key is a caller's and an admin's; give admins separate keys")
    if upstream.key == "own" and len(own) != 1:
        problems.append(
            f"upstream.key = 'own': {len(own)} keys are given; name one in upstream.key_file or in the variable {OWN}"
        )
    if not configuration.services and not admins:
        problems.append(
            "services: none is configured, and none can announce itself without security.admin_key_file or the "
            f"variable {ADMINS}"
        )
    if problems:
        raise SettingsError(problems)
    logs.hide((*callers, *admins, *own))
    front = configuration.gateway
    return _Held(
        security,
        Keys(callers, security.api_key_header),
        Keys(admins, security.api_key_header),
        Keys((*callers, *admins), security.api_key_header),
        own,
        front.max_body_bytes,
        front.max_header_bytes,
    )


def address() -> dict[str, str]:
    """Host and port of the variables, where they are set."""
    return {name: os.environ[variable] for name, variable in ADDRESS.items() if os.environ.get(variable)}
