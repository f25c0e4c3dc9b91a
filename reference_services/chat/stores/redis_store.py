"""Turns in a Redis server: one script per change, one round trip for waiting changes.

How much an acknowledged turn survives is the server's decision: only with `appendonly yes` and `appendfsync always`
is a write on disk before it is answered (https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/).
The store reads these settings and says what they promise. Keys begin with `signoff:SERVICE:`, so that the services of
one kind share them and others do not. One server, not a cluster: the scripts touch several keys.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from signoff.reference_services.chat.stores.leases import LEASE_S
from signoff.reference_services.chat.stores.reconnecting import ReconnectingConnection
from signoff.reference_services.chat.stores.records import Counts, SessionRecord, TurnRecord
from signoff.reference_services.chat.stores.redis_scripts import SCRIPTS
from signoff.reference_services.chat.stores.server_store import ServerStore
from signoff.reference_services.chat.stores.store import ClaimLost, SessionExists, SessionHeld, StoreError

SCHEMA = "1"
CONNECT_S, ANSWER_S = 2.0, 5.0
_ABSENT = ""
"""Means no text in a script's arguments; a text has a mark in front."""

Work = tuple[str, tuple[str, ...], Callable[[Any], Any]]
"""A script's name, its arguments, and what to make of its reply."""


class RedisStore(ServerStore[redis.Redis, Work]):
    """A `Store` in a Redis server. `on_commit` gets seconds and writes of each group."""

    kind = "redis"

    def __init__(self, url: str, service: str, on_commit: Callable[[float, int], None] | None = None) -> None:
        super().__init__(url, on_commit)
        self._prefix = f"signoff:{service}:"
        self._shas: dict[str, str] = {}
        try:
            self._reader = ReconnectingConnection(self._connect, self._why_away)
            self._writer = ReconnectingConnection(self._connect, self._why_away)
            self.durability, self.warnings = self._reader.do(self._promises)
        except redis.RedisError as error:
            raise StoreError(f"{self.address}: {self._without_secrets(error)}; {_hint(error)}") from None
        self._begin()

    def claim(self, session_id: str, holder: str) -> Future[SessionRecord | None]:
        """See `Store`."""

        def made(reply: Any) -> SessionRecord | None:
            if not reply[0]:
                raise SessionHeld(session_id)
            self._leases.begin(session_id, holder)
            return _record(session_id, reply[1])

        return self._reads.ask(("claim", (session_id, holder, str(int(LEASE_S * 1e3))), made))

    def release(self, session_id: str, holder: str) -> Future[int]:
        """See `Store`."""
        promise = self._reads.ask(("release", (session_id, holder), int))
        # Also where the server is away: what nobody renews ends by itself.
        promise.add_done_callback(lambda _: self._leases.end(session_id, holder))
        return promise

    def create(self, session_id: str, now: float) -> Future[int]:
        """See `Store`."""
        return self._writes.ask(("create", (session_id, repr(now), _owner(session_id)), int))

    def append(self, session_id: str, turn: TurnRecord, holder: str) -> Future[SessionRecord]:
        """See `Store`."""

        def made(reply: Any) -> SessionRecord | None:
            self._leases.end(session_id, holder)
            if not reply[0]:
                raise ClaimLost(session_id)
            return _record(session_id, reply[1])

        kept = json.dumps([turn.user, turn.assistant, turn.asked_at, turn.answered_at, turn.system])
        times = repr(turn.asked_at), repr(turn.answered_at)
        return self._writes.ask(
            ("append", (session_id, holder, *times, kept, _text(turn.system), _owner(session_id)), made)
        )

    def copy(self, session_id: str, new_id: str, upto_turn: int, now: float) -> Future[SessionRecord | None]:
        """See `Store`."""

        def made(reply: Any) -> SessionRecord | None:
            if reply[0] == 2:
                raise SessionExists(new_id)
            return _record(new_id, reply[1]) if reply[0] else None

        return self._writes.ask(("copy", (session_id, new_id, str(upto_turn), repr(now), _owner(new_id)), made))

    def rename(self, session_id: str, title: str | None) -> Future[int]:
        """See `Store`."""
        return self._writes.ask(("rename", (session_id, _text(title)), int))

    def delete(self, session_id: str) -> Future[int]:
        """See `Store`."""
        return self._writes.ask(("delete", (session_id, _owner(session_id)), int))

    def drop(self, session_id: str, before: float) -> Future[int]:
        """See `Store`."""
        return self._writes.ask(("drop", (session_id, _owner(session_id), repr(before)), int))

    def session(self, session_id: str) -> Future[SessionRecord | None]:
        """See `Store`."""
        return self._reads.ask(("session", (session_id,), lambda reply: _record(session_id, reply)))

    def turns(self, session_id: str, last: int = -1) -> Future[list[TurnRecord]]:
        """See `Store`."""
        return self._reads.ask(("turns", (session_id, str(last)), lambda reply: [_turn(each) for each in reply]))

    def sessions(self, owner: str) -> Future[list[SessionRecord]]:
        """See `Store`."""

        def made(reply: Any) -> list[SessionRecord]:
            return sorted(_records(reply), key=lambda each: (-each.last_used, each.session_id))

        return self._reads.ask(("listed", (f"owned:{owner}",), made))

    def branches(self, session_id: str) -> Future[list[SessionRecord]]:
        """See `Store`."""

        def made(reply: Any) -> list[SessionRecord]:
            return sorted(_records(reply), key=lambda each: (each.created, each.session_id))

        return self._reads.ask(("listed", (f"branches:{session_id}",), made))

    def session_count(self) -> Future[int]:
        """See `Store`."""
        return self._reads.ask(("counts", ("inf",), lambda reply: int(reply[0])))

    def counts(self, since: float) -> Future[Counts]:
        """See `Store`."""
        return self._reads.ask(("counts", (repr(since),), lambda reply: Counts(*map(int, reply))))

    def oldest(self, before: float = float("inf"), limit: int = -1) -> Future[list[str]]:
        """See `Store`."""
        return self._reads.ask(("oldest", (repr(before), str(limit)), lambda reply: [each.decode() for each in reply]))

    def _connect(self) -> redis.Redis:
        client = redis.Redis.from_url(
            self._url,
            socket_connect_timeout=CONNECT_S,
            socket_timeout=ANSWER_S,
            single_connection_client=True,
            client_name="signoff",
            retry=Retry(NoBackoff(), 0),
        )
        # The scripts are in the server's memory, and gone with it.
        self._shas = {name: client.script_load(script) for name, script in SCRIPTS.items()}
        client.set(f"{self._prefix}schema", SCHEMA, nx=True)
        found = client.get(f"{self._prefix}schema")
        if found != SCHEMA.encode():
            raise StoreError(
                f"{self.address}: the sessions under {self._prefix} are not of this version "
                f"(they say {found!r}, {SCHEMA} is needed); name another database"
            )
        return client

    def _promises(self, client: redis.Redis) -> tuple[str, tuple[str, ...]]:
        """What the server's settings promise, and where that is too little."""
        try:
            found = {
                name: str(client.config_get(name).get(name))
                for name in ("appendonly", "appendfsync", "maxmemory-policy", "maxmemory")
            }
        except redis.ResponseError:
            unknown = "the server does not let its settings be read"
            return f"unknown: {unknown}", (f"{unknown}; see to appendonly yes and appendfsync always",)
        warnings = []
        if (found["appendonly"], found["appendfsync"]) != ("yes", "always"):
            warnings.append(
                f"appendonly is {found['appendonly']} and appendfsync {found['appendfsync']}: an acknowledged turn "
                "may be lost when the server dies; set appendonly yes and appendfsync always"
            )
        if found["maxmemory"] != "0" and found["maxmemory-policy"] != "noeviction":
            warnings.append(
                f"maxmemory-policy is {found['maxmemory-policy']}: the server removes sessions when it is full; "
                "set maxmemory-policy noeviction"
            )
        return f"appendonly {found['appendonly']}, appendfsync {found['appendfsync']}", tuple(warnings)

    def _read(self, group: Sequence[Work]) -> list[Any]:
        self._renew()
        return self._replies(self._reader, group)

    def _write(self, group: Sequence[Work]) -> list[Any]:
        begin = time.perf_counter()
        replies = self._replies(self._writer, group)
        if self.on_commit is not None:
            self.on_commit(time.perf_counter() - begin, len(group))
        return replies

    def _replies(self, line: ReconnectingConnection[redis.Redis], group: Sequence[Work]) -> list[Any]:
        def send(client: redis.Redis) -> list[Any]:
            pipeline = client.pipeline(transaction=False)
            for name, arguments, _ in group:
                pipeline.evalsha(self._shas[name], 0, self._prefix, *arguments)
            replies = pipeline.execute(raise_on_error=False)
            for reply in replies:
                if isinstance(reply, Exception) and self._is_away(reply):
                    raise reply
            return replies

        replies = line.do(send)
        return [_made(work, reply) for work, reply in zip(group, replies, strict=True)]

    def _renew_claims(self, claims: Sequence[tuple[str, str]]) -> None:
        lease_ms = str(int(LEASE_S * 1e3))
        self._replies(self._reader, [("renew", (*claim, lease_ms), int) for claim in claims])

    def _ping(self, connection: redis.Redis) -> object:
        return connection.ping()

    def _is_away(self, error: Exception) -> bool:
        gone = (redis.ConnectionError, redis.TimeoutError, redis.exceptions.ReadOnlyError)
        lasting = (redis.exceptions.NoScriptError, redis.exceptions.OutOfMemoryError)
        return isinstance(error, (*gone, *lasting)) or str(error).startswith("MISCONF")


