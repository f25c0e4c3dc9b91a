"""Fault: streams are sent whole after their last event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.serving.fault import Fault


class Buffering:
    """Collects the parts of an answer and hands them on as one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request through the buffer."""
        parts: list[bytes] = []

        async def held(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await send({**message, "body": b"".join(parts)})

        await self._app(scope, receive, held)


def wrap(create: CreateApp) -> CreateApp:
    """The factory with the buffer around the app."""

    def buffering(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        app = create(settings, database, **seams)
        app.add_middleware(Buffering)
        return app

    return buffering


FAULT = Fault(name="buffers_stream", summary="streams are held back until their last event, then sent whole", wrap=wrap)
