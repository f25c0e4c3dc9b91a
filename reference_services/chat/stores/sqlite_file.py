"""The file of a SQLite store: its lock, its tables, and the migration of older files."""

from __future__ import annotations

import fcntl
import sqlite3
from pathlib import Path
from typing import IO

from signoff.reference_services.chat.stores.store import StoreError

SCHEMA = 2
_TABLES = """
CREATE TABLE sessions (
    id TEXT PRIMARY KEY, created REAL NOT NULL, last_used REAL NOT NULL, system TEXT,
    title TEXT, parent TEXT, parent_created REAL, parent_turns INTEGER
);
CREATE INDEX sessions_by_use ON sessions (last_used);
CREATE INDEX sessions_by_parent ON sessions (parent) WHERE parent IS NOT NULL;
CREATE TABLE turns (
    session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, asked_at REAL NOT NULL, answered_at REAL NOT NULL,
    user TEXT NOT NULL, assistant TEXT NOT NULL, system TEXT,
    PRIMARY KEY (session, number)
) WITHOUT ROWID;
"""
_FROM_1 = """
ALTER TABLE sessions ADD COLUMN title TEXT;
ALTER TABLE sessions ADD COLUMN parent TEXT;
ALTER TABLE sessions ADD COLUMN parent_created REAL;
ALTER TABLE sessions ADD COLUMN parent_turns INTEGER;
ALTER TABLE turns ADD COLUMN system TEXT;
UPDATE turns SET system = (SELECT system FROM sessions WHERE id = session) WHERE number = 1;
CREATE INDEX sessions_by_parent ON sessions (parent) WHERE parent IS NOT NULL;
"""


def locked(path: Path) -> IO[bytes]:
    """The lock that keeps a second service off the same database; the system frees it when the process dies.

    Raises StoreError.
    """
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


def connect(path: Path) -> sqlite3.Connection:
    """A connection to the database, with the tables of this version. Raises StoreError."""
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
        elif version == 1:
            db.executescript(f"BEGIN; {_FROM_1} PRAGMA user_version = {SCHEMA}; COMMIT;")
        elif version != SCHEMA:
            raise StoreError(f"{path}: not a session database of this version (it says {version}, {SCHEMA} is needed)")
    except sqlite3.Error as error:
        db.close()
        raise StoreError(f"{path}: {error}; name another place with --db") from None
    except StoreError:
        db.close()
        raise
    return db
