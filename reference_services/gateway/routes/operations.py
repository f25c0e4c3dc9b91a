"""The gateway's own routes: models, services, health, metrics."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from signoff.reference_services.gateway import VERSION
from signoff.reference_services.gateway.forwarding.forwarding import no_such_model
from signoff.reference_services.gateway.routes.listings import Health, ModelList, ModelShown, Ready, ServiceList
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.services.reloading import Reloading
from signoff.reference_services.web.requests.description import answers

Listing = Callable[[Directory], dict[str, str]]
"""The models that are shown, with the service of each."""
Described = Callable[[], list[dict[str, Any]]]
"""The services that are shown."""


def router(
    directory: Directory, metrics: Metrics, reloading: Reloading, listing: Listing, described: Described
) -> APIRouter:
    """The routes."""
    routes = APIRouter()
    created = int(time.time())
    started = time.monotonic()

    def shown(model: str, service: str) -> dict[str, Any]:
        return {"id": model, "object": "model", "created": created, "owned_by": service}

    @routes.get("/v1/models", **answers(ModelList))
    async def models() -> dict[str, Any]:
        """The models of all services, whether or not a replica of theirs is well."""
        return {"object": "list", "data": [shown(*each) for each in listing(directory).items()]}

    @routes.get("/v1/models/{name:path}", **answers(ModelShown, 404))
    async def model(name: str) -> dict[str, Any]:
        """One of the models."""
        found = listing(directory)
        if name not in found:
            raise no_such_model(name)
        return shown(name, found[name])

    @routes.get("/services", **answers(ServiceList))
    async def services() -> dict[str, Any]:
        """Discovery: each service with its address, its models and the state of its replicas."""
        return {"services": described()}

    @routes.get("/health", **answers(Health, also=(503,)))
    async def health() -> JSONResponse:
        """`healthy`, `degraded` where something is not well, `unhealthy` (503) where no service can be reached."""
        states = {service.name: service.status for service in directory.services.values()}
        if all(state == "unavailable" for state in states.values()):
            status = "unhealthy"
        else:
            status = "healthy" if all(state == "healthy" for state in states.values()) else "degraded"
        body = {
            "status": status,
            "services": states,
            "configuration": reloading.described(),
            "version": VERSION,
            "uptime_seconds": round(time.monotonic() - started, 3),
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        return JSONResponse(body, 503 if status == "unhealthy" else 200)

    @routes.get("/ready", **answers(Ready))
    async def ready() -> dict[str, str]:
        """The gateway itself listens and has looked at its replicas once; how they are is reported by /health."""
        return {"status": "ready"}

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def exposition() -> Response:
        """Prometheus metrics."""
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes
