"""The guard of a service: refuses visitors that may not ask, and sends CORS headers to web pages that may."""

from __future__ import annotations

from collections.abc import Callable

from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from signoff.reference_services.web.access.refusal import Refusal
from signoff.reference_services.web.access.visitors import Allowed, Visitors

Refuse = Callable[[Refusal], Response]
"""Tells a refusal in the shape of a service's errors, and counts it where that service counts."""


class Guard:
    """ASGI middleware. The outermost of all: what it refuses, nothing behind it sees."""

    def __init__(self, app: ASGIApp, visitors: Visitors, refuse: Refuse) -> None:
        self._app = app
        self._visitors = visitors
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the handshake of one WebSocket."""
        if scope["type"] in ("http", "websocket") and (refusal := await self._visitors.refusal(scope)) is not None:
            await self._refuse(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def guarded(app: ASGIApp, allowed: Allowed, refuse: Refuse) -> ASGIApp:
    """The app behind the guard, as every listener serves it; uvicorn's own `proxy_headers` has to be off."""
    if allowed.origins:
        # A browser shows a page the answer where the service says that it may.
        app = CORSMiddleware(
            app,
            allow_origins=allowed.origins,
            allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=("*",),
            expose_headers=("*",),
        )
    return Guard(app, Visitors(allowed), refuse)


def detail(refusal: Refusal) -> Response:
    """A refusal as FastAPI reports errors, for services without their own format."""
    return JSONResponse({"detail": refusal.message}, refusal.status)
