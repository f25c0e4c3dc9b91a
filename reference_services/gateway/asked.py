"""What a request asks a gateway for: read once, within limits, and kept byte for byte for the replica."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import Request

from reference_services.chat.failures import Refused
from reference_services.chat.gate import body_too_large
from reference_services.gateway import headers

PRIORITIES = {"high": 0, "normal": 1, "low": 2}
PRIORITY_HEADER = "x-priority"
SESSION_HEADER = "x-session-id"
REQUEST_ID_HEADER = "x-request-id"
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_LINE_BYTES = 4
"""What a header line has beside name and value: a colon, a space, a line end."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is sent on. `repr` shows neither body nor headers: they hold prompts and keys."""

    method: str
    target: str
    """Path and query, as they came."""
    model: str
    headers: headers.Headers = field(repr=False)
    content: bytes = field(repr=False)
    priority: int
    session: str | None

    @property
    def is_idempotent(self) -> bool:
        """Whether doing it twice is doing it once."""
        return self.method in ("GET", "HEAD", "PUT", "DELETE")

    def for_model(self, model: str) -> Asked:
        """The same for another model. Nothing else makes another body of it."""
        return replace(self, model=model, content=json.dumps({**json.loads(self.content), "model": model}).encode())


async def read(
    request: Request, max_body_bytes: int, max_header_bytes: int, request_id: str, session: str | None = None
) -> Asked:
    """What is asked for; `session` where the path names it. Raises Refused."""
    size = sum(len(name) + len(value) + _LINE_BYTES for name, value in request.headers.raw)
    if size > max_header_bytes:
        raise Refused(431, f"The headers have {size} bytes; at most {max_header_bytes} are read.", "headers_too_large")
    if request.headers.get("content-length", "").isdigit() and int(request.headers["content-length"]) > max_body_bytes:
        raise body_too_large(max_body_bytes)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > max_body_bytes:
            raise body_too_large(max_body_bytes)
    return Asked(
        method=request.method,
        target=_target(request),
        model=_model(json_object(bytes(content))) if request.method == "POST" else _queried_model(request),
        headers=headers.to_replica(request.headers.raw, request.client, request_id),
        content=bytes(content),
        priority=_priority(request),
        session=session if session is not None else _only(request, SESSION_HEADER),
    )


def given_id(request: Request) -> str:
    """The request's id: the client's where it is one, else a new one."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def json_object(content: bytes) -> dict[str, Any]:
    """The body, which has to be a JSON object. Raises Refused."""
    try:
        data = json.loads(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise Refused(400, f"The body is not UTF-8 text (byte {error.start}).", "invalid_json") from None
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {error}", "invalid_json") from None
    if not isinstance(data, dict):
        raise Refused(400, f"The body is a JSON {type(data).__name__}, an object is needed.", "invalid_json")
    return data


def _model(body: dict[str, Any]) -> str:
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise Refused(
            400, "model: a gateway needs the name of a model, as /v1/models lists them.", "missing_model", "model"
        )
    return model


def _queried_model(request: Request) -> str:
    model = request.query_params.get("model")
    if not model:
        raise Refused(400, "model: name it in the query, such as ?model=hermes-2.", "missing_model", "model")
    return model


def _priority(request: Request) -> int:
    given = _only(request, PRIORITY_HEADER)
    if given is None:
        return PRIORITIES["normal"]
    if given.lower() not in PRIORITIES:
        raise Refused(400, f"X-Priority is one of {', '.join(PRIORITIES)}.", "invalid_priority", "X-Priority")
    return PRIORITIES[given.lower()]


def _only(request: Request, name: str) -> str | None:
    given = request.headers.getlist(name)
    if len(given) > 1:
        raise Refused(400, f"{name} is given more than once.", "invalid_header", name)
    return given[0] if given else None


def _target(request: Request) -> str:
    path = request.scope.get("raw_path") or request.url.path.encode()
    query = request.scope.get("query_string", b"")
    return bytes(path).decode("ascii") + (f"?{query.decode('ascii')}" if query else "")
