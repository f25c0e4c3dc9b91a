"""Bodies of requests: read within limits, every field checked, errors in OpenAI's shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from signoff.reference_services.web.access.connection import ClientLeft
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.gate import body_too_large
from signoff.reference_services.web.requests import body, strict_json
from signoff.reference_services.web.requests.held_bytes import NoRoom
from signoff.reference_services.web.requests.json_budget import TooManyValues

Body = TypeVar("Body", bound=BaseModel)
COMPONENTS = "#/components/schemas/{model}"
"""Where openapi.json has the shapes that are named."""


async def read(request: Request, kind: type[Body], max_bytes: int) -> Body:
    """The body of a request. Raises Refused."""
    check_type(request.headers)
    return checked(parsed(await content_of(request, max_bytes)), kind)


async def content_of(request: Request, max_bytes: int) -> bytearray:
    """The bytes of the body. Raises Refused, and ClientLeft if the client leaves before their end."""
    try:
        return await body.read(request, max_bytes)
    except body.TooLong:
        raise body_too_large(max_bytes) from None
    except NoRoom:
        raise Refused(503, "The clients of now send more than fits; try again.", "no_room") from None
    except ClientDisconnect:
        raise ClientLeft from None


def check_type(headers: Headers) -> None:
    """Raises Refused (415) if the body is sent as something else than JSON."""
    reason = strict_json.refused_type(headers)
    if reason is not None:
        raise Refused(415, reason, "unsupported_media_type")


def parsed(content: bytes | bytearray) -> dict[str, Any]:
    """The JSON object that some bytes are. Raises Refused."""
    try:
        return strict_json.read(content)
    except TooManyValues as error:
        raise Refused(413, str(error), "body_too_large") from None
    except strict_json.NotJson as error:
        raise Refused(400, str(error), "invalid_json") from None


def checked(data: dict[str, Any], kind: type[Body]) -> Body:
    """The object as a request of this kind. Raises Refused."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise _refused(error) from None


def schema(kind: type[BaseModel], narrow: Callable[[dict[str, Any]], None] | None = None) -> dict[str, Any]:
    """The request's body for openapi.json, which FastAPI cannot see because the body is read here.

    `narrow` gets the fields, to say what the settings allow of them.
    """
    made = kind.model_json_schema(ref_template=COMPONENTS)
    if narrow is not None:
        narrow(made["properties"])
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": made}}}}


def _refused(error: ValidationError) -> Refused:
    problem = error.errors(include_url=False, include_context=False)[0]
    param = ".".join(str(part) for part in problem["loc"]) or None
    if problem["type"] == "extra_forbidden":
        return Refused(400, f"This service does not know the field {param}.", "unknown_field", param)
    message = str(problem["msg"]).removeprefix("Value error, ")
    return Refused(400, f"{param}: {message}" if param else message, "invalid_value", param)
