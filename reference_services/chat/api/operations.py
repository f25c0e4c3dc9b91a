"""Routes for operators: health, readiness, configuration, version, models, token counts, metrics."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, PlainTextResponse, Response

from signoff.reference_services.chat import VERSION
from signoff.reference_services.chat.api.answer_models import Model, Models, Tokens
from signoff.reference_services.chat.api.asking import check_countable, check_model, check_ready
from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.health_models import Configuration, Health, Readiness, Version
from signoff.reference_services.chat.api.requests import TokenizeRequest
from signoff.reference_services.chat.api.session_models import SessionFigures
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers


def router(parts: Parts, exposition: Callable[[], Awaitable[bytes]]) -> APIRouter:
    """The routes; `exposition` is what both metrics endpoints show."""
    routes = APIRouter()
    service, config = parts.service, parts.service.config

    @routes.get("/health", **answers(Health, also=(503,)))
    async def show_health() -> JSONResponse:
        """How the service is, with its engine and its conversations."""
        body = await health(parts)
        return JSONResponse(body, 503 if "reason" in body else 200)

    @routes.get("/ready", **answers(Readiness, also=(503,)))
    async def ready() -> JSONResponse:
        """Whether the engine is loaded."""
        return JSONResponse({"status": service.state}, 200 if service.state == "ready" else 503)

    @routes.get("/config", **answers(Configuration))
    async def configuration() -> dict[str, Any]:
        """Every setting under its name, without secrets."""
        return {
            **config.public(),
            "turn_store": store(parts),
            "engine": service.engine_told(),
            "service_version": VERSION,
        }

    @routes.get("/version", **answers(Version))
    async def version() -> dict[str, Any]:
        """Of the service and of its engine."""
        return {"version": VERSION, "engine": service.engine_told()}

    @routes.get("/v1/models", **answers(Models))
    async def list_models() -> dict[str, Any]:
        """The names under which the model can be asked for."""
        return {"object": "list", "data": models(parts)}

    @routes.get("/v1/models/{name:path}", **answers(Model, 404))
    async def show_model(name: str) -> dict[str, Any]:
        """One of these names."""
        check_model(service, name)
        return next(each for each in models(parts) if each["id"] == name)

    @routes.post("/tokenize", openapi_extra=request_body.schema(TokenizeRequest), **answers(Tokens, 400, 404, 415, 503))
    async def tokenize(request: Request) -> Response:
        """The tokens of a text, or of a chat in the model's template."""
        asked = await request_body.read(request, TokenizeRequest, config.max_body_bytes)
        check_ready(service)
        check_model(service, asked.model)
        prompt = asked.as_prompt()
        texts = [prompt.text] if prompt.text is not None else [message.content for message in prompt.messages]
        check_countable(service, texts, "messages" if prompt.text is None else "prompt")
        ids = service.engine.encode(prompt)
        answer = {"count": len(ids), "max_model_len": config.max_model_len, "tokens": list(ids), "token_strs": None}
        return JSONResponse(answer)

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Prometheus metrics."""
        return Response(await exposition(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/metrics/sessions", **answers(SessionFigures, 503))
    async def session_metrics() -> dict[str, Any]:
        """Figures of the sessions, for people."""
        check_ready(service)
        return await parts.sessions.figures()

    return routes


async def health(parts: Parts) -> dict[str, Any]:
    """What /health shows. Without its store the service is degraded: it answers what belongs to no session."""
    service, config = parts.service, parts.service.config
    reason = service.load_error or service.engine.reason
    counts = await parts.sessions.count()
    # Reading and writing are two connections: the one may be back before the other.
    is_whole = counts is not None and parts.sessions.store.is_available
    active = None if counts is None else counts.active
    return {
        "status": "unhealthy" if reason else "healthy" if is_whole else "degraded",
        "service": config.name,
        "model": config.name,
        "checks": checks(parts, is_whole),
        "context_length": config.max_model_len,
        "conversation_memory": True,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "uptime_seconds": round(time.monotonic() - parts.started_s, 3),
        "engine": {**service.engine_told(), "state": service.state},
        "active_sessions": active,
        "store": {**store(parts), "available": is_whole},
        "conversation": {
            "active_sessions": active,
            "turns_committed": parts.sessions.turns_committed_total,
            "memory_size_turns": config.conversation_memory_size,
            "coherence_score": parts.coherence.value,
            "coherence_replies": parts.coherence.replies,
        },
        **_retrieval(parts),
        **parts.moderation.shown(),
        **({"reason": reason} if reason else {}),
    }


def checks(parts: Parts, is_store_there: bool) -> dict[str, str]:
    """Each part that the service stands on, in one word."""
    engine = {"ready": "healthy", "loading": "loading"}.get(parts.service.state, "unhealthy")
    found = {"engine": engine, "store": "healthy" if is_store_there else "unhealthy"}
    if parts.library is not None:
        found["retrieval"] = "healthy" if parts.library.is_available else "unhealthy"
    return found


def store(parts: Parts) -> dict[str, Any]:
    """Where turns are kept, and what an acknowledged one survives there."""
    kept = parts.sessions.store
    return {
        "kind": kept.kind,
        "address": kept.address,
        "durability": kept.durability,
        "warnings": list(kept.warnings),
    }


def models(parts: Parts) -> list[dict[str, Any]]:
    """The names under which the model can be asked for, as /v1/models lists them."""
    config = parts.service.config
    return [
        {
            "id": name,
            "object": "model",
            "created": parts.created,
            "owned_by": "signoff",
            "root": config.model_name,
            "max_model_len": config.max_model_len,
        }
        for name in parts.service.served_names()
    ]


def _retrieval(parts: Parts) -> dict[str, Any]:
    """Where documents are kept, only where they are; a database that is away takes nothing from the health of chats."""
    library = parts.library
    return {} if library is None else {"retrieval": {"store": library.kind, "available": library.is_available}}
