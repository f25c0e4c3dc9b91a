"""Sessions: who said what before, for how long that is kept, and what of it goes into the next prompt.

A turn is a user's message with its reply. The memory is the last `conversation_memory_size` turns (10); the prompt
holds them with the system prompt and the new message, cut to `context_window_size` tokens (8192) by leaving out the
oldest whole turns. A session ends `session_timeout_minutes` (30) after its last turn: each turn extends it, reading
its record does not. One turn at a time: a second request on the same session waits until the first has ended. Only
turns that were answered are kept; a failed or abandoned one leaves no trace.

A request that carries history itself: see `window.merged`. Whatever it sends, only its last message, which has to be
the user's, is stored with the reply. A system prompt stays with the session until another one is sent.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reference_services.chat.prompt import Message
from reference_services.chat.records import TurnRecord
from reference_services.chat.settings import ChatSettings, Hermes2Config
from reference_services.chat.store import Store
from reference_services.chat.tokenizer import count_messages
from reference_services.chat.window import Count, fitted, merged

SESSION_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
SESSION_ID_RULE = "1 to 128 characters out of A-Z a-z 0-9 . _ : -"
REPLY_ROOM = 256
"""Tokens kept for the reply where a request states no `max_tokens`."""
_KEPT_LATENCIES = 1024


class Turn:
    """The right to take the next turn of a session. Close it in any case; commit what was answered."""

    def __init__(self, manager: SessionManager, session_id: str, lock: asyncio.Lock) -> None:
        self.session_id = session_id
        self._manager = manager
        self._lock = lock
        self._asked_at = manager.now()
        self._system: str | None = None
        self._is_open = True
        self.is_first = False
        """Whether a commit opens the session."""

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
        self._system = text

    async def commit(self, user: str, assistant: str) -> int:
        """Store the turn; when this returns, it is on disk. Its number in the session."""
        record = TurnRecord(user, assistant, self._asked_at, self._manager.now())
        return await self._manager.store_turn(self.session_id, record, self._system, self.is_first)

    def close(self) -> None:
        """Let the next one on this session go ahead."""
        if self._is_open:
            self._is_open = False
            self._manager.leave(self.session_id, self._lock)


class SessionManager:
    """Sessions over a store. Without a store it keeps them in a temporary file that is removed in the end."""

    def __init__(
        self,
        settings: ChatSettings | None = None,
        store: Store | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings or Hermes2Config()
        self._folder = None
        if store is None:
            self._folder = tempfile.TemporaryDirectory(prefix="hermes-2-", ignore_cleanup_errors=True)
            store = Store(Path(self._folder.name) / "sessions.sqlite3")
        self.store = store
        self.now = clock
        self.created_total = 0
        self.expired_total = 0
        self.evicted_total = 0
        self.turns_committed_total = 0
        self.commits: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()

    @property
    def timeout_s(self) -> float:
        """Seconds after its last turn when a session ends."""
        return self.settings.session_timeout_minutes * 60

    def create_session(self) -> str:
        """Open a session with an id of its own."""
        session_id = uuid.uuid4().hex
        self.store.create(session_id, self.now()).result()
        self.created_total += 1
        self.evicted_total += sum(promise.result() for promise in self._make_room())
        return session_id

    def get_session(self, session_id: str) -> dict[str, Any] | None:
        """The session's record with all its turns, or None where there is none (any more)."""
        record = self.store.session(session_id)
        if record is None or self._is_over(record.last_used):
            return None
        turns = [
            {"role": message.role, "content": message.content, "time": _utc(at)}
            for turn in self.store.turns(session_id)
            for message, at in zip(turn.messages(), (turn.asked_at, turn.answered_at), strict=True)
        ]
        return {
            "session_id": record.session_id,
            "created": _utc(record.created),
            "last_used": _utc(record.last_used),
            "system": record.system,
            "turn_count": len(turns) // 2,
            "turns": turns,
            "settings": {
                "conversation_memory_size": self.settings.conversation_memory_size,
                "context_window_size": self.settings.context_window_size,
                "session_timeout_minutes": self.settings.session_timeout_minutes,
            },
        }

    async def begin(self, session_id: str) -> Turn:
        """Wait for the session's turn. The session need not exist: its first committed turn opens it."""
        lock = self._locks.setdefault(session_id, asyncio.Lock())
        self._users[session_id] += 1
        try:
            await lock.acquire()
        except BaseException:
            self._forget_lock(session_id)
            raise
        turn = Turn(self, session_id, lock)
        try:
            record = self.store.session(session_id)
            if record is not None and self._is_over(record.last_used):
                self.expired_total += await asyncio.wrap_future(self.store.delete(session_id))
                record = None
            turn.is_first = record is None
        except BaseException:
            turn.close()
            raise
        return turn

    def stored(self, session_id: str, last: int = -1) -> list[Message]:
        """The stored history that a prompt may draw on, in order: all turns, or the `last` ones."""
        return [message for turn in self.store.turns(session_id, last) for message in turn.messages()]

    def prompt(
        self, turn: Turn, messages: Sequence[Message], max_tokens: int | None, count: Count = count_messages
    ) -> tuple[Message, ...]:
        """See `Turn.prompt`."""
        sent_system = [message for message in messages if message.role == "system"]
        *carried, new = [message for message in messages if message.role != "system"]
        system = sent_system or self.stored_system(turn.session_id)
        if sent_system:
            turn.keep_system("\n\n".join(message.content for message in sent_system))
        size = self.settings.conversation_memory_size
        stored = self.stored(turn.session_id, -1 if carried else size)
        window = self.settings.context_window_size
        reply = max_tokens if max_tokens is not None else min(REPLY_ROOM, window // 4)
        return fitted(system, merged(stored, carried), new, count, size, window - reply)

    def stored_system(self, session_id: str) -> list[Message]:
        """The session's system prompt, as a prompt holds it."""
        record = self.store.session(session_id)
        return [] if record is None or record.system is None else [Message("system", record.system)]

    async def store_turn(self, session_id: str, turn: TurnRecord, system: str | None, is_first: bool) -> int:
        """Store a turn; when this returns, it is on disk."""
        begin = time.perf_counter()
        number = await asyncio.shield(asyncio.wrap_future(self.store.append(session_id, turn, system)))
        self.commits.append(time.perf_counter() - begin)
        self.turns_committed_total += 1
        if is_first:
            self.created_total += 1
            self.evicted_total += sum([await asyncio.wrap_future(promise) for promise in self._make_room()])
        return number

    async def delete(self, session_id: str) -> bool:
        """Remove a session, after the turn that is under way; whether it was there."""
        async with await self.begin(session_id):
            gone: int = await asyncio.wrap_future(self.store.delete(session_id))
            return gone > 0

    async def sweep(self) -> int:
        """Remove the sessions whose time is over; how many."""
        over = [each for each in self.store.oldest(self.now() - self.timeout_s) if each not in self._locks]
        promises = [self.store.delete(each) for each in over]
        gone = sum([await asyncio.wrap_future(promise) for promise in promises])
        self.expired_total += gone
        return gone

    def figures(self) -> dict[str, Any]:
        """What `/metrics/sessions` shows. Totals count from the start of the process."""
        took = sorted(self.commits)
        return {
            "active_sessions": self.active(),
            "turns_stored": self.store.turn_count(),
            "sessions_created_total": self.created_total,
            "sessions_expired_total": self.expired_total,
            "sessions_evicted_total": self.evicted_total,
            "turns_committed_total": self.turns_committed_total,
            "turns_in_progress": sum(lock.locked() for lock in self._locks.values()),
            "commit_latency_ms": {
                "samples": len(took),
                "mean": round(sum(took) / len(took) * 1e3, 3) if took else None,
                "p50": round(took[len(took) // 2] * 1e3, 3) if took else None,
                "max": round(took[-1] * 1e3, 3) if took else None,
            },
        }

    def active(self) -> int:
        """How many sessions are there and not over."""
        return self.store.active(self.now() - self.timeout_s)

    def leave(self, session_id: str, lock: asyncio.Lock) -> None:
        """The end of a turn."""
        lock.release()
        self._forget_lock(session_id)

    def close(self) -> None:
        """Close the store; a temporary one is removed."""
        self.store.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _is_over(self, last_used: float) -> bool:
        return self.now() - last_used > self.timeout_s

    def _make_room(self) -> list[Future[int]]:
        """Beyond `max_sessions`, those longest unused go, but none with a turn under way."""
        too_many = self.store.session_count() - self.settings.max_sessions
        if too_many <= 0:
            return []
        candidates = self.store.oldest(limit=too_many + len(self._locks))
        unused = [each for each in candidates if each not in self._locks]
        return [self.store.delete(each) for each in unused[:too_many]]

    def _forget_lock(self, session_id: str) -> None:
        self._users[session_id] -= 1
        if not self._users[session_id]:
            del self._users[session_id], self._locks[session_id]


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
