"""A request to the gateway: read once, within limits, and kept byte for byte for the replica."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from starlette.requests import HTTPConnection, Request

from signoff.reference_services.gateway.forwarding import headers
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.requests import request_body

PRIORITIES = {"high": 0, "normal": 1, "low": 2}
PRIORITY_HEADER = "x-priority"
SESSION_HEADER = "x-session-id"
REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

Repeats = Literal["never", "once", "often"]
"""How often a request goes to another replica after one took it and broke off before its answer. `often`: doing it
twice is doing it once. `once`: it has no side effects, but may be what kills replicas. `never`: unknown."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a service learns about the caller: the caller's own key, or the gateway's, or none.

    Under one key all callers are one to a service. Their sessions are then kept apart by a scope before each name.
    """

    left_out: tuple[str, ...] = ()
    key: str | None = field(default=None, repr=False)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is sent on. `repr` shows neither body nor headers: they hold prompts and keys."""

    method: str
    target: str
    """Path and query, as they came or as the configuration has them."""
    model: str
    """What the body names as its model, "" if something else says where it goes."""
    headers: headers.Headers = field(repr=False)
    content: bytes = field(repr=False)
    priority: int
    session: str | None
    scope: str = ""
    """The prefix of this caller's session names at the service, which is removed from its answers."""
    repeats: Repeats = "never"

    @classmethod
    def plain(cls, target: str) -> Asked:
        """What the gateway asks by itself: no word of a client."""
        return cls("GET", target, "", [], b"", PRIORITIES["normal"], None)

    def for_model(self, model: str) -> Asked:
        """The same for another model. Nothing else makes another body of it."""
        return replace(self, model=model, content=json.dumps({**json.loads(self.content), "model": model}).encode())


async def read(
    request: Request,
    max_body_bytes: int,
    request_id: str,
    identity: Identity,
    *,
    by_body: bool = False,
    target: str | None = None,
    session: str | None = None,
    repeats: Repeats = "never",
) -> Asked:
    """What is asked for. Raises Refused, and ClientLeft if the client leaves before the end of its body.

    `by_body`: it is JSON and names a model. `target`: another path than the one that came. `session`: where the path
    names it. `repeats` is what the path alone says of it.
    """
    if by_body:
        request_body.check_type(request.headers)
    content = await request_body.content_of(request, max_body_bytes)
    model = _model(request_body.parsed(content)) if by_body else ""
    return _asked(request, request_id, identity, model, bytes(content), target, session, repeats)


def of_socket(request: HTTPConnection, request_id: str, identity: Identity, target: str | None) -> Asked:
    """What the handshake of a WebSocket asks for, which at a path of the gateway's own does nothing. Raises Refused."""
    asked = _asked(request, request_id, identity, "", b"", target, None, "often" if target is None else "never")
    # What a handshake needs of the headers of one connection.
    return replace(asked, headers=[*asked.headers, (b"connection", b"Upgrade"), (b"upgrade", b"websocket")])


def _asked(
    request: HTTPConnection,
    request_id: str,
    identity: Identity,
    model: str,
    content: bytes,
    target: str | None,
    session: str | None,
    repeats: Repeats,
) -> Asked:
    named = _only(request, SESSION_HEADER)
    raw = headers.to_replica(request.headers.raw, request.client, request_id, identity.left_out)
    if identity.key is not None:
        raw.append((b"authorization", b"Bearer " + identity.key.encode("ascii")))
    if identity.scope and named is not None:
        scoped = (identity.scope + named).encode("latin-1")
        raw = [(name, scoped if name == SESSION_HEADER.encode() else value) for name, value in raw]
    belongs = session if session is not None else named
    return Asked(
        method=request.scope.get("method", "GET"),
        target=target if target is not None else target_of(request),
        model=model,
        headers=raw,
        content=content,
        priority=_priority(request),
        session=None if belongs is None else identity.scope + belongs,
        scope=identity.scope,
        repeats="once" if model and belongs is None else repeats,
    )


def given_id(request: HTTPConnection) -> str:
    """The request's id: the client's where it is one, else a new one."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused(
            400, "model: a gateway needs the name of a model, as /v1/models lists them.", "missing_model", "model"
        )
    return model


def queried_model(request: HTTPConnection) -> str:
    """The model that the query names. Raises Refused."""
    model = request.query_params.get("model")
    if not model:
        raise Refused(400, "model: name it in the query, such as ?model=hermes-2.", "missing_model", "model")
    return model


def _priority(request: HTTPConnection) -> int:
    given = _only(request, PRIORITY_HEADER)
    if given is None:
        return PRIORITIES["normal"]
    if given.lower() not in PRIORITIES:
        raise Refused(400, f"X-Priority is one of {', '.join(PRIORITIES)}.", "invalid_priority", "X-Priority")
    return PRIORITIES[given.lower()]


def _only(request: HTTPConnection, name: str) -> str | None:
    given = request.headers.getlist(name)
    if len(given) > 1:
        raise Refused(400, f"{name} is given more than once.", "invalid_header", name)
    return given[0] if given else None


def target_of(request: HTTPConnection, path: str | None = None) -> str:
    """Path and query as they came, or with another path."""
    raw = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope.get("query_string", b"")
    return (bytes(raw).decode("ascii") if path is None else path) + (f"?{query.decode('ascii')}" if query else "")
