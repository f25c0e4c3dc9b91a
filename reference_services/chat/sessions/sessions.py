"""Sessions: earlier turns, their retention, and their selection for the next prompt.

A turn is a user's message with its reply. The memory is the last `conversation_memory_size` turns (10); the prompt
holds them with the system prompt and the new message, cut to `context_window_size` tokens (8192) by leaving out the
oldest whole turns. A session ends `session_timeout_minutes` (30) after its last turn: each turn extends it, reading
its record does not. One turn at a time: a second request on the same session waits until the first has ended, also
where another process on the same store has it. Only turns that were answered are kept; a failed or abandoned one leaves
no trace.

A request that carries history itself: see `window.merged`. Whatever it sends, only its last message, which has to be
the user's, is stored with the reply. A system prompt stays with the session until another one is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import tempfile
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.tokenizer import count_messages
from signoff.reference_services.chat.prompt.window import Count, fitted, merged
from signoff.reference_services.chat.sessions.session_cache import SessionCache
from signoff.reference_services.chat.sessions.turn import Turn
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.settings.settings import ChatSettings
from signoff.reference_services.chat.stores.records import Counts, SessionRecord, TurnRecord
from signoff.reference_services.chat.stores.sqlite_store import SqliteStore
from signoff.reference_services.chat.stores.store import SessionHeld, Store, StoreAway

SESSION_ID = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
SESSION_ID_RULE = "1 to 128 characters out of A-Z a-z 0-9 . _ : -"
REPLY_ROOM = 256
"""Tokens kept for the reply where a request states no `max_tokens`."""
_KEPT_LATENCIES = 1024
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.2
"""How long to wait before asking again for a session that another process has; each time twice as long."""


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
            store = SqliteStore(Path(self._folder.name) / "sessions.sqlite3")
        self.store = store
        self.cache = SessionCache(self.settings.session_cache_size)
        self.counted: Counts | None = None
        """What was stored when it was counted last; None if the store could not be asked."""
        self.now = clock
        self.created_total = 0
        self.expired_total = 0
        self.evicted_total = 0
        self.turns_committed_total = 0
        self.commits: deque[float] = deque(maxlen=_KEPT_LATENCIES)
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: Counter[str] = Counter()
        self._under_way: dict[str, Turn] = {}

    @property
    def timeout_s(self) -> float:
        """Seconds after its last turn when a session ends."""
        return self.settings.session_timeout_minutes * 60

    def create_session(self) -> str:
        """Open a session with a new id."""
        session_id = uuid.uuid4().hex
        self.store.create(session_id, self.now()).result()
        self.created_total += 1
        too_many = self.store.session_count().result() - self.settings.max_sessions
        if too_many > 0:
            oldest = self.store.oldest(limit=too_many + len(self._locks)).result()
            self.evicted_total += sum(promise.result() for promise in self._make_room(oldest, too_many))
        return session_id

    def get_session(self, session_id: str) -> dict[str, Any] | None:
        """The session's record with all its turns, or None if there is none (any more)."""
        return self._shown(self.store.session(session_id).result(), self.store.turns(session_id).result())

    async def show(self, session_id: str) -> dict[str, Any] | None:
        """See `get_session`; this one is for event loops."""
        record = await asyncio.wrap_future(self.store.session(session_id))
        turns = await asyncio.wrap_future(self.store.turns(session_id))
        return self._shown(record, turns)

    async def begin(self, session_id: str, carried: int = 0) -> Turn:
        """Wait for the session's turn. The session need not exist: its first committed turn opens it.

        `carried` is the number of history messages in the request, which must be compared with stored ones.
        """
        lock = self._locks.setdefault(session_id, asyncio.Lock())
        self._users[session_id] += 1
        try:
            await lock.acquire()
        except BaseException:
            self._forget_lock(session_id)
            raise
        turn = Turn(self, session_id, lock)
        try:
            record = await self._claim(turn)
            turn.asked_at = self.now()
            if record is not None and self.is_over(record.last_used):
                self.expired_total += await asyncio.wrap_future(self.store.delete(session_id))
                record = None
            if record is not None:
                turn.record = record
                turn.turns = await self._turns(record, max(self.settings.conversation_memory_size, carried))
            self._under_way[session_id] = turn
        except BaseException:
            turn.close()
            raise
        return turn

    def stored(self, session_id: str, last: int = -1) -> list[Message]:
        """The stored history for the prompt of the current turn, in order: all, or `last` turns."""
        turn = self._under_way.get(session_id)
        turns = [] if turn is None else turn.turns
        return [message for turn in turns[-last if last > 0 else 0 :] for message in turn.messages()]

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
        """The system prompt of the current turn's session, or else the service's, in prompt form."""
        turn = self._under_way.get(session_id)
        kept = None if turn is None or turn.record is None else turn.record.system
        system = kept if kept is not None else self.settings.system_prompt or None
        return [] if system is None else [Message("system", system)]

    async def store_turn(self, turn: Turn, added: TurnRecord) -> int:
        """Store a turn; when this returns, it is committed."""
        begin = time.perf_counter()
        promise = self.store.append(turn.session_id, added, turn.holder)
        record = await turn.stored(promise)
        turn.is_claimed = False
        self.commits.append(time.perf_counter() - begin)
        self.turns_committed_total += 1
        self.cache.keep(record, [*turn.turns, added][-self.settings.conversation_memory_size :])
        if turn.record is None:
            await self.opened()
        return record.turns

    async def opened(self) -> None:
        """A session was opened: count it, and make room for it."""
        self.created_total += 1
        # What is stored is not told as failed: where the store went away since, the next session makes the room.
        with contextlib.suppress(StoreAway):
            too_many = await asyncio.wrap_future(self.store.session_count()) - self.settings.max_sessions
            if too_many > 0:
                oldest = await asyncio.wrap_future(self.store.oldest(limit=too_many + len(self._locks)))
                gone = [await asyncio.wrap_future(promise) for promise in self._make_room(oldest, too_many)]
                self.evicted_total += sum(gone)

    async def delete(self, session_id: str) -> bool:
        """Remove a session after the current turn; returns whether it existed."""
        async with await self.begin(session_id):
            gone: int = await asyncio.wrap_future(self.store.delete(session_id))
            return gone > 0

    async def sweep(self) -> int:
        """Remove the sessions whose time is over; how many."""
        before = self.now() - self.timeout_s
        over = await asyncio.wrap_future(self.store.oldest(before))
        promises = [self.store.drop(each, before) for each in over if each not in self._locks]
        gone = sum([await asyncio.wrap_future(promise) for promise in promises])
        self.expired_total += gone
        return gone

    async def count(self) -> Counts | None:
        """Counts of the store, for gauges and health; None if the store is not available."""
        try:
            self.counted = await asyncio.wrap_future(self.store.counts(self.now() - self.timeout_s))
        except StoreAway:
            self.counted = None
        return self.counted

    async def figures(self) -> dict[str, Any]:
        """What `/metrics/sessions` shows. Totals count from the start of the process."""
        counts = await asyncio.wrap_future(self.store.counts(self.now() - self.timeout_s))
        took = sorted(self.commits)
        return {
            "active_sessions": counts.active,
            "turns_stored": counts.turns,
            "sessions_created_total": self.created_total,
            "sessions_expired_total": self.expired_total,
            "sessions_evicted_total": self.evicted_total,
            "turns_committed_total": self.turns_committed_total,
            "turns_in_progress": len(self._under_way),
            "session_cache": {"sessions": len(self.cache), "hits": self.cache.hits, "misses": self.cache.misses},
            "commit_latency_ms": {
                "samples": len(took),
                "mean": round(sum(took) / len(took) * 1e3, 3) if took else None,
                "p50": round(took[len(took) // 2] * 1e3, 3) if took else None,
                "max": round(took[-1] * 1e3, 3) if took else None,
            },
        }

    def leave(self, turn: Turn, lock: asyncio.Lock) -> None:
        """The end of a turn."""
        self._under_way.pop(turn.session_id, None)
        if turn.is_claimed:
            # Nobody waits for it: where the store is away, the claim ends by itself.
            self.store.release(turn.session_id, turn.holder)
        lock.release()
        self._forget_lock(turn.session_id)

    def is_over(self, last_used: float) -> bool:
        """Whether the time of a session is over that was last used then."""
        return self.now() - last_used > self.timeout_s

    def close(self) -> None:
        """Close the store; a temporary one is removed."""
        self.store.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _shown(self, record: SessionRecord | None, turns: Sequence[TurnRecord]) -> dict[str, Any] | None:
        if record is None or self.is_over(record.last_used):
            return None
        return {
            "session_id": record.session_id,
            "created": in_utc(record.created),
            "last_used": in_utc(record.last_used),
            "system": record.system,
            "turn_count": len(turns),
            "turns": [
                {"role": message.role, "content": message.content, "time": in_utc(at)}
                for turn in turns
                for message, at in zip(turn.messages(), (turn.asked_at, turn.answered_at), strict=True)
            ],
            "settings": {
                "conversation_memory_size": self.settings.conversation_memory_size,
                "context_window_size": self.settings.context_window_size,
                "session_timeout_minutes": self.settings.session_timeout_minutes,
            },
        }

    async def _claim(self, turn: Turn) -> SessionRecord | None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return await asyncio.wrap_future(self.store.claim(turn.session_id, turn.holder))
            except SessionHeld:
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    async def _turns(self, record: SessionRecord, last: int) -> list[TurnRecord]:
        kept = self.cache.find(record, last)
        return kept if kept is not None else await asyncio.wrap_future(self.store.turns(record.session_id, last))

    def _make_room(self, oldest: Sequence[str], too_many: int) -> list[Future[int]]:
        """Above `max_sessions`, remove the least recently used ones, except those with a current turn."""
        unused = [each for each in oldest if each not in self._locks]
        return [self.store.drop(each, float("inf")) for each in unused[:too_many]]

    def _forget_lock(self, session_id: str) -> None:
        self._users[session_id] -= 1
        if not self._users[session_id]:
            del self._users[session_id], self._locks[session_id]


def in_utc(seconds: float) -> str:
    """A time as answers show it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
