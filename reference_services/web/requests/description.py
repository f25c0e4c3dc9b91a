"""openapi.json: the answers of each route, and common descriptions.

Bodies of requests are read and checked by `request_body`, answers are made as plain dictionaries; their descriptions
here is held to them by tests alone, so that no request pays for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from signoff.reference_services.web.access.failures import ErrorBody
from signoff.reference_services.web.requests.request_body import COMPONENTS

VERSION = "3.2.0"
"""The first that can say what the events of a stream are."""
_METHODS = ("get", "post", "put", "patch", "delete")
_JSON, _STREAM = "application/json", "text/event-stream"
_TEXT_HEADER = {"schema": {"type": "string"}}
REASONS = {
    200: "Answered.",
    400: "The body is no JSON object, or a field of it is wrong.",
    401: "No API key, or one that is not known.",
    403: "Not for this key, not for a web page of another origin, not under this host name, or switched off here.",
    404: "There is nothing of this name.",
    409: "The state of things does not allow it.",
    413: "The body is too long.",
    415: "The body is not sent as JSON.",
    429: "Too many requests; Retry-After says when the next one is taken.",
    431: "The headers are too long.",
    500: "The service failed; its log says why.",
    502: "The service behind broke off, or cannot be understood.",
    503: "It cannot be answered now; Retry-After says when to come again.",
    504: "The service behind was not heard of in time.",
}
_HEADERS = {
    401: {"WWW-Authenticate": {"required": True, **_TEXT_HEADER}},
    429: {"Retry-After": {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}},
    503: {"Retry-After": {"required": True, "schema": {"type": "string", "pattern": "^[0-9]+$"}}},
}


Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]


class Told(BaseModel):
    """What an answer holds: these fields and no others."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


def sometimes() -> Any:
    """A field that is not in every answer; where it is, it has a value of its type."""
    return Field(default_factory=lambda: None)


def answers(
    kind: type[BaseModel] | None,
    *refusals: int,
    status: int = 200,
    events: type[BaseModel] | None = None,
    also: Iterable[int] = (),
    headers: Mapping[str, Mapping[str, Any]] | None = None,
    error: type[BaseModel] = ErrorBody,
) -> dict[str, Any]:
    """Arguments of a route: it answers with `kind`, streams `events` where it is asked to, and may refuse.

    `also` are further statuses that have the same body.
    """
    good: dict[str, Any] = {"description": "Answered."} if kind is None else {"description": "Answered.", "model": kind}
    if events is not None:
        good["content"] = {_STREAM: {"itemSchema": _event(events)}}
    if headers:
        good["headers"] = {name: {"required": False, **_TEXT_HEADER, **header} for name, header in headers.items()}
    found: dict[int, dict[str, Any]] = {status: good}
    found |= {each: {**good, "description": REASONS[each], "headers": {}} for each in also}
    found |= {each: refused(each, error) for each in refusals}
    return {"response_model": None, "responses": found}


def refused(status: int, error: type[BaseModel] = ErrorBody) -> dict[str, Any]:
    """A refusal with this status."""
    return {"description": REASONS[status], "model": error, "headers": _HEADERS.get(status, {})}


def header(name: str, what: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A header that a request may have."""
    return {"name": name, "in": "header", "required": False, "description": what, "schema": dict(schema)}


def describe(
    app: FastAPI,
    schemes: Mapping[str, Mapping[str, Any]],
    refusals: Iterable[int],
    open_paths: frozenset[str] = frozenset(),
    error: type[BaseModel] = ErrorBody,
) -> None:
    """Make the app's openapi.json: with the keys that are needed and the refusals that any request may meet.

    Paths in `open_paths` need no key and have no limit. What says of itself which keys it needs is left alone.
    """
    app.openapi_version = VERSION
    everywhere = tuple(refusals)

    @cache
    def made() -> dict[str, Any]:
        document = FastAPI.openapi(app)
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        reference = {"$ref": COMPONENTS.format(model=error.__name__)}
        shapes = error.model_json_schema(ref_template=COMPONENTS)
        schemas |= {**shapes.pop("$defs", {}), error.__name__: shapes}
        for path, operations in document["paths"].items():
            for method in _METHODS & operations.keys():
                _complete(operations[method], path in open_paths, schemes, everywhere, reference)
        _hoist(document["paths"], schemas)
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        if schemes:
            components["securitySchemes"] = dict(schemes)
        return document

    app.openapi = made  # type: ignore[method-assign]


def _complete(
    operation: dict[str, Any],
    is_open: bool,
    schemes: Mapping[str, Mapping[str, Any]],
    refusals: Iterable[int],
    reference: Mapping[str, str],
) -> None:
    """Descriptions for all routes, without those of FastAPI's own checks, which no route uses."""
    responses = operation["responses"]
    responses.pop("422", None)
    if not is_open and schemes:
        operation.setdefault("security", [{name: []} for name in schemes])
    for status in refusals:
        if not (is_open and status in (401, 429)):
            response = {"description": REASONS[status], "content": {_JSON: {"schema": dict(reference)}}}
            responses.setdefault(str(status), {**response, "headers": _HEADERS.get(status, {})})


def _event(kind: type[BaseModel]) -> dict[str, Any]:
    """One event: its data is the JSON of a chunk, and in the last one `[DONE]`."""
    chunk = {"type": "string", "contentMediaType": _JSON, "contentSchema": _inside(kind)}
    data = {"anyOf": [{"const": "[DONE]"}, chunk]}
    return {"type": "object", "required": ["data"], "properties": {"data": data}}


def _inside(kind: type[BaseModel]) -> dict[str, Any]:
    return kind.model_json_schema(mode="serialization", ref_template=COMPONENTS)


def _hoist(node: Any, schemas: dict[str, Any]) -> None:
    """Put the definitions within bodies where their references lead."""
    if isinstance(node, dict):
        for name, definition in node.pop("$defs", {}).items():
            _hoist(definition, schemas)
            schemas.setdefault(name, definition)
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _hoist(each, schemas)
