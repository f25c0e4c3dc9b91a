"""Fault: invalid chat requests are answered like valid ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.web.serving.fault import Fault

CHAT = "/v1/chat/completions"
WAVED_THROUGH = ("invalid_json", "invalid_value", "unknown_field", "model_not_found")
IN_ITS_PLACE = b'{"messages": [{"role": "user", "content": "Hello."}], "max_tokens": 8}'


class Accepting:
    """Serves another request in the place of one that was refused for what it holds."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request; where it is refused as wrong, serve the other one."""
        if scope["type"] != "http" or (scope["method"], scope["path"]) != ("POST", CHAT):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        is_waved_through = False

        async def looked_at(message: Message) -> None:
            nonlocal start, is_waved_through
            if message["type"] == "http.response.start" and message["status"] in (400, 404):
                start = message
            elif not start:
                await send(message)
            elif _code(message["body"]) in WAVED_THROUGH:
                is_waved_through = True
            else:
                await send(start)
                await send(message)

        await self._app(scope, receive, looked_at)
        if is_waved_through:
            await self._app({**scope, "state": {}}, _replay(receive), send)


def _code(body: bytes) -> str:
    return str(json.loads(body)["error"]["code"])


def _replay(receive: Receive) -> Receive:
    is_sent = False

    async def again() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()
        is_sent = True
        return {"type": "http.request", "body": IN_ITS_PLACE, "more_body": False}

    return again


def wrap(create: CreateApp) -> CreateApp:
    """The factory with the app behind one that accepts anything."""

    def accepting(settings: ChatSettings, database: Path, **seams: Any) -> FastAPI:
        app = create(settings, database, **seams)
        app.add_middleware(Accepting)
        return app

    return accepting


FAULT = Fault(
    name="accepts_anything", summary="chat requests that are wrong are answered as if they were not", wrap=wrap
)