def _hint(error: Exception) -> str:
    if isinstance(error, redis.AuthenticationError):
        return "give name and password in the URL, redis://NAME:PASSWORD@host"
    return "start the server, or name another store"


def _made(work: Work, reply: Any) -> Any:
    if isinstance(reply, Exception):
        return reply
    try:
        return work[2](reply)
    except Exception as error:
        return error


def _owner(session_id: str) -> str:
    return session_id.rpartition("/")[0]


def _text(text: str | None) -> str:
    return _ABSENT if text is None else "=" + text


def _record(session_id: str, fields: Any) -> SessionRecord | None:
    if not fields:
        return None
    created, last_used, system, title, parent, parent_created, parent_turns, turns = fields
    return SessionRecord(
        session_id,
        float(created),
        float(last_used),
        None if system is None else system.decode(),
        int(turns),
        None if title is None else title.decode(),
        None if parent is None else parent.decode(),
        None if parent_created is None else float(parent_created),
        None if parent_turns is None else int(parent_turns),
    )


def _records(reply: Any) -> list[SessionRecord]:
    found = (_record(name.decode(), fields) for name, fields in reply)
    return [each for each in found if each is not None]


def _turn(kept: bytes) -> TurnRecord:
    return TurnRecord(*json.loads(kept.partition(b"\n")[2]))
