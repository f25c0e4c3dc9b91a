"""The answer on its way to the client, chunk by chunk; a broken one is marked."""

from __future__ import annotations

import contextlib
import json

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from signoff.reference_services.gateway.forwarding import headers
from signoff.reference_services.gateway.forwarding.account import Account
from signoff.reference_services.gateway.forwarding.asked import SESSION_HEADER
from signoff.reference_services.gateway.forwarding.connection import Failed
from signoff.reference_services.gateway.forwarding.forwarding import Opened
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.web.access.connection import CLIENT_LEFT, ClientLeft, while_connected
from signoff.reference_services.web.access.failures import Refused

_WITHOUT_BODY = (204, 304)
"""What they say of a length is about an answer that does not come."""
_EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r")


class Relay(Response):
    """The replica's answer. When the client leaves, the connection to the replica is closed."""

    def __init__(self, opened: Opened, account: Account, metrics: Metrics, request_id: str, scope: str = "") -> None:
        super().__init__(status_code=opened.answer.status)
        self._opened = opened
        self._account = account
        self._metrics = metrics
        self._is_between_events = True
        replica = opened.lease.replica
        own = [("x-served-by", replica.name), ("x-request-id", request_id)]
        if opened.fallback is not None:
            own += [("x-degraded", "true"), ("x-fallback", opened.fallback)]
        raw = [unscoped(each, scope) for each in headers.to_client(opened.answer.headers)]
        if self.status_code in _WITHOUT_BODY:
            raw = [(name, value) for name, value in raw if name != b"content-length"]
        if scope and opened.body is not None and scope.encode() in opened.body:
            opened.body = opened.body.replace(scope.encode(), b"")
            length = str(len(opened.body)).encode()
            raw = [(name, length if name == b"content-length" else value) for name, value in raw]
        self.raw_headers = [*raw, *((name.encode(), value.encode("latin-1", "replace")) for name, value in own)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        opened, account = self._opened, self._account
        account.began()
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if opened.body is not None:
                account.bytes = len(opened.body)
                await send({"type": "http.response.body", "body": opened.body})
            else:
                await while_connected(receive, self._pump(send))
            account.close(self.status_code)
        except (ClientLeft, OSError):
            opened.lease.abandoned()
            account.close(CLIENT_LEFT)
        except Failed as failed:
            await self._cut(failed, send)
        finally:
            opened.lease.abandoned()
            opened.answer.close()

    async def _pump(self, send: Send) -> None:
        tail = b""
        try:
            async for part in self._opened.answer.parts(self._opened.silence_s):
                await send({"type": "http.response.body", "body": part, "more_body": True})
                self._account.bytes += len(part)
                tail = (tail + part)[-4:]
        except Failed:
            self._is_between_events = not tail or tail.endswith(_EVENT_ENDS)
            raise
        self._opened.end()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _cut(self, failed: Failed, send: Send) -> None:
        """The status is out. A stream ends with an error event; anything else ends as it was cut, incomplete."""
        opened, replica = self._opened, self._opened.lease.replica
        opened.lease.failed()
        self._metrics.upstream_errors.labels(replica.service, replica.name, failed.kind).inc()
        if opened.is_stream and not any(map(opened.answer.header, (b"content-encoding", b"content-length"))):
            event = _error_event(failed, opened)
            # A piece of an event that was cut is ended, so that it does not swallow this one.
            body = event if self._is_between_events else b"\n\n" + event
            with contextlib.suppress(OSError):
                await send({"type": "http.response.body", "body": body, "more_body": False})
        self._account.close(self.status_code, failed.kind)


def unscoped(header: tuple[bytes, bytes], scope: str) -> tuple[bytes, bytes]:
    """The header of an answer with the session's name as the client knows it."""
    name, value = header
    return (name, value.removeprefix(scope.encode())) if name == SESSION_HEADER.encode() else header


def _error_event(failed: Failed, opened: Opened) -> bytes:
    reasons = {"silent": f"said nothing for {opened.silence_s:g} s", "malformed": "continued with invalid HTTP"}
    what = reasons.get(failed.kind, "broke off")
    message = f"{opened.lease.replica.name} {what}: the answer is incomplete and was not repeated."
    return b"data: " + json.dumps(Refused(502, message, "upstream_cut").body()).encode() + b"\n\n"
