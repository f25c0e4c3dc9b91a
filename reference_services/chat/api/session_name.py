"""The storage name of a session, made from its caller and its id."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from starlette.requests import HTTPConnection

from signoff.reference_services.chat.sessions.sessions import SESSION_ID, SESSION_ID_RULE
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.gate import caller, owned

SESSION_HEADER = "x-session-id"
PARAMETER: dict[str, Any] = {
    "name": "X-Session-ID",
    "in": "header",
    "description": "The session that the chat continues; its first turn opens it.",
    "schema": {"type": "string", "pattern": f"^{SESSION_ID.pattern}$"},
}
"""What openapi.json says of the header."""
SessionInPath = Annotated[str, Path(json_schema_extra={"pattern": f"^{SESSION_ID.pattern}$"})]
"""A session in a route's path. `checked_session` refuses invalid names with its own message."""


def session_id(request: HTTPConnection) -> str | None:
    """The session that the request names, as its caller's, or None. Raises Refused if the name is not one."""
    named = request.headers.getlist(SESSION_HEADER)
    if not named:
        return None
    if len(named) > 1:
        raise Refused(400, "X-Session-ID is given more than once.", "invalid_session_id", "X-Session-ID")
    return checked_session(request, named[0])


def checked_session(request: HTTPConnection, name: str) -> str:
    """The name under which the caller's session is kept. Raises Refused if this cannot be a session's name."""
    if not SESSION_ID.fullmatch(name):
        raise Refused(400, f"A session id is {SESSION_ID_RULE}; this is not one.", "invalid_session_id", "X-Session-ID")
    return owned(caller(request), name)
