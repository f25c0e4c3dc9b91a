"""The service: the estate's addresses and its health on one page, as JSON, and as metrics."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import HTMLResponse, JSONResponse, Response

from signoff.reference_services.health import NAME, VERSION
from signoff.reference_services.health.estate_file import Listed
from signoff.reference_services.health.estate_health import EstateHealth, look
from signoff.reference_services.health.metrics import exposition
from signoff.reference_services.health.page import page

KEPT_S = 1.0
"""A look that is not older is shown again: many readers are no load for the services."""


class Looking:
    """One look at a time, shared by all who ask meanwhile."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self._listed = listed
        self._lock = asyncio.Lock()
        self._last: EstateHealth | None = None
        self._at_s = 0.0

    async def now(self) -> EstateHealth:
        """The health of the estate, at most `KEPT_S` old."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._at_s > KEPT_S:
                self._last = await look(self._listed)
                self._at_s = time.monotonic()
            return self._last


def create_app(listed: Sequence[Listed]) -> FastAPI:
    """The app over these services."""
    app = FastAPI(title=NAME, version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False)
    looking = Looking(listed)

    @app.get("/", response_class=HTMLResponse)
    async def show() -> HTMLResponse:
        """Where everything is and how it is, for people."""
        return HTMLResponse(page(listed, await looking.now()), headers={"Cache-Control": "no-store"})

    @app.get("/health", responses={503: {"description": "A service of the estate has no replica that is well."}})
    async def health() -> JSONResponse:
        """The same as JSON; 503 where the estate is unhealthy."""
        found = await looking.now()
        return JSONResponse(found.as_json(), 503 if found.status == "unhealthy" else 200)

    @app.get("/ready")
    async def ready() -> dict[str, str]:
        """This service itself listens."""
        return {"status": "ready"}

    @app.get("/metrics")
    async def metrics() -> Response:
        """Prometheus metrics."""
        return Response(exposition(await looking.now()), media_type=CONTENT_TYPE_LATEST)

    return app
