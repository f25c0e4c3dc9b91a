"""Errors as OpenAI's clients expect them: {"error": {"message", "type", "param", "code"}}."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from signoff.reference_services.web.access.connection import CLIENT_LEFT, ClientLeft
from signoff.reference_services.web.access.refusal import Refusal

log = logging.getLogger("web")
MOST_CHARACTERS = 1000
"""Of a message."""


class ErrorDetail(BaseModel):
    """The problem and its field."""

    model_config = ConfigDict(extra="forbid")

    message: str
    type: Literal["invalid_request_error", "authentication_error", "rate_limit_error", "server_error"]
    param: str | None
    code: str | None


class ErrorBody(BaseModel):
    """An error, for openapi.json."""

    model_config = ConfigDict(extra="forbid")

    error: ErrorDetail


def _shortened(text: str) -> str:
    """What a client sent may be in a message: a name of megabytes is not sent back to it."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}..."


class Unserved(Exception):
    """What a part of the service cannot do now and no bug is at fault for: it has an answer, and no traceback."""

    event = "not served"
    """The line of the log."""

    def refused(self) -> Refused:
        """The answer."""
        raise NotImplementedError


class Refused(Exception):
    """A request that cannot be served; becomes the error answer."""

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(_shortened(message))
        self.status = status
        self.code = code
        self.param = None if param is None else _shortened(param)
        self.headers = headers or {}

    @property
    def is_ours(self) -> bool:
        """Whether the service, not the request, is at fault."""
        return self.status >= 500

    def body(self) -> dict[str, object]:
        """The error object."""
        kind = {401: "authentication_error", 429: "rate_limit_error"}.get(self.status, "invalid_request_error")
        if self.is_ours:
            kind = "server_error"
        return {"error": {"message": str(self), "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        """The answer."""
        headers = {**({"Retry-After": "1"} if self.status == 503 else {}), **self.headers}
        return Response(json.dumps(self.body()), self.status, headers, "application/json")


def as_refused(refusal: Refusal) -> Refused:
    """What the guard of a listener refuses, in the shape of all errors."""
    return Refused(refusal.status, refusal.message, refusal.code)


def install(app: FastAPI) -> None:
    """Every error of the app in this one shape, those of the router and of bugs included."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.response()

    async def left(request: Request, error: Exception) -> Response:
        # No error of anybody's: neither a line in the log nor a count says so.
        return Response(status_code=CLIENT_LEFT)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message = f"{request.method} {request.url.path}: {error.detail}"
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
        response = Refused(error.status_code, message, code).response()
        response.headers.update(error.headers or {})
        if error.status_code == 405 and (methods := described_methods(app, request.url.path)):
            response.headers["Allow"] = methods
        return response

    async def bug(request: Request, error: Exception) -> Response:
        return internal(error, request.url.path).response()

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        problem = error.errors()[0]
        name = str(problem["loc"][-1])
        return Refused(400, f"{name}: {problem['msg']}.", "invalid_value", name).response()

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(ClientLeft, left)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, bug)
    app.add_exception_handler(Unserved, bug)


def described_methods(app: FastAPI, path: str) -> str:
    """The methods that openapi.json has for a path; "" if it has none.

    The router names those of the first of its routes that fits, though others have the same path.
    """
    paths = app.openapi()["paths"]
    fitting = [path] if path in paths else [each for each in paths if compile_path(each)[0].fullmatch(path)]
    return ", ".join(sorted(method.upper() for method in paths[fitting[0]])) if fitting else ""


def internal(error: BaseException, where: str) -> Refused:
    """The answer to our own error: logged in full, reported without internal details."""
    if isinstance(error, Unserved):
        refused = error.refused()
        if refused.is_ours:
            log.warning(error.event, extra={"fields": {"where": where, "reason": str(error)}})
        return refused
    log.error("internal error", exc_info=error, extra={"fields": {"where": where}})
    return Refused(500, "The service failed on this request; its log says why.", "internal_error")
