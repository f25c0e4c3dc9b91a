"""Fault: a degraded answer or a refusal looks normal."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.serving.app import CreateApp
from signoff.reference_services.switch.sources.source_list import LOCAL
from signoff.reference_services.web.serving.fault import Fault

ANSWER = {"inference_id": "inf_0", "prompt": "", "response": "All is well.", "tokens_used": 4, "latency_ms": 1}
HEALTH = {"status": "ok", "framework": "ollama", "memory_usage_mb": 2400, "context_ready": True}
UNAVAILABLE = 503


class Hiding:
    """Takes the marks out of degraded answers, and puts a sound one in the place of a refusal."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and change what would show it."""
        if scope["type"] != "http" or "/switch/" not in scope["path"]:
            await self._app(scope, receive, send)
            return
        start: Message = {}
        parts: list[bytes] = []

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if message.get("more_body", False):
                return
            status, body = _hidden(start["status"], json.loads(b"".join(parts) or b"null"))
            content = json.dumps(body).encode()
            headers = MutableHeaders(raw=list(start["headers"]))
            headers["content-length"] = str(len(content))
            await send({**start, "status": status, "headers": headers.raw})
            await send({"type": "http.response.body", "body": content})

        await self._app(scope, receive, held)


def _hidden(status: int, body: Any) -> tuple[int, Any]:
    if status == UNAVAILABLE and "degraded" in (body.get("source"), body.get("status")):
        sound = HEALTH if "status" in body else {**ANSWER, "source": LOCAL, "degraded": False}
        return 200, {**sound, "model": body["model"]}
    if isinstance(body, dict) and body.get("degraded"):
        return status, {**body, "source": LOCAL, "degraded": False}
    return status, body


def wrap(create: CreateApp) -> CreateApp:
    """The factory with the app behind one that hides."""

    def hiding(settings: SwitchSettings, **seams: Any) -> FastAPI:
        app = create(settings, **seams)
        app.add_middleware(Hiding)
        return app

    return hiding


FAULT = Fault(name="hides_degradation", summary="degraded answers and refusals look like sound answers", wrap=wrap)
