"""Errors as OpenAI's clients expect them: {"error": {"message", "type", "param", "code"}}."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from reference_services.chat import LOGGER

log = logging.getLogger(LOGGER)


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
        super().__init__(message)
        self.status = status
        self.code = code
        self.param = param
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


def install(app: FastAPI) -> None:
    """Every error of the app in this one shape, those of the router and of bugs included."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.response()

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message = f"{request.method} {request.url.path}: {error.detail}"
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code)
        response = Refused(error.status_code, message, code).response()
        response.headers.update(error.headers or {})
        return response

    async def bug(request: Request, error: Exception) -> Response:
        return internal(error, request.url.path).response()

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, bug)


def internal(error: BaseException, where: str) -> Refused:
    """The refusal for a bug: logged in full, told without its inside."""
    log.error("internal error", exc_info=error, extra={"fields": {"where": where}})
    return Refused(500, "The service failed on this request; its log says why.", "internal_error")
