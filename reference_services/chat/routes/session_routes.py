"""GET and DELETE /sessions/{id}."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.session_models import Session
from signoff.reference_services.chat.api.session_name import SessionInPath, checked_session
from signoff.reference_services.chat.routes import thread_routes
from signoff.reference_services.chat.sessions.threads import Threads, unknown
from signoff.reference_services.web.access.gate import caller
from signoff.reference_services.web.requests.description import answers


def router(parts: Parts) -> APIRouter:
    """The routes of one session."""
    routes = APIRouter()

    @routes.get("/sessions/{session_id}", **answers(Session, 400, 404, 503))
    async def show(request: Request, session_id: SessionInPath) -> dict[str, Any]:
        """A session's record, with all its turns."""
        record = await parts.sessions.show(checked_session(request, session_id))
        if record is None:
            raise unknown(session_id)
        return {**record, "session_id": session_id, **await _thread(parts, request, session_id)}

    @routes.delete("/sessions/{session_id}", status_code=204, **answers(None, 400, 404, 503, status=204))
    async def remove(request: Request, session_id: SessionInPath) -> Response:
        """Remove a session, after the current turn."""
        if not await parts.sessions.delete(checked_session(request, session_id)):
            raise unknown(session_id)
        return Response(status_code=204)

    return routes


async def _thread(parts: Parts, request: Request, session_id: str) -> dict[str, Any]:
    """Title and parent of a session, where the service has threads. Raises Refused."""
    if not parts.service.config.threads:
        return {}
    threads = Threads(parts.sessions, caller(request))
    return thread_routes.shown(threads, await threads.one(session_id)).model_dump(include={"title", "parent"})
