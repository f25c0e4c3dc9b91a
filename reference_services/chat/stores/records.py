"""Records of sessions: the session and its turns."""

from __future__ import annotations

from dataclasses import dataclass

from signoff.reference_services.chat.prompt.prompt import Message


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session; times in seconds since the epoch. `system` is the last system prompt that was sent in it.

    `parent` is the session that it was copied from, with the first `parent_turns` of its turns; `parent_created`
    distinguishes that session from a later one of the same name. Two equal records describe the same session
    with the same turns: so turns that were read for one need not be read for the other.
    """

    session_id: str
    created: float
    last_used: float
    system: str | None
    turns: int = 0
    """How many turns it has."""
    title: str | None = None
    parent: str | None = None
    parent_created: float | None = None
    parent_turns: int | None = None


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """A user's message and the reply to it, and the system prompt, if one was sent with it."""

    user: str
    assistant: str
    asked_at: float
    answered_at: float
    system: str | None = None

    def messages(self) -> tuple[Message, Message]:
        """The pair, as a prompt holds it."""
        return Message("user", self.user), Message("assistant", self.assistant)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many sessions and turns are stored, and how many of the sessions are not over."""

    sessions: int
    active: int
    turns: int
