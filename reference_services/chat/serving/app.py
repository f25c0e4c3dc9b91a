"""The app: parts put together, with seams at which a fault can wrap the engine, the sessions or the exposition."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Protocol

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from signoff.reference_services.chat import LOGGER, VERSION
from signoff.reference_services.chat.api import operations
from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.metrics import Metrics
from signoff.reference_services.chat.api.service import ModelService
from signoff.reference_services.chat.engine.cache import ResponseCache
from signoff.reference_services.chat.engine.engine import Engine, EngineError
from signoff.reference_services.chat.moderation import moderator
from signoff.reference_services.chat.moderation.moderation import Moderation
from signoff.reference_services.chat.routes import analytics_routes, completions, optional_parts, session_routes
from signoff.reference_services.chat.sessions.coherence import CoherenceScore
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.chat.stores.open_store import open_store
from signoff.reference_services.chat.stores.store import Store, StoreAway
from signoff.reference_services.web.access import failures
from signoff.reference_services.web.access.gate import OPEN_PATHS, Gate, schemes
from signoff.reference_services.web.access.keys import Keys, read_keys
from signoff.reference_services.web.access.rate import RateLimit
from signoff.reference_services.web.requests.description import describe
from signoff.reference_services.web.requests.held_bytes import HeldBytes, HoldsBodies
from signoff.reference_services.web.settings import logs
from signoff.reference_services.web.settings.settings_problems import KEYS_VARIABLE

log = logging.getLogger(LOGGER)
LONGEST_SWEEP_S = 60.0
RESTARTS_WITHIN_S = 600.0
"""`engine_restarts` are allowed in so long a time."""

MakeSessions = Callable[[ChatSettings, Store], SessionManager]
Exposition = Callable[[CollectorRegistry], bytes]


class CreateApp(Protocol):
    """The factory, as `create_app` is and as a fault gives it back. A fault fills in the seams that it needs."""

    def __call__(
        self,
        settings: ChatSettings,
        database: Path,
        *,
        engine: Engine | None = None,
        sessions: MakeSessions = SessionManager,
        exposition: Exposition = generate_latest,
    ) -> FastAPI: ...


def create_app(
    settings: ChatSettings,
    database: Path,
    *,
    engine: Engine | None = None,
    sessions: MakeSessions = SessionManager,
    exposition: Exposition = generate_latest,
) -> FastAPI:
    """The service on its store, which is the file `database` where the settings name no other.

    `app.state.metrics_app` is what listens on the metrics port, `app.state.ended` is set once the engine is lost.

    Raises StoreError if the database cannot be used, EngineError if there is no engine, and SettingsError where
    API keys, the documents' store, the embedder, the word list or GraphQL cannot be used.
    """
    keys = read_keys("api_key_file", settings.api_key_file, settings.preset.prefix + KEYS_VARIABLE)
    logs.hide(keys)
    service = ModelService(settings, engine)
    metrics = Metrics(settings.name, settings.preset.metric_prefix, service.engine)
    ended = asyncio.Event()

    def committed(seconds: float, writes: int) -> None:
        metrics.commit.observe(seconds)
        metrics.commit_turns.inc(writes)

    embedder = optional_parts.embedder(settings)
    library = optional_parts.library(settings, embedder)
    moderation = Moderation(
        moderator.opened(settings),
        settings.moderation_on_failure == "open",
        lambda stage, result: metrics.moderations.labels(stage, result).inc(),
    )
    store = open_store(settings, database, committed)
    parts = Parts(
        service,
        sessions(settings, store),
        metrics,
        CoherenceScore(),
        ResponseCache(settings.response_cache_size, settings.response_cache_seconds),
        time.monotonic(),
        int(time.time()),
        moderation,
        library,
    )
    _bind_gauges(parts)

    async def expose() -> bytes:
        await parts.sessions.count()
        await service.engine.look()
        return exposition(metrics.registry)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_run(parts, ended)), asyncio.create_task(_sweep(parts))]
        yield
        for task in tasks:
            task.cancel()
        # Before its task is awaited, which waits in a thread while the engine is loaded.
        await service.engine.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        await moderation.close()
        await asyncio.to_thread(parts.sessions.close)
        if library is not None:
            await asyncio.to_thread(library.close)

    app = FastAPI(
        title=settings.name, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    failures.install(app)
    held = HeldBytes(settings.max_held_bytes)
    app.add_middleware(HoldsBodies, held=held)
    app.add_middleware(
        Gate,
        keys=Keys(keys, settings.api_key_header),
        rate=RateLimit(settings.rate_limit),
        max_header_bytes=settings.max_header_bytes,
        max_body_bytes=settings.max_body_bytes,
        on_refusal=lambda status: metrics.refused.labels(str(status)).inc(),
    )
    for router in (
        completions.router(parts),
        session_routes.router(parts),
        analytics_routes.router(parts),
        operations.router(parts, expose),
        *optional_parts.routers(parts, embedder),
    ):
        app.include_router(router)
    describe(
        app,
        schemes(settings.api_key_header) if keys else {},
        (*((401,) if keys else ()), *((429,) if settings.rate_limit else ()), 403, 413, 431, 500),
        OPEN_PATHS,
    )
    app.state.parts = parts
    app.state.ended = ended
    app.state.held = held
    app.state.metrics_app = _metrics_app(expose)
    return app


def _bind_gauges(parts: Parts) -> None:
    """Gauges that are read when they are shown, and are true then."""
    metrics, engine = parts.metrics, parts.service.engine
    metrics.running.set_function(lambda: engine.running)
    metrics.waiting.set_function(lambda: engine.waiting)
    metrics.engine_up.set_function(lambda: float(engine.loaded))
    sessions = parts.sessions

    def counted(what: str) -> Callable[[], float]:
        return lambda: float("nan") if sessions.counted is None else getattr(sessions.counted, what)

    metrics.sessions.set_function(counted("active"))
    metrics.turns.set_function(counted("turns"))
    metrics.store_available.set_function(lambda: float(sessions.store.is_available))
    sessions.cache.on_find = lambda result: metrics.session_cache.labels(result).inc()
    metrics.coherence.set_function(lambda: float("nan") if parts.coherence.value is None else parts.coherence.value)


def _metrics_app(expose: Callable[[], Awaitable[bytes]]) -> Starlette:
    async def metrics(request: Request) -> Response:
        return Response(await expose(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", metrics)])


async def _run(parts: Parts, ended: asyncio.Event) -> None:
    """Load the engine, and reload it if it ends by itself; sets `ended` if that fails for good."""
    service, restarts = parts.service, deque[float]()
    while True:
        try:
            await asyncio.to_thread(service.load)
        except EngineError as error:
            log.error("the engine cannot be loaded", extra={"fields": {"reason": str(error)}})
            break
        except Exception:
            log.exception("the engine cannot be loaded")
            return
        parts.metrics.load.set(service.load_seconds or 0.0)
        parts.metrics.engine_starts.inc()
        log.info("ready", extra={"fields": {"load_seconds": service.load_seconds}})
        why = await service.engine.gone()
        log.error("the engine has ended", extra={"fields": {"reason": why}})
        now = time.monotonic()
        while restarts and now - restarts[0] > RESTARTS_WITHIN_S:
            restarts.popleft()
        if len(restarts) >= service.config.engine_restarts:
            within = f"{len(restarts)} restarts within {RESTARTS_WITHIN_S:g} s" if restarts else "no restart is allowed"
            service.load_error = f"{why}; not started again: {within}"
            break
        restarts.append(now)
    ended.set()


async def _sweep(parts: Parts) -> None:
    while True:
        await asyncio.sleep(min(LONGEST_SWEEP_S, parts.sessions.timeout_s / 4))
        try:
            if gone := await parts.sessions.sweep():
                log.info("sessions expired", extra={"fields": {"sessions": gone}})
        except StoreAway as away:
            log.warning("sessions were not swept", extra={"fields": {"reason": str(away)}})
