"""The app: parts put together, with seams at which a fault can wrap the choice, the breaker or the listing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI

from reference_services.chat import failures
from reference_services.gateway import LOGGER, NAME, VERSION, operations, routes
from reference_services.gateway.balancing import Choose, least_outstanding
from reference_services.gateway.breaker import Breaker, State
from reference_services.gateway.configuration import Configuration
from reference_services.gateway.directory import Directory, MakeBreaker
from reference_services.gateway.forwarding import Forwarding
from reference_services.gateway.metrics import Metrics
from reference_services.gateway.operations import Listing
from reference_services.gateway.probes import Prober
from reference_services.gateway.reloading import Reloading
from reference_services.gateway.replica import Replica
from reference_services.gateway.upstream import Upstream

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

    def changed(replica: Replica, state: State | None) -> None:
        if state is not None:
            metrics.breaker_changes.labels(replica.service, replica.name, state).inc()
        fields = {"service": replica.service, "replica": replica.name, "status": replica.status}
        log.warning("replica changed", extra={"fields": {**fields, "reason": replica.reason or "answers to requests"}})

    directory = Directory(load(), changed, choose, breaker)
    metrics.watch(directory)
    upstream, prober = Upstream(), Prober(directory)
    reloading = Reloading(file, load, directory, metrics, prober.now)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Before the first request, so that none finds a replica that nobody has looked at.
        await prober.round()
        tasks = [asyncio.create_task(prober.run()), asyncio.create_task(reloading.run())]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await prober.close()
        await upstream.close()

    app = FastAPI(title=NAME, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    failures.install(app)
    app.include_router(routes.forwarded(directory, Forwarding(directory, upstream, metrics), metrics))
    app.include_router(operations.router(directory, metrics, reloading, listing))
    app.state.reloading = reloading
    app.state.directory = directory
    return app
