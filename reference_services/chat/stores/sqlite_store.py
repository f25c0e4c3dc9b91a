"""Turns in a file: SQLite in WAL mode with `synchronous=FULL`, one process a file.

Whatever waits when the writer looks goes into one transaction (group commit); a promise is kept only after its
commit has reached the disk. With `synchronous=FULL` a WAL commit is fsynced (https://sqlite.org/wal.html), so
that what was acknowledged survives `kill -9` and a loss of power.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from signoff.reference_services.chat.stores.batching_worker import BatchingWorker
from signoff.reference_services.chat.stores.records import Counts, SessionRecord, TurnRecord
from signoff.reference_services.chat.stores.sqlite_file import connect, locked
from signoff.reference_services.chat.stores.store import ClaimLost, SessionExists, SessionHeld, StoreError

_RECORD = (
    "SELECT id, created, last_used, system, "
    "(SELECT coalesce(max(number), 0) FROM turns WHERE session = sessions.id), "
    "title, parent, parent_created, parent_turns FROM sessions "
)

Work = Callable[[sqlite3.Connection], Any]


class SqliteStore:
    """A `Store` in a file. `on_commit` gets seconds and writes of each group."""

    kind = "sqlite"
    durability = "each turn is synced to the disk before it is acknowledged"
    warnings: tuple[str, ...] = ()
    is_available = True

    def __init__(self, path: Path, on_commit: Callable[[float, int], None] | None = None) -> None:
        self.path = path
        self.address = str(path)
        self.on_commit = on_commit
        self._lock_file = locked(path)
        try:
            self._writer = connect(path)
            self._reader = connect(path)
            self._reader.execute("PRAGMA query_only = ON")
        except BaseException:
            self._lock_file.close()
            raise
        # The lock on the file keeps other processes off, so that claims need no place in it.
        self._claims: dict[str, str] = {}
        self._claiming = threading.Lock()
        self._ending: list[tuple[str, str]] = []
        """Claims that end with the current transaction."""
        closed = StoreError(f"{path}: the store is closed")
        self._writes: BatchingWorker[Work] = BatchingWorker("store-writer", self._write, closed)
        self._reads: BatchingWorker[Work] = BatchingWorker("store-reader", self._read, closed)

    def claim(self, session_id: str, holder: str) -> Future[SessionRecord | None]:
        """See `Store`."""

        def work(db: sqlite3.Connection) -> SessionRecord | None:
            with self._claiming:
                if self._claims.setdefault(session_id, holder) != holder:
                    raise SessionHeld(session_id)
            return _record(db, session_id)

        return self._reads.ask(work)

    def release(self, session_id: str, holder: str) -> Future[int]:
        """See `Store`."""
        return self._reads.ask(lambda db: int(self._end_claim(session_id, holder)))

    def create(self, session_id: str, now: float) -> Future[int]:
        """See `Store`."""
        statement = "INSERT OR IGNORE INTO sessions (id, created, last_used) VALUES (?, ?, ?)"
        return self._writes.ask(lambda db: db.execute(statement, (session_id, now, now)).rowcount)

    def append(self, session_id: str, turn: TurnRecord, holder: str) -> Future[SessionRecord]:
        """See `Store`."""

        def work(db: sqlite3.Connection) -> SessionRecord:
            if self._claims.get(session_id) != holder:
                raise ClaimLost(session_id)
            db.execute(
                "INSERT INTO sessions (id, created, last_used, system) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET "
                "last_used = max(last_used, excluded.last_used), system = coalesce(excluded.system, system)",
                (session_id, turn.asked_at, turn.answered_at, turn.system),
            )
            db.execute(
                "INSERT INTO turns SELECT ?, 1 + coalesce(max(number), 0), ?, ?, ?, ?, ? FROM turns WHERE session = ?",
                (session_id, turn.asked_at, turn.answered_at, turn.user, turn.assistant, turn.system, session_id),
            )
            self._ending.append((session_id, holder))
            record = _record(db, session_id)
            assert record is not None
            return record

        return self._writes.ask(work)

    def copy(self, session_id: str, new_id: str, upto_turn: int, now: float) -> Future[SessionRecord | None]:
        """See `Store`."""

        def work(db: sqlite3.Connection) -> SessionRecord | None:
            source = _record(db, session_id)
            if source is None or not 0 <= upto_turn <= source.turns:
                return None
            if _record(db, new_id) is not None:
                raise SessionExists(new_id)
            db.execute(
                "INSERT INTO sessions SELECT ?, ?, ?, (SELECT system FROM turns WHERE session = ? AND number <= ? "
                "AND system IS NOT NULL ORDER BY number DESC LIMIT 1), NULL, ?, ?, ?",
                (new_id, now, now, session_id, upto_turn, session_id, source.created, upto_turn),
            )
            db.execute(
                "INSERT INTO turns SELECT ?, number, asked_at, answered_at, user, assistant, system FROM turns "
                "WHERE session = ? AND number <= ?",
                (new_id, session_id, upto_turn),
            )
            return _record(db, new_id)

        return self._writes.ask(work)

    def rename(self, session_id: str, title: str | None) -> Future[int]:
        """See `Store`."""
        statement = "UPDATE sessions SET title = ? WHERE id = ?"
        return self._writes.ask(lambda db: db.execute(statement, (title, session_id)).rowcount)

    def delete(self, session_id: str) -> Future[int]:
        """See `Store`."""
        return self._writes.ask(lambda db: db.execute("DELETE FROM sessions WHERE id = ?", (session_id,)).rowcount)

    def drop(self, session_id: str, before: float) -> Future[int]:
        """See `Store`."""
        statement = "DELETE FROM sessions WHERE id = ? AND last_used < ?"

        def work(db: sqlite3.Connection) -> int:
            return 0 if session_id in self._claims else db.execute(statement, (session_id, before)).rowcount

        return self._writes.ask(work)

    def session(self, session_id: str) -> Future[SessionRecord | None]:
        """See `Store`."""
        return self._reads.ask(lambda db: _record(db, session_id))

    def turns(self, session_id: str, last: int = -1) -> Future[list[TurnRecord]]:
        """See `Store`."""
        statement = (
            "SELECT user, assistant, asked_at, answered_at, system FROM turns WHERE session = ? "
            "ORDER BY number DESC LIMIT ?"
        )

        def work(db: sqlite3.Connection) -> list[TurnRecord]:
            return [TurnRecord(*row) for row in reversed(db.execute(statement, (session_id, last)).fetchall())]

        return self._reads.ask(work)

    def sessions(self, owner: str) -> Future[list[SessionRecord]]:
        """See `Store`."""
        # The character after the slash is 0: what lies between begins with the owner and a slash.
        condition = "id >= ? || '/' AND id < ? || '0'" if owner else "instr(id, '/') = 0"
        statement = f"{_RECORD} WHERE {condition} ORDER BY last_used DESC, id"
        values = (owner, owner) if owner else ()
        return self._reads.ask(lambda db: [SessionRecord(*row) for row in db.execute(statement, values)])

    def branches(self, session_id: str) -> Future[list[SessionRecord]]:
        """See `Store`."""
        statement = _RECORD + "WHERE parent = ? ORDER BY created, id"
        return self._reads.ask(lambda db: [SessionRecord(*row) for row in db.execute(statement, (session_id,))])

    def session_count(self) -> Future[int]:
        """See `Store`."""
        return self._reads.ask(lambda db: int(db.execute("SELECT count(*) FROM sessions").fetchone()[0]))

    def counts(self, since: float) -> Future[Counts]:
        """See `Store`."""
        statement = (
            "SELECT (SELECT count(*) FROM sessions), (SELECT count(*) FROM sessions WHERE last_used >= ?), "
            "(SELECT count(*) FROM turns)"
        )
        return self._reads.ask(lambda db: Counts(*db.execute(statement, (since,)).fetchone()))

    def oldest(self, before: float = float("inf"), limit: int = -1) -> Future[list[str]]:
        """See `Store`."""
        statement = "SELECT id FROM sessions WHERE last_used < ? ORDER BY last_used, id LIMIT ?"
        return self._reads.ask(lambda db: [row[0] for row in db.execute(statement, (before, limit))])

    def close(self) -> None:
        """See `Store`."""
        self._writes.close()
        self._reads.close()
        self._reader.close()
        self._writer.close()
        self._lock_file.close()

    def _end_claim(self, session_id: str, holder: str) -> bool:
        with self._claiming:
            is_held = self._claims.get(session_id) == holder
            if is_held:
                del self._claims[session_id]
            return is_held

    def _read(self, group: Sequence[Work]) -> list[Any]:
        return [_attempt(work, self._reader) for work in group]

    def _write(self, group: Sequence[Work]) -> list[Any]:
        """One transaction for the group; where that fails, one for each, so that only the faulty one fails."""
        begin = time.perf_counter()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results = [work(self._writer) for work in group]
            self._writer.execute("COMMIT")
        except Exception as error:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            self._ending.clear()
            return [error] if len(group) == 1 else [self._write([work])[0] for work in group]
        for claim in self._ending:
            self._end_claim(*claim)
        self._ending.clear()
        if self.on_commit is not None:
            self.on_commit(time.perf_counter() - begin, len(group))
        return results


def _attempt(work: Work, db: sqlite3.Connection) -> Any:
    try:
        return work(db)
    except Exception as error:
        return error


def _record(db: sqlite3.Connection, session_id: str) -> SessionRecord | None:
    row = db.execute(_RECORD + "WHERE id = ?", (session_id,)).fetchone()
    return None if row is None else SessionRecord(*row)
