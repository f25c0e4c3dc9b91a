"""The app: parts put together, with seams at which a fault can wrap the token, the queue or the report."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Protocol

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from signoff.reference_services.switch import LOGGER, NAME, VERSION
from signoff.reference_services.switch.requests import refusals, requests
from signoff.reference_services.switch.requests.answer_models import (
    Configuration,
    Degraded,
    Inference,
    Readiness,
    SwitchError,
    Well,
)
from signoff.reference_services.switch.requests.requests import Asked, InferRequest
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.requests.tokens import HEADER, Guard, guard, read_token
from signoff.reference_services.switch.serving import configuration, health
from signoff.reference_services.switch.serving.chain import Chain, Given, Queue
from signoff.reference_services.switch.sources.source_list import build
from signoff.reference_services.web.access.connection import while_connected
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers, describe
from signoff.reference_services.web.requests.held_bytes import HeldBytes, HoldsBodies
from signoff.reference_services.web.settings import logs

log = logging.getLogger(LOGGER)
OPEN_PATHS = frozenset({"/switch/health", "/health", "/ready", "/config"})
"""What needs no token."""
DEGRADED = "/degraded"


class CreateApp(Protocol):
    """The factory, as `create_app` is and as a fault gives it back."""

    def __call__(
        self,
        settings: SwitchSettings,
        *,
        let_in: Callable[[str], Guard] = guard,
        queue: Callable[[int, int], Queue] = Queue,
    ) -> FastAPI: ...


def create_app(
    settings: SwitchSettings,
    *,
    let_in: Callable[[str], Guard] = guard,
    queue: Callable[[int, int], Queue] = Queue,
) -> FastAPI:
    """The service. Raises SettingsError if the token or the registry is at fault."""
    token = read_token(settings)
    logs.hide([token, *([settings.openai_api_key.get_secret_value()] if settings.openai_api_key else [])])
    check, sources = let_in(token), build(settings)
    chain = Chain(settings, sources, queue(settings.hermes_max_concurrent, settings.hermes_max_waiting))

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        for source in sources.chain:
            await source.load()
        if sources.local_refusal:
            log.warning("local model refused", extra={"fields": {"reason": sources.local_refusal}})
        yield
        for source in sources.chain:
            await source.close()

    app = FastAPI(title=NAME, version=VERSION, lifespan=lifespan, docs_url=None, redoc_url=None, redirect_slashes=False)
    refusals.install(app)
    app.add_middleware(HoldsBodies, held=HeldBytes(settings.limits.max_held_bytes))

    @app.post(
        "/switch/infer",
        openapi_extra=request_body.schema(InferRequest, partial(requests.narrow, settings)),
        **answers(Inference, 400, 401, 413, 415, 503, error=SwitchError),
    )
    async def infer(request: Request) -> Response:
        """Answer one prompt."""
        check(request.headers.raw)
        begin_s = time.monotonic()
        asked = await requests.read(request, settings)
        given = await while_connected(request.receive, chain.infer(asked))
        body = answer_fields(asked, given, round((time.monotonic() - begin_s) * 1e3))
        if settings.log_inference_time:
            kept = ("inference_id", "model", "source", "degraded", "tokens_used", "latency_ms")
            log.info("inference", extra={"fields": {name: body[name] for name in kept}})
        return JSONResponse(body)

    told_health = answers(Well)
    told_health["responses"][503] = {"description": "The model of this machine is not loaded.", "model": Degraded}

    @app.get("/switch/health", **told_health)
    @app.get("/health", **told_health)
    async def tell_health() -> Response:
        """Whether the model of this machine is loaded."""
        status, body = await health.look(sources)
        return JSONResponse(body, status)

    @app.get("/ready", **answers(Readiness, also=(503,)))
    async def ready() -> Response:
        """Whether any source would answer."""
        is_ready = await health.can_answer(sources)
        return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)

    @app.get("/config", **answers(Configuration))
    async def config() -> dict[str, Any]:
        """The configuration, without secrets."""
        return configuration.shown(settings, sources)

    if settings.switch_degraded_path:
        app.mount(DEGRADED, create_app(_without_models(settings), let_in=let_in, queue=queue))
    schemes = {"token": {"type": "apiKey", "in": "header", "name": HEADER}}
    describe(app, schemes, (403, 500), OPEN_PATHS, SwitchError)
    return app


def _without_models(settings: SwitchSettings) -> SwitchSettings:
    """The same without sources: the service's behaviour when all its models are down."""
    return settings.model_copy(update={"hermes_enable": False, "openai_base_url": "", "switch_degraded_path": False})


def answer_fields(asked: Asked, given: Given, latency_ms: int) -> dict[str, Any]:
    """The fields of the document, and `degraded`: whether another source than the first one answered."""
    return {
        "inference_id": f"inf_{secrets.token_hex(8)}",
        "prompt": asked.prompt,
        "response": given.answer.text,
        "model": given.source.model,
        "tokens_used": given.answer.tokens,
        "latency_ms": latency_ms,
        "source": given.source.label,
        "degraded": given.is_degraded,
        "framework": given.source.framework,
    }
