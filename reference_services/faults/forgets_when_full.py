"""Fault: a conversation that exceeds the context starts again from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.tokenizer import count_messages
from signoff.reference_services.chat.prompt.window import Count
from signoff.reference_services.chat.serving.app import CreateApp
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.sessions.turn import Turn
from signoff.reference_services.web.serving.fault import Fault


class OverflowingSessions(SessionManager):
    """Sessions that keep nothing of a history that is too long."""

    def prompt(
        self, turn: Turn, messages: Sequence[Message], max_tokens: int | None, count: Count = count_messages
    ) -> tuple[Message, ...]:
        """The prompt with the whole window; where turns had to go, the new message alone."""
        window = self.settings.context_window_size
        stored = self.stored(turn.session_id, self.settings.conversation_memory_size)
        if count([*stored, *messages]) > window:
            return (messages[-1],)
        return super().prompt(turn, messages, max_tokens, count)


FAULT = Fault(
    name="forgets_when_full",
    summary="a session that no longer fits the context loses its whole history",
    wrap=lambda create: cast(CreateApp, partial(create, sessions=OverflowingSessions)),
)
