"""GET and DELETE /sessions/{id}."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from reference_services.chat.failures import Refused
from reference_services.chat.generation import Parts
from reference_services.chat.requests import check_session_id


def router(parts: Parts) -> APIRouter:
    """The routes of one session."""
    routes = APIRouter()

    @routes.get("/sessions/{session_id}")
    async def show(session_id: str) -> dict[str, Any]:
        check_session_id(session_id)
        record = parts.sessions.get_session(session_id)
        if record is None:
            raise _unknown(session_id)
        return record

    @routes.delete("/sessions/{session_id}", status_code=204)
    async def remove(session_id: str) -> Response:
        check_session_id(session_id)
        if not await parts.sessions.delete(session_id):
            raise _unknown(session_id)
        return Response(status_code=204)

    return routes


def _unknown(session_id: str) -> Refused:
    return Refused(404, f"There is no session {session_id}.", "session_not_found", "session_id")
