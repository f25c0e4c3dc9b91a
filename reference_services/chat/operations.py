"""What operators ask: health, readiness, configuration, version, models, token counts, metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from reference_services.chat import VERSION, request_body
from reference_services.chat.asking import check_model
from reference_services.chat.failures import Refused
from reference_services.chat.generation import Parts
from reference_services.chat.requests import TokenizeRequest


def router(parts: Parts, exposition: Callable[[], bytes]) -> APIRouter:
    """The routes; `exposition` is what both metrics endpoints show."""
    routes = APIRouter()
    service, config = parts.service, parts.service.config
    created = int(time.time())
    engine = {"name": service.engine.name, "version": service.engine.version}

    @routes.get("/health")
    async def health() -> JSONResponse:
        is_well = service.load_error is None
        return JSONResponse(
            {
                "status": "healthy" if is_well else "unhealthy",
                "model": config.name,
                "context_length": config.max_model_len,
                "conversation_memory": True,
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "uptime_seconds": round(time.monotonic() - parts.started_s, 3),
                "engine": {**engine, "state": service.state},
                "active_sessions": parts.sessions.active(),
                "conversation": {
                    "active_sessions": parts.sessions.active(),
                    "turns_committed": parts.sessions.turns_committed_total,
                    "memory_size_turns": config.conversation_memory_size,
                    "coherence_score": parts.coherence.value,
                    "coherence_replies": parts.coherence.replies,
                },
                **({} if is_well else {"reason": service.load_error}),
            },
            200 if is_well else 503,
        )

    @routes.get("/ready")
    async def ready() -> JSONResponse:
        return JSONResponse({"status": service.state}, 200 if service.state == "ready" else 503)

    @routes.get("/config")
    async def configuration() -> dict[str, Any]:
        return {**config.public(), "engine": engine, "service_version": VERSION}

    @routes.get("/version")
    async def version() -> dict[str, Any]:
        return {"version": VERSION, "engine": engine}

    @routes.get("/v1/models")
    async def models() -> dict[str, Any]:
        return {"object": "list", "data": [_model(name) for name in service.served_names()]}

    @routes.get("/v1/models/{name:path}")
    async def model(name: str) -> dict[str, Any]:
        check_model(service, name)
        return _model(name)

    @routes.post("/tokenize", openapi_extra=request_body.schema(TokenizeRequest))
    async def tokenize(request: Request) -> dict[str, Any]:
        asked = await request_body.read(request, TokenizeRequest, config.max_body_bytes)
        check_model(service, asked.model)
        ids = service.engine.encode(asked.as_prompt())
        return {"count": len(ids), "max_model_len": config.max_model_len, "tokens": ids, "token_strs": None}

    @routes.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    @routes.get("/metrics/sessions")
    async def session_metrics() -> dict[str, Any]:
        if service.state != "ready":
            raise Refused(503, f"The engine is {service.state}.", "not_ready")
        return parts.sessions.figures()

    def _model(name: str) -> dict[str, Any]:
        return {
            "id": name,
            "object": "model",
            "created": created,
            "owned_by": "signoff",
            "root": config.model_name,
            "max_model_len": config.max_model_len,
        }

    return routes
