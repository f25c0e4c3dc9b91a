"""Fault: the prompt has no stored history, although the record is kept."""

from __future__ import annotations

from functools import partial
from typing import cast

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.web.serving.fault import Fault


class ForgetfulSessions(SessionManager):
    """Sessions whose turns never come back into a prompt."""

    def stored(self, session_id: str, last: int = -1) -> list[Message]:
        """Nothing."""
        return []


FAULT = Fault(
    name="forgets_session",
    summary="prompts are built without the session's stored turns; its record is kept",
    wrap=lambda create: cast(CreateApp, partial(create, sessions=ForgetfulSessions)),
)
