"""The app: parts put together, with seams at which a fault can wrap the choice, the breaker or the listing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Protocol

from fastapi import FastAPI

from signoff.reference_services.gateway import LOGGER, NAME, VERSION
from signoff.reference_services.gateway.forwarding.forwarding import Forwarding
from signoff.reference_services.gateway.forwarding.probes import Prober
from signoff.reference_services.gateway.forwarding.upstream import Upstream, trusted
from signoff.reference_services.gateway.routes import operations, registration_routes, routes
from signoff.reference_services.gateway.routes.operations import Listing
from signoff.reference_services.gateway.services.access import Access, Door
from signoff.reference_services.gateway.services.balancing import Choose, least_outstanding
from signoff.reference_services.gateway.services.breaker import Breaker, State
from signoff.reference_services.gateway.services.directory import Directory, MakeBreaker
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.services.registrations import Registrations
from signoff.reference_services.gateway.services.reloading import Reloading
from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.gateway.settings.configuration import LISTENER, Configuration
from signoff.reference_services.gateway.sockets.sockets import Sockets
from signoff.reference_services.web.access import failures
from signoff.reference_services.web.access.gate import OPEN_PATHS, schemes
from signoff.reference_services.web.access.visitors import Visitors
from signoff.reference_services.web.requests.description import describe
from signoff.reference_services.web.requests.held_bytes import HeldBytes, HoldsBodies
from signoff.reference_services.web.settings import tls
from signoff.reference_services.web.settings.settings_problems import SettingsError

log = logging.getLogger(LOGGER)


class CreateGateway(Protocol):
    """The factory, as `create_gateway` is and as a fault gives it back. A fault fills in the seams that it needs."""

    def __call__(
        self,
        file: Path,
        load: Callable[[], Configuration],
        *,
        choose: Choose = least_outstanding,
        breaker: MakeBreaker = Breaker,
        listing: Listing = Directory.models,
    ) -> FastAPI: ...


def create_gateway(
    file: Path,
    load: Callable[[], Configuration],
    *,
    choose: Choose = least_outstanding,
    breaker: MakeBreaker = Breaker,
    listing: Listing = Directory.models,
) -> FastAPI:
    """The gateway of a configuration file. `load` reads it, now and after each change. Raises SettingsError."""
    metrics = Metrics()
    configuration = load()
    tls.check(configuration.security.tls_certificate, configuration.security.tls_key)
    context = trusted(configuration.upstream.ca_file)
    access = Access(configuration, metrics)

    def changed(replica: Replica, state: State | None) -> None:
        if state is not None:
            metrics.breaker_changes.labels(replica.service, replica.name, state).inc()
        fields = {"service": replica.service, "replica": replica.name, "status": replica.status}
        log.warning("replica changed", extra={"fields": {**fields, "reason": replica.reason or "answers to requests"}})

    directory = Directory(configuration, changed, choose, breaker)
    metrics.watch(directory)
    upstream = Upstream(context)
    prober = Prober(directory, upstream)
    registrations = Registrations(directory, metrics)

    def apply(new: Configuration) -> None:
        _check_restart(file, directory.configuration, new)
        access.apply(new)
        directory.apply(new)
        prober.now()
        _describe(app, access)

    reloading = Reloading(file, load, apply, metrics)
    parts = routes.Parts(directory, Forwarding(directory, upstream, metrics), metrics, access)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Before the first request, so that none finds a replica that nobody has looked at.
        await prober.round()
        tasks = [asyncio.create_task(each.run()) for each in (prober, reloading, registrations)]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await upstream.close()

    app = FastAPI(title=NAME, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    failures.install(app)
    app.add_middleware(HoldsBodies, held=HeldBytes(configuration.gateway.max_held_bytes))
    app.add_middleware(Door, access=access)
    app.include_router(routes.forwarded(parts))
    app.include_router(operations.router(directory, metrics, reloading, listing, registrations.described))
    app.include_router(registration_routes.router(registrations, directory, prober, access))
    app.router.default = routes.Configured(parts)
    _describe(app, access)
    app.state.reloading = reloading
    app.state.directory = directory
    app.state.access = access
    app.state.sockets = Sockets(parts, context, Visitors(configuration.security.allowed))
    return app


def _describe(app: FastAPI, access: Access) -> None:
    """Say in openapi.json who needs a key now, and omit disabled routes."""
    asked, admins = access.callers_are_asked, access.admins_are_known
    everywhere = (*((401,) if asked else ()), *((429,) if access.limits_rates else ()), 403, 413, 431, 500)
    app.openapi_schema = None
    describe(app, schemes(access.header) if asked else {}, everywhere, OPEN_PATHS)
    made = app.openapi

    def shown() -> dict[str, Any]:
        document = made()
        if admins:
            document.setdefault("components", {})["securitySchemes"] = schemes(access.header)
            return document
        kept = {path: registration_routes.without(operations) for path, operations in document["paths"].items()}
        return {**document, "paths": {path: operations for path, operations in kept.items() if operations}}

    app.openapi = shown  # type: ignore[method-assign]


def _check_restart(file: Path, now: Configuration, new: Configuration) -> None:
    """Raises SettingsError if a setting has changed that is taken at the start alone."""
    for section, names in (
        ("gateway", LISTENER), ("upstream", ("ca_file",)),
        ("security", ("tls_certificate", "tls_key", "allowed_hosts", "allowed_origins", "trusted_proxies")),
    ):  # fmt: skip
        before, after = getattr(now, section), getattr(new, section)
        for name in names:
            if getattr(before, name) != getattr(after, name):
                raise SettingsError(
                    [f"{file}: {section}.{name}: {getattr(before, name)!r} is in force; another one takes a restart"]
                )
