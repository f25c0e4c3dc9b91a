"""Turns in a PostgreSQL server: waiting turns form one transaction, synced before the acknowledgement.

psycopg, not asyncpg: connections belong to the store's threads, not to one event loop, so that routes and plain code
use the same store; and the URL is libpq's own, with its password file, certificates and options. The tables are in a
schema named after the service. Claims are written without waiting for the disk: what is lost of them in a crash of the
server refuses a turn, and never lets two at a session.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import psycopg

from signoff.reference_services.chat.stores.leases import LEASE_S
from signoff.reference_services.chat.stores.postgresql_connection import (
    Connection,
    connect,
    hint,
    prepare,
    promises,
    row_of,
)
from signoff.reference_services.chat.stores.postgresql_sql import (
    APPEND,
    APPENDED,
    CLAIM,
    COPY_SESSION,
    COPY_TURNS,
    RECORD,
    RENEW,
)
from signoff.reference_services.chat.stores.reconnecting import ReconnectingConnection
from signoff.reference_services.chat.stores.records import Counts, SessionRecord, TurnRecord
from signoff.reference_services.chat.stores.server_store import ServerStore
from signoff.reference_services.chat.stores.store import ClaimLost, SessionExists, SessionHeld, StoreError

Work = Callable[[Connection], Any]


class PostgresqlStore(ServerStore[Connection, Work]):
    """A `Store` in a PostgreSQL server. `on_commit` gets seconds and writes of each group."""

    kind = "postgresql"

    def __init__(self, url: str, service: str, on_commit: Callable[[float, int], None] | None = None) -> None:
        super().__init__(url, on_commit)
        try:
            with connect(url, service, "on") as connection:
                prepare(connection, service, self.address)
                self.durability, self.warnings = promises(connection)
            self._reader = ReconnectingConnection(lambda: connect(url, service, "off"), self._why_away)
            self._writer = ReconnectingConnection(lambda: connect(url, service, "on"), self._why_away)
        except psycopg.Error as error:
            raise StoreError(f"{self.address}: {self._without_secrets(error)}; {hint(error)}") from None
        self._begin()

    def claim(self, session_id: str, holder: str) -> Future[SessionRecord | None]:
        """See `Store`."""

        def work(db: Connection) -> SessionRecord | None:
            if not _take_claim(db, session_id, holder):
                raise SessionHeld(session_id)
            self._leases.begin(session_id, holder)
            # A statement of its own: it has to see what was committed while the claim was waited for.
            return _record(db, session_id)

        return self._reads.ask(work)

    def release(self, session_id: str, holder: str) -> Future[int]:
        """See `Store`."""
        promise = self._reads.ask(lambda db: _end_claim(db, session_id, holder))
        # Also where the server is away: what nobody renews ends by itself.
        promise.add_done_callback(lambda _: self._leases.end(session_id, holder))
        return promise

    def create(self, session_id: str, now: float) -> Future[int]:
        """See `Store`."""
        statement = "INSERT INTO sessions (id, created, last_used) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
        return self._writes.ask(lambda db: db.execute(statement, (session_id, now, now)).rowcount)

    def append(self, session_id: str, turn: TurnRecord, holder: str) -> Future[SessionRecord]:
        """See `Store`."""
        values = {
            "id": session_id,
            "holder": holder,
            "asked": turn.asked_at,
            "answered": turn.answered_at,
            "system": _json(turn.system),
            "user": _json(turn.user),
            "assistant": _json(turn.assistant),
        }

        def work(db: Connection) -> SessionRecord:
            self._leases.end(session_id, holder)
            # Done already, where the answer to its commit was lost.
            row = db.execute(APPEND, values).fetchone() or db.execute(APPENDED, values).fetchone()
            if row is None:
                raise ClaimLost(session_id)
            return SessionRecord(*row)

        return self._writes.ask(work)

    def copy(self, session_id: str, new_id: str, upto_turn: int, now: float) -> Future[SessionRecord | None]:
        """See `Store`."""

        def work(db: Connection) -> SessionRecord | None:
            row = db.execute(RECORD + "WHERE id = %s FOR KEY SHARE", (session_id,)).fetchone()
            source = None if row is None else SessionRecord(*row)
            if source is None or not 0 <= upto_turn <= source.turns:
                return None
            values = {"new": new_id, "now": now, "id": session_id, "created": source.created, "upto": upto_turn}
            if db.execute(COPY_SESSION, values).rowcount:
                db.execute(COPY_TURNS, values)
                return _record(db, new_id)
            there = _record(db, new_id)
            # Done already, where the answer to its commit was lost.
            if there and (there.created, there.parent, there.parent_turns) == (now, session_id, upto_turn):
                return there
            raise SessionExists(new_id)

        return self._writes.ask(work)

    def rename(self, session_id: str, title: str | None) -> Future[int]:
        """See `Store`."""
        statement = "UPDATE sessions SET title = %s::json WHERE id = %s"
        return self._writes.ask(lambda db: db.execute(statement, (_json(title), session_id)).rowcount)

    def delete(self, session_id: str) -> Future[int]:
        """See `Store`."""
        return self._writes.ask(lambda db: db.execute("DELETE FROM sessions WHERE id = %s", (session_id,)).rowcount)

    def drop(self, session_id: str, before: float) -> Future[int]:
        """See `Store`."""
        holder = f"drop {uuid.uuid4().hex}"

        def work(db: Connection) -> int:
            if not _take_claim(db, session_id, holder):
                return 0
            gone = db.execute("DELETE FROM sessions WHERE id = %s AND last_used < %s", (session_id, before)).rowcount
            _end_claim(db, session_id, holder)
            return gone

        return self._writes.ask(work)

    def session(self, session_id: str) -> Future[SessionRecord | None]:
        """See `Store`."""
        return self._reads.ask(lambda db: _record(db, session_id))

    def turns(self, session_id: str, last: int = -1) -> Future[list[TurnRecord]]:
        """See `Store`."""
        statement = (
            "SELECT said, replied, asked_at, answered_at, system FROM turns WHERE session = %s "
            "ORDER BY number DESC LIMIT %s"
        )

        def work(db: Connection) -> list[TurnRecord]:
            rows = db.execute(statement, (session_id, _limit(last))).fetchall()
            return [TurnRecord(*row) for row in reversed(rows)]

        return self._reads.ask(work)

    def sessions(self, owner: str) -> Future[list[SessionRecord]]:
        """See `Store`."""
        # The character after the slash is 0: what lies between begins with the owner and a slash.
        condition = "id >= %(owner)s || '/' AND id < %(owner)s || '0'" if owner else "position('/' in id) = 0"
        statement = f"{RECORD} WHERE {condition} ORDER BY last_used DESC, id"
        return self._reads.ask(lambda db: [SessionRecord(*row) for row in db.execute(statement, {"owner": owner})])

    def branches(self, session_id: str) -> Future[list[SessionRecord]]:
        """See `Store`."""
        statement = RECORD + "WHERE parent = %s ORDER BY created, id"
        return self._reads.ask(lambda db: [SessionRecord(*row) for row in db.execute(statement, (session_id,))])

    def session_count(self) -> Future[int]:
        """See `Store`."""
        return self._reads.ask(lambda db: row_of(db, "SELECT count(*) FROM sessions")[0])

    def counts(self, since: float) -> Future[Counts]:
        """See `Store`."""
        statement = (
            "SELECT count(*), count(*) FILTER (WHERE last_used >= %s), coalesce(sum(turns), 0)::bigint FROM sessions"
        )
        return self._reads.ask(lambda db: Counts(*row_of(db, statement, (since,))))

    def oldest(self, before: float = float("inf"), limit: int = -1) -> Future[list[str]]:
        """See `Store`."""
        statement = "SELECT id FROM sessions WHERE last_used < %s ORDER BY last_used, id LIMIT %s"
        return self._reads.ask(lambda db: [row[0] for row in db.execute(statement, (before, _limit(limit)))])

    def _read(self, group: Sequence[Work]) -> list[Any]:
        self._renew()
        return [self._attempt(work) for work in group]

    def _attempt(self, work: Work) -> Any:
        try:
            return self._reader.do(work)
        except Exception as error:
            return error

    def _write(self, group: Sequence[Work]) -> list[Any]:
        """One transaction for the group; where that fails, one for each, so that only the faulty one fails."""
        begin = time.perf_counter()

        def together(db: Connection) -> list[Any]:
            with db.transaction():
                return [work(db) for work in group]

        try:
            results = self._writer.do(together)
        except StoreError:
            raise
        except Exception as error:
            return [error] if len(group) == 1 else [self._one(work) for work in group]
        if self.on_commit is not None:
            self.on_commit(time.perf_counter() - begin, len(group))
        return results

    def _one(self, work: Work) -> Any:
        try:
            return self._write([work])[0]
        except StoreError as error:
            return error

    def _renew_claims(self, claims: Sequence[tuple[str, str]]) -> None:
        for claim in claims:
            self._reader.do(partial(_run, statement=RENEW, values=(LEASE_S, *claim)))

    def _ping(self, connection: Connection) -> object:
        return connection.execute("SELECT 1")

    def _is_away(self, error: Exception) -> bool:
        # Shutdowns, refused and broken connections, time-outs: all are operational; a deadlock is retried as well.
        return isinstance(error, psycopg.OperationalError | psycopg.errors.ReadOnlySqlTransaction)


def _take_claim(db: Connection, session_id: str, holder: str) -> bool:
    return db.execute(CLAIM, (session_id, holder, LEASE_S)).rowcount == 1


def _end_claim(db: Connection, session_id: str, holder: str) -> int:
    return db.execute("DELETE FROM claims WHERE session = %s AND holder = %s", (session_id, holder)).rowcount


def _record(db: Connection, session_id: str) -> SessionRecord | None:
    row = db.execute(RECORD + "WHERE id = %s", (session_id,)).fetchone()
    return None if row is None else SessionRecord(*row)


def _run(db: Connection, statement: str, values: Sequence[object]) -> None:
    db.execute(statement.encode(), values)


def _json(text: str | None) -> str | None:
    return None if text is None else json.dumps(text)


def _limit(number: int) -> int | None:
    return None if number < 0 else number
