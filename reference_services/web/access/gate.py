"""The gate in front of every route: sizes, then the key, then the rate."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.keys import Keys
from signoff.reference_services.web.access.rate import Allowance, RateLimit

OPEN_PATHS = frozenset({"/health", "/ready", "/metrics", "/openapi.json"})
"""For probes and Prometheus, without a key and without a limit; they hold no word of a conversation."""
_CALLER, _ALLOWANCE = "caller", "allowance"
_LINE_BYTES = 4
"""What a header line has beside name and value: a colon, a space, a line end."""


class Gate:
    """Refuses, or notes who calls and lets through. `on_refusal` gets the status of each refusal."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        rate: RateLimit,
        max_header_bytes: int,
        max_body_bytes: int,
        on_refusal: Callable[[int], None],
    ) -> None:
        self._app = app
        self._keys = keys
        self._rate = rate
        self._max_header_bytes = max_header_bytes
        self._max_body_bytes = max_body_bytes
        self._on_refusal = on_refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the handshake of one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            more = await self.let_in(scope)
        except Refused as refused:
            self._on_refusal(refused.status)
            await refused.response()(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if more and message["type"] in ("http.response.start", "websocket.accept"):
                MutableHeaders(scope=message).update(more)
            await send(message)

        await self._app(scope, receive, with_headers if more else send)

    async def let_in(self, scope: MutableMapping[str, Any]) -> dict[str, str]:
        """Headers for the answer; notes in the scope who calls. Raises Refused."""
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        size = sum(len(name) + len(value) + _LINE_BYTES for name, value in headers)
        if size > self._max_header_bytes:
            most = self._max_header_bytes
            raise Refused(431, f"The headers have {size} bytes; at most {most} are read.", "headers_too_large")
        lengths = [int(value) for name, value in headers if name == b"content-length" and value.isdigit()]
        if lengths and lengths[0] > self._max_body_bytes:
            raise body_too_large(self._max_body_bytes)
        if scope["path"] in OPEN_PATHS:
            return {}
        caller = self._keys.caller(headers)
        scope[_CALLER] = caller
        counted = caller or (scope["client"] or ("unknown", 0))[0]
        scope[_ALLOWANCE] = Allowance(self._rate, counted)
        return await self._rate.take(counted)


def caller(request: HTTPConnection) -> str:
    """Who calls, as the gate has found; "" if no keys are asked for."""
    return str(request.scope.get(_CALLER, ""))


def allowance(request: HTTPConnection) -> Allowance:
    """What the caller may ask over this connection."""
    found: Allowance = request.scope[_ALLOWANCE]
    return found


def owned(who: str, session_id: str) -> str:
    """The name under which a caller's session is kept. No session id holds a slash: names of two never meet."""
    return f"{who}/{session_id}" if who else session_id


def body_too_large(most: int) -> Refused:
    """The refusal of a body that is too long."""
    return Refused(413, f"The body is longer than {most} bytes.", "body_too_large")


def schemes(header: str) -> dict[str, dict[str, str]]:
    """In which headers openapi.json says that a key may come."""
    bearer = {"type": "http", "scheme": "bearer"}
    if header.lower() == "authorization":
        return {"bearer": bearer}
    return {"bearer": bearer, "header": {"type": "apiKey", "in": "header", "name": header}}
