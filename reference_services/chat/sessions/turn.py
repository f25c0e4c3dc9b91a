"""A turn of a session: the right to take it, from the claim of the session to the commit of what was answered."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Protocol, Self

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.window import Count
from signoff.reference_services.chat.stores.records import SessionRecord, TurnRecord


class TurnTaker(Protocol):
    """What a turn asks of the manager of the sessions."""

    now: Callable[[], float]

    def prompt(
        self, turn: Turn, messages: Sequence[Message], max_tokens: int | None, count: Count
    ) -> tuple[Message, ...]:
        """See `Turn.prompt`."""

    async def store_turn(self, turn: Turn, added: TurnRecord) -> int:
        """Store a turn; when this returns, it is committed."""

    def leave(self, turn: Turn, lock: asyncio.Lock) -> None:
        """The end of a turn."""


class Turn:
    """The right to take the next turn of a session. Close it in any case; commit what was answered."""

    def __init__(self, manager: TurnTaker, session_id: str, lock: asyncio.Lock) -> None:
        self.session_id = session_id
        self._manager = manager
        self._lock = lock
        self.holder = uuid.uuid4().hex
        """The name under which the store knows whose turn it is."""
        self.record: SessionRecord | None = None
        """The session before this turn; None if a commit opens it."""
        self.turns: list[TurnRecord] = []
        """Its last turns: as many as a prompt can draw on."""
        self.system: str | None = None
        """The system prompt that is stored with this turn."""
        self.is_claimed = True
        self.asked_at = manager.now()
        self._is_open = True
        self._storing: asyncio.Future[SessionRecord] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def prompt(self, messages: Sequence[Message], max_tokens: int | None, count: Count) -> tuple[Message, ...]:
        """The prompt for these messages; the last of them is the user's new one."""
        return self._manager.prompt(self, messages, max_tokens, count)

    def keep_system(self, text: str | None) -> None:
        """The system prompt that goes into the record with this turn."""
        self.system = text

    async def commit(self, user: str, assistant: str) -> int:
        """Store the turn; when this returns, it is committed. Its number in the session."""
        added = TurnRecord(user, assistant, self.asked_at, self._manager.now(), self.system)
        return await self._manager.store_turn(self, added)

    async def stored(self, promise: Future[SessionRecord]) -> SessionRecord:
        """The session with this turn, once it is committed; the commit continues if the caller is cancelled."""
        self._storing = asyncio.wrap_future(promise)
        return await asyncio.shield(self._storing)

    def close(self) -> None:
        """Let the next one on this session go ahead, after a commit in progress: it sees that turn."""
        if not self._is_open:
            return
        self._is_open = False
        if self._storing is None or self._storing.done():
            self._manager.leave(self, self._lock)
        else:
            self._storing.add_done_callback(self._leave_after)

    def _leave_after(self, storing: asyncio.Future[SessionRecord]) -> None:
        # Asked for, so that asyncio does not complain of an error that nobody is there to be told of.
        if not storing.cancelled():
            storing.exception()
        self._manager.leave(self, self._lock)
