"""Errors of Switch as JSON, with the fields of each kind of refusal."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from signoff.reference_services.switch import LOGGER
from signoff.reference_services.web.access.connection import CLIENT_LEFT, ClientLeft

log = logging.getLogger(LOGGER)
FALLBACK = "Ask the OpenAI API or the CLI"
RETRY_AFTER_S = 1


class Refused(Exception):
    """A request that is not answered. `more` are the fields beside `error`."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None, **more: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}
        self.more = more

    def response(self) -> Response:
        """The answer."""
        body = {"error": str(self), **self.more}
        return Response(json.dumps(body, ensure_ascii=False), self.status, dict(self.headers), "application/json")


def wrong(field: str | None, message: str) -> Refused:
    """A request that is wrong in a field, or as a whole."""
    return Refused(400, message, field=field)


def unavailable(model: str, message: str, retry_after_s: int = RETRY_AFTER_S) -> Refused:
    """The 503 of the document: why, for which model, what to do, and the mark that says `degraded`."""
    headers = {"Retry-After": str(retry_after_s)}
    return Refused(503, message, headers, model=model, fallback=FALLBACK, source="degraded")


def install(app: FastAPI) -> None:
    """Every error of the app in this one shape, those of the router and of bugs included."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.response()

    async def left(request: Request, error: Exception) -> Response:
        return Response(status_code=CLIENT_LEFT)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return Refused(error.status_code, f"{request.method}: {error.detail}", error.headers).response()

    async def bug(request: Request, error: Exception) -> Response:
        log.error("internal error", exc_info=error, extra={"fields": {"where": request.url.path}})
        return Refused(500, "The service failed on this request; its log says why.").response()

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(ClientLeft, left)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, bug)
