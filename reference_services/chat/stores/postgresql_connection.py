"""A connection to the PostgreSQL server of a store: its settings, its tables, and what the server promises."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql

from signoff.reference_services.chat.stores.store import StoreError

SCHEMA = 1
CONNECT_S, ANSWER_S = 2, 5

Connection = psycopg.Connection[Any]


def connect(url: str, service: str, synchronous: str) -> Connection:
    """A connection to the tables of a service."""
    connection = psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=CONNECT_S,
        keepalives_idle=10,
        tcp_user_timeout=int(ANSWER_S * 1e3),
        application_name="signoff",
    )
    # Whatever the database's defaults are: an acknowledged turn waits for the disk.
    connection.execute(f"SET synchronous_commit = {synchronous}")
    connection.execute(f"SET statement_timeout = '{ANSWER_S}s'")
    connection.execute("SET default_transaction_isolation = 'read committed'")
    connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(service)))
    return connection


def prepare(connection: Connection, service: str, address: str) -> None:
    """Create missing tables. Raises StoreError for tables of another version."""
    with connection.transaction():
        # Services that start together wait for each other here.
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('signoff sessions'))")
        if not connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", (service,)).fetchall():
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(service)))
        if connection.execute("SELECT to_regclass('version') IS NULL").fetchone() == (True,):
            tables = files("signoff.reference_services.chat.stores").joinpath("postgresql_schema.sql").read_bytes()
            connection.execute(tables)
            connection.execute("INSERT INTO version VALUES (%s)", (SCHEMA,))
        found = connection.execute("SELECT number FROM version").fetchall()
    if found != [(SCHEMA,)]:
        raise StoreError(
            f"{address}: the schema {service} is not of this version "
            f"(it says {found[0][0] if found else 'none'}, {SCHEMA} is needed); name another database"
        )


def promises(connection: Connection) -> tuple[str, tuple[str, ...]]:
    """What the server's settings promise, and where that is too little."""
    found = {name: row_of(connection, f"SHOW {name}")[0] for name in ("fsync", "full_page_writes")}
    warnings = tuple(
        f"{name} is off: acknowledged turns may be lost when the server's machine dies; set {name} = on"
        for name, value in found.items()
        if value != "on"
    )
    return f"fsync {found['fsync']}, synchronous_commit on, full_page_writes {found['full_page_writes']}", warnings


def hint(error: psycopg.Error) -> str:
    """What to do where no connection was made."""
    text = str(error)
    if "password" in text or "authentication" in text:
        return "give name and password in the URL, postgresql://NAME:PASSWORD@host/database, or in ~/.pgpass"
    if isinstance(error, psycopg.OperationalError):
        return "start the server, or name another store"
    return "see to the rights of this user and the name of the database"


def row_of(db: Connection, statement: str, values: Sequence[object] = ()) -> tuple[Any, ...]:
    """The one row that a statement gives."""
    row = db.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row  # type: ignore[no-any-return]
