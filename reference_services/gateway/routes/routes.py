"""The routes that a gateway forwards to a service: by the model in the body or the query, or by a configured path."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from signoff.reference_services.gateway.forwarding import asked as asking
from signoff.reference_services.gateway.forwarding.account import Account
from signoff.reference_services.gateway.forwarding.forwarding import Forwarding
from signoff.reference_services.gateway.forwarding.relay import Relay
from signoff.reference_services.gateway.services.access import Access
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.metrics import Metrics
from signoff.reference_services.gateway.services.service import Service
from signoff.reference_services.web.access.connection import CLIENT_LEFT, ClientLeft, while_connected
from signoff.reference_services.web.access.failures import Refused, internal
from signoff.reference_services.web.access.gate import caller
from signoff.reference_services.web.requests.description import refused

FORWARDED = {
    "/v1/chat/completions": "A chat completion, by the service of the model.",
    "/v1/completions": "A text completion, by the service of the model.",
    "/v1/embeddings": "Embeddings, by the service of the model.",
    "/v1/moderations": "What a moderation model finds, by the service of the model.",
    "/tokenize": "Token counts, by the service of the model.",
}
CONFIGURED = "(a configured path)"
_BY_QUERY: dict[str, Any] = {
    "parameters": [{"name": "model", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}]
}
_GRAPHQL: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["query"],
                    "properties": {"query": {"type": "string", "minLength": 1}},
                    "additionalProperties": True,
                }
            }
        },
    }
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["model"],
                    "properties": {"model": {"type": "string", "minLength": 1}},
                    "additionalProperties": True,
                }
            }
        },
    }
}
_PASSED: dict[str, Any] = {
    "response_model": None,
    "responses": {
        "default": {"description": "What the service answers, as it comes."},
        **{status: refused(status) for status in (403, 404, 413, 502, 503, 504)},
    },
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a request is sent on with."""

    directory: Directory
    forwarding: Forwarding
    metrics: Metrics
    access: Access

    def identity(self, request: HTTPConnection) -> asking.Identity:
        """What the service learns about the caller."""
        whose = self.directory.configuration.upstream.key
        if whose == "callers":
            return asking.Identity()
        who = caller(request)
        left_out = ("authorization", self.access.header)
        return asking.Identity(left_out, self.access.shown_key(whose), f"{who}." if who else "")


def forwarded(parts: Parts) -> APIRouter:
    """Requests that are routed by a model. A session's record and a GraphQL request name it in the query."""
    routes = APIRouter()

    async def by_body(request: Request) -> Response:
        return await _forward(request, parts, request.scope["route"].path)

    async def graphql(request: Request) -> Response:
        return await _forward(request, parts, "/graphql", _Place(_of_query(request, parts), None))

    async def session(request: Request, session_id: str) -> Response:
        return await _session(request, parts, session_id)

    async def of_session(request: Request, session_id: str, rest: str) -> Response:
        return await _session(request, parts, session_id)

    for path, summary in FORWARDED.items():
        routes.add_api_route(path, by_body, methods=["POST"], summary=summary, openapi_extra=_BODY, **_PASSED)
    routes.add_api_route(
        "/graphql",
        graphql,
        methods=["POST"],
        summary="GraphQL, by the service of the model.",
        openapi_extra={**_GRAPHQL, **_BY_QUERY},
        **_PASSED,
    )
    for method in ("GET", "DELETE"):
        what = "A session's record, at the replica that it belongs to."
        routes.add_api_route(
            "/sessions/{session_id}", session, methods=[method], summary=what, openapi_extra=_BY_QUERY, **_PASSED
        )
    for method in ("GET", "POST", "DELETE"):
        what = "What belongs to a session, at its replica."
        routes.add_api_route(
            "/sessions/{session_id}/{rest:path}",
            of_session,
            methods=[method],
            summary=what,
            openapi_extra=_BY_QUERY,
            **_PASSED,
        )
    return routes


@dataclass(frozen=True, slots=True)
class _Place:
    service: Service
    target: str | None
    session: str | None = None
    repeats: asking.Repeats = "never"


class Configured:
    """What no route is there for: a configured path, or nothing."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        found = of_path(self._parts.directory, request)
        if found is None:
            raise HTTPException(404)
        response = await _forward(request, self._parts, CONFIGURED, _Place(*found))
        await response(scope, receive, send)


def of_path(directory: Directory, request: HTTPConnection) -> tuple[Service, str] | None:
    """The service of a configured path, and what it is asked for there."""
    came = bytes(request.scope.get("raw_path") or b"").decode("ascii")
    if _leads_out(came):
        return None
    found = directory.of_path(came)
    return (found[0], asking.target_of(request, found[1])) if found is not None else None


def _leads_out(path: str) -> bool:
    """Whether dots or double slashes could leave the configured paths, or a caller's own sessions."""
    plain = unquote(path)
    return posixpath.normpath(plain) != (plain.rstrip("/") or "/")


def _of_query(request: Request, parts: Parts) -> Service:
    return parts.forwarding.of_model(asking.queried_model(request))


async def _session(request: Request, parts: Parts, session_id: str) -> Response:
    scope = parts.identity(request).scope
    if scope and request.method == "POST":
        raise shared_key("A request to a session may name others")
    came = bytes(request.scope["raw_path"]).decode("ascii")
    if _leads_out(came) or not came.startswith("/sessions/"):
        raise HTTPException(404)
    raw = came.removeprefix("/sessions/")
    target = asking.target_of(request, f"/sessions/{scope}{raw}")
    # A session's record is read or taken away: what is sent to one may be a turn, or anything else.
    place = _Place(_of_query(request, parts), target, session_id, "never" if request.method == "POST" else "often")
    return await _forward(request, parts, request.scope["route"].path, place)


def shared_key(why: str) -> Refused:
    """The refusal of what could reach another caller's sessions where services see one key for all."""
    return Refused(403, f"{why}, and services know all callers by one key here; ask the service itself.", "shared_key")


async def _forward(request: Request, parts: Parts, label: str, place: _Place | None = None) -> Response:
    """`label` replaces the path in the log, which never has session ids. Without a place, the body names it."""
    figures = parts.directory.configuration.gateway
    request_id = asking.given_id(request)
    account = Account(parts.metrics, request.method, label, request_id)
    try:
        identity = parts.identity(request)
        if place is None:
            asked = await asking.read(request, figures.max_body_bytes, request_id, identity, by_body=True)
            service = parts.forwarding.of_model(asked.model)
        else:
            if label == "/graphql" and identity.scope:
                raise shared_key("GraphQL names sessions in its body")
            asked = await asking.read(
                request,
                figures.max_body_bytes,
                request_id,
                identity,
                target=place.target,
                session=place.session,
                repeats=place.repeats,
            )
            service = place.service
        opened = await while_connected(request.receive, parts.forwarding.open(service, asked, account))
        return Relay(opened, account, parts.metrics, request_id, asked.scope)
    except Refused as error:
        return _refused(error, account, request_id)
    except ClientLeft:
        account.close(CLIENT_LEFT)
        return Response(status_code=CLIENT_LEFT)
    except Exception as error:
        return _refused(internal(error, label), account, request_id)


def _refused(error: Refused, account: Account, request_id: str) -> Response:
    account.close(error.status, error.code or "")
    response = error.response()
    response.headers["X-Request-ID"] = request_id
    return response
