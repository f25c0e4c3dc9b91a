"""Turns on disk: SQLite in WAL mode with `synchronous=FULL`, written by a thread of its own.

Whatever waits when the writer looks goes into one transaction (group commit); a promise is kept only after its
commit has reached the disk. With `synchronous=FULL` a WAL commit is fsynced (https://sqlite.org/wal.html), so
that what was acknowledged survives `kill -9` and a loss of power.
"""

from __future__ import annotations

import contextlib
import fcntl
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any

from reference_services.chat.records import SessionRecord, TurnRecord

SCHEMA = 1
MAX_GROUP = 512
_TABLES = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, created REAL NOT NULL, last_used REAL NOT NULL, system TEXT
);
CREATE INDEX sessions_by_use ON sessions (last_used);
CREATE TABLE turns (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, asked_at REAL NOT NULL, answered_at REAL NOT NULL,
    user TEXT NOT NULL, assistant TEXT NOT NULL,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
"""

Work = Callable[[sqlite3.Connection], int]


class StoreError(Exception):
    """The database cannot be used: held by another process, no database, or written by another version."""


class Store:
    """Reads on the caller's thread, writes through the writer. `on_commit` gets seconds and turns of each group."""

    def __init__(self, path: Path, on_commit: Callable[[float, int], None] | None = None) -> None:
        self.path = path
        self.on_commit = on_commit
        self._lock_file = _lock(path)
        try:
            self._writer = _connect(path)
            self._reader = _connect(path)
            self._reader.execute("PRAGMA query_only = ON")
        except BaseException:
            self._lock_file.close()
            raise
        self._reading = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[Work, Future[int]] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._thread.start()

    def create(self, session_id: str, now: float) -> Future[int]:
        """Open a session; 1 where it is new, 0 where it was there."""
        return self._promise(
            lambda db: (
                db.execute("INSERT OR IGNORE INTO sessions VALUES (?, ?, ?, NULL)", (session_id, now, now)).rowcount
            )
        )

    def append(self, session_id: str, turn: TurnRecord, system: str | None) -> Future[int]:
        """Add a turn at the end of a session, which is opened where it is not there; its number, from 1."""

        def work(db: sqlite3.Connection) -> int:
            db.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "last_used = max(last_used, excluded.last_used), system = coalesce(excluded.system, system)",
                (session_id, turn.asked_at, turn.answered_at, system),
            )
            (last,) = db.execute(
                "SELECT coalesce(max(number), 0) FROM turns WHERE session = ?", (session_id,)
            ).fetchone()
            db.execute(
                "INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)",
                (session_id, last + 1, turn.asked_at, turn.answered_at, turn.user, turn.assistant),
            )
            return int(last) + 1

        return self._promise(work)

    def delete(self, session_id: str) -> Future[int]:
        """Remove a session with its turns; how many sessions that were."""
        return self._promise(lambda db: db.execute("DELETE FROM sessions WHERE id = ?", (session_id,)).rowcount)

    def session(self, session_id: str) -> SessionRecord | None:
        """A session without its turns."""
        row = self._read("SELECT id, created, last_used, system FROM sessions WHERE id = ?", (session_id,))
        return SessionRecord(*row[0]) if row else None

    def turns(self, session_id: str, last: int = -1) -> list[TurnRecord]:
        """The turns of a session in order, all or the `last` ones."""
        rows = self._read(
            "SELECT user, assistant, asked_at, answered_at FROM turns WHERE session = ? ORDER BY number DESC LIMIT ?",
            (session_id, last),
        )
        return [TurnRecord(*row) for row in reversed(rows)]

    def session_count(self) -> int:
        """How many sessions are stored."""
        ((sessions,),) = self._read("SELECT count(*) FROM sessions")
        return int(sessions)

    def turn_count(self) -> int:
        """How many turns are stored."""
        ((turns,),) = self._read("SELECT count(*) FROM turns")
        return int(turns)

    def active(self, since: float) -> int:
        """How many sessions were used at or after a time."""
        ((sessions,),) = self._read("SELECT count(*) FROM sessions WHERE last_used >= ?", (since,))
        return int(sessions)

    def oldest(self, before: float = float("inf"), limit: int = -1) -> list[str]:
        """The sessions that were last used before a time, longest unused first."""
        rows = self._read("SELECT id FROM sessions WHERE last_used < ? ORDER BY last_used, id LIMIT ?", (before, limit))
        return [row[0] for row in rows]

    def close(self) -> None:
        """Keep every promise, then close."""
        if self._closed:
            return
        self._closed = True
        self._waiting.put(None)
        self._thread.join()
        with self._reading:
            self._reader.close()
        self._writer.close()
        self._lock_file.close()

    def _promise(self, work: Work) -> Future[int]:
        promise: Future[int] = Future()
        # Marked as running at once: who stops waiting for it cannot cancel what the writer will do.
        promise.set_running_or_notify_cancel()
        if self._closed:
            promise.set_exception(StoreError(f"{self.path}: the store is closed"))
        else:
            self._waiting.put((work, promise))
        return promise

    def _read(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        with self._reading:
            return self._reader.execute(statement, values).fetchall()

    def _write(self) -> None:
        while (first := self._waiting.get()) is not None:
            group = [first]
            is_last = False
            with contextlib.suppress(queue.Empty):
                while len(group) < MAX_GROUP:
                    following = self._waiting.get_nowait()
                    if following is None:
                        is_last = True
                        break
                    group.append(following)
            self._commit(group)
            if is_last:
                return

    def _commit(self, group: list[tuple[Work, Future[int]]]) -> None:
        """One transaction for the group; where that fails, one for each, so that only the faulty one fails."""
        begin = time.perf_counter()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            results = [work(self._writer) for work, _ in group]
            self._writer.execute("COMMIT")
        except Exception as error:
            with contextlib.suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            if len(group) > 1:
                for each in group:
                    self._commit([each])
            else:
                group[0][1].set_exception(error)
            return
        if self.on_commit is not None:
            self.on_commit(time.perf_counter() - begin, len(group))
        for (_, promise), result in zip(group, results, strict=True):
            promise.set_result(result)


def _lock(path: Path) -> IO[bytes]:
    """The lock that keeps a second service off the same database; the system frees it when the process dies."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}; name another place with --db") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise StoreError(f"{path} is used by another running service; stop it or name another --db") from None
    return file


def _connect(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}; name another place with --db") from None
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        ((version,),) = db.execute("PRAGMA user_version")
        if version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchall():
            db.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        elif version != SCHEMA:
            raise StoreError(f"{path}: not a session database of this version (it says {version}, {SCHEMA} is needed)")
    except sqlite3.Error as error:
        db.close()
        raise StoreError(f"{path}: {error}; name another place with --db") from None
    except StoreError:
        db.close()
        raise
    return db
