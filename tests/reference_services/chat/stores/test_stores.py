"""One set of laws for everything that keeps turns."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.stores.records import SessionRecord, TurnRecord
from signoff.reference_services.chat.stores.sqlite_store import SqliteStore
from signoff.reference_services.chat.stores.store import ClaimLost, SessionExists, SessionHeld, Store, StoreError

KINDS = ("sqlite", "redis", "postgresql")
NAMES = st.sampled_from(("ann/a", "ann/b", "bob/a", "c", "d"))
TEXTS = st.sampled_from(("", "x", "grüße 🌊", "nul \x00 and\nlines", "'; DROP TABLE turns; --", '{"json": []}'))
SYSTEMS = st.none() | TEXTS
_services = itertools.count()

Open = Callable[[], Store]


@pytest.fixture(params=KINDS)
def opened(request: pytest.FixtureRequest, store_servers, tmp_path: Path) -> Callable[[], Open]:
    """A maker of places that are empty; each opens the same place again and again."""

    def place() -> Open:
        name = f"laws-{next(_services)}"
        if request.param == "sqlite":
            return lambda: SqliteStore(tmp_path / f"{name}.sqlite3")
        url = store_servers(request.param).url()
        if request.param == "redis":
            from signoff.reference_services.chat.stores.redis_store import RedisStore

            return lambda: RedisStore(url, name)
        from signoff.reference_services.chat.stores.postgresql_store import PostgresqlStore

        return lambda: PostgresqlStore(url, name)

    return place


def done(promise: Future[Any]) -> Any:
    return promise.result(30)


class Laws(RuleBasedStateMachine):
    """A store against a dictionary."""

    def __init__(self, place: Open) -> None:
        super().__init__()
        self.place = place
        self.store = place()
        self.now = 1_700_000_000.25
        self.records: dict[str, SessionRecord] = {}
        self.said: dict[str, list[TurnRecord]] = {}
        self.held: dict[str, str] = {}
        self.number = 0

    def tick(self) -> float:
        self.now += 0.5
        return self.now

    @rule(name=NAMES, holder=st.sampled_from(("one", "two")))
    def claim(self, name: str, holder: str) -> None:
        if self.held.setdefault(name, holder) == holder:
            assert done(self.store.claim(name, holder)) == self.records.get(name)
        else:
            with pytest.raises(SessionHeld):
                done(self.store.claim(name, holder))

    @rule(name=NAMES, holder=st.sampled_from(("one", "two")))
    def release(self, name: str, holder: str) -> None:
        is_held = self.held.get(name) == holder
        assert done(self.store.release(name, holder)) == is_held
        if is_held:
            del self.held[name]

    @rule(name=NAMES, user=TEXTS, assistant=TEXTS, system=SYSTEMS)
    def say(self, name: str, user: str, assistant: str, system: str | None) -> None:
        self.number += 1
        holder = self.held.pop(name, "") or f"turn {self.number}"
        done(self.store.claim(name, holder))
        turn = TurnRecord(user, assistant, self.tick(), self.tick(), system)
        old = self.records.get(name) or SessionRecord(name, turn.asked_at, 0, None)
        expected = replace(
            old,
            last_used=turn.answered_at,
            system=old.system if system is None else system,
            turns=old.turns + 1,
        )
        assert done(self.store.append(name, turn, holder)) == expected
        self.records[name] = expected
        self.said.setdefault(name, []).append(turn)

    @rule(name=NAMES)
    def say_without_a_claim(self, name: str) -> None:
        with pytest.raises(ClaimLost):
            done(self.store.append(name, TurnRecord("lost", "lost", self.now, self.now), "nobody"))

    @rule(name=NAMES)
    def create(self, name: str) -> None:
        now = self.tick()
        assert done(self.store.create(name, now)) == (name not in self.records)
        self.records.setdefault(name, SessionRecord(name, now, now, None))

    @rule(name=NAMES, new=NAMES, upto=st.integers(-1, 4))
    def copy(self, name: str, new: str, upto: int) -> None:
        now, source = self.tick(), self.records.get(name)
        promise = self.store.copy(name, new, upto, now)
        if source is None or not 0 <= upto <= source.turns:
            if new not in self.records:
                assert done(promise) is None
            return
        if new in self.records:
            with pytest.raises(SessionExists):
                done(promise)
            return
        turns = self.said.get(name, [])[:upto]
        system = next((turn.system for turn in reversed(turns) if turn.system is not None), None)
        expected = SessionRecord(new, now, now, system, upto, None, name, source.created, upto)
        assert done(promise) == expected
        self.records[new] = expected
        self.said[new] = list(turns)

    @rule(name=NAMES, title=SYSTEMS)
    def rename(self, name: str, title: str | None) -> None:
        assert done(self.store.rename(name, title)) == (name in self.records)
        if name in self.records:
            self.records[name] = replace(self.records[name], title=title)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        assert done(self.store.delete(name)) == (name in self.records)
        self.forget(name)

    @rule(back=st.sampled_from((-1.0, 0.0, 1.0, 3.0)))
    def expire(self, back: float) -> None:
        before = self.now - back
        over = [each for each in self.by_use() if self.records[each].last_used < before]
        assert done(self.store.oldest(before)) == over
        for name in (*over, "nobody"):
            assert done(self.store.drop(name, before)) == (name in over and name not in self.held)
        for name in over:
            if name not in self.held:
                self.forget(name)
        kept = [each for each in self.records if each not in self.held]
        for name in kept:
            assert done(self.store.drop(name, self.records[name].last_used)) == 0

    @rule()
    def make_room(self) -> None:
        oldest = done(self.store.oldest(limit=1))
        assert oldest == self.by_use()[:1]
        for name in oldest:
            assert done(self.store.drop(name, float("inf"))) == (name not in self.held)
            if name not in self.held:
                self.forget(name)

    @rule()
    def restart(self) -> None:
        for name, holder in self.held.items():
            done(self.store.release(name, holder))
        self.held.clear()
        self.store.close()
        self.store = self.place()

    @rule(name=NAMES, last=st.integers(0, 3))
    def read_the_last(self, name: str, last: int) -> None:
        said = self.said.get(name, [])
        assert done(self.store.turns(name, last)) == said[len(said) - min(last, len(said)) :]

    @invariant()
    def everything_is_as_it_was_committed(self) -> None:
        for name in ("ann/a", "ann/b", "bob/a", "c", "d"):
            assert done(self.store.session(name)) == self.records.get(name)
            assert done(self.store.turns(name)) == self.said.get(name, [])
        stored = self.records.values()
        assert done(self.store.session_count()) == len(stored)
        counts = done(self.store.counts(self.now - 2))
        active = sum(each.last_used >= self.now - 2 for each in stored)
        assert (counts.sessions, counts.active, counts.turns) == (len(stored), active, sum(e.turns for e in stored))
        for owner in ("ann", "bob", ""):
            named = [each for each in stored if each.session_id.rpartition("/")[0] == owner]
            assert done(self.store.sessions(owner)) == sorted(named, key=lambda e: (-e.last_used, e.session_id))
        for parent in ("ann/a", "c"):
            branches = sorted((e for e in stored if e.parent == parent), key=lambda e: (e.created, e.session_id))
            assert done(self.store.branches(parent)) == branches

    def teardown(self) -> None:
        self.store.close()

    def by_use(self) -> list[str]:
        return sorted(self.records, key=lambda name: (self.records[name].last_used, name))

    def forget(self, name: str) -> None:
        self.records.pop(name, None)
        self.said.pop(name, None)


def test_every_store_keeps_the_same_laws(opened: Callable[[], Open]) -> None:
    run_state_machine_as_test(
        lambda: Laws(opened()), settings=settings(max_examples=12, stateful_step_count=25, deadline=None)
    )


def test_turns_that_wait_together_are_numbered_without_a_gap_and_one_that_fails_fails_alone(
    opened: Callable[[], Open],
) -> None:
    store = opened()()
    for number in range(40):
        done(store.claim(f"s{number % 20}", f"h{number % 20}")) if number < 20 else None
    turn = TurnRecord("u", "a", 1.0, 2.0)
    promises = [store.append(f"s{number % 20}", turn, f"h{number}") for number in range(40)]
    failed = [type(promise.exception(30)) for promise in promises]
    assert failed == [type(None)] * 20 + [ClaimLost] * 20
    assert done(store.counts(0)).turns == 20
    for number in range(2, 12):
        done(store.claim("s0", f"again {number}"))
        assert done(store.append("s0", turn, f"again {number}")).turns == number
    store.close()


def test_a_store_that_is_closed_keeps_what_was_promised_and_refuses_more(opened: Callable[[], Open]) -> None:
    place = opened()
    store = place()
    done(store.claim("a", "h"))
    promise = store.append("a", TurnRecord("u", "a", 1.0, 2.0), "h")
    store.close()
    assert promise.result(0).turns == 1
    with pytest.raises(StoreError, match="closed"):
        done(store.session("a"))
    store = place()
    assert [turn.user for turn in done(store.turns("a"))] == ["u"]
    store.close()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_two_processes_take_turns_and_one_that_lost_its_claim_stores_nothing(
    kind: str, store_servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (_server_store(kind, store_servers, "shared") for _ in range(2))
    turn = TurnRecord("u", "a", 1.0, 2.0)
    done(first.claim("a", "one"))
    with pytest.raises(SessionHeld):
        done(second.claim("a", "two"))
    assert done(second.drop("a", float("inf"))) == 0
    done(first.append("a", turn, "one"))
    # A claim that nobody renews is over after its lease.
    monkeypatch.setattr(f"signoff.reference_services.chat.stores.{kind}_store.LEASE_S", 0.05)
    assert done(first.claim("a", "three")).turns == 1
    while True:
        try:
            record = done(second.claim("a", "four"))
            break
        except SessionHeld:
            time.sleep(0.01)
    assert record.turns == 1
    with pytest.raises(ClaimLost):
        done(first.append("a", turn, "three"))
    assert len(done(second.turns("a"))) == 1
    first.close()
    second.close()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_an_append_that_is_sent_again_after_a_lost_answer_adds_nothing(kind: str, store_servers) -> None:
    store = _server_store(kind, store_servers, "again")
    done(store.claim("a", "one"))
    turn = TurnRecord("u", "a", 1.0, 2.0)
    record = done(store.append("a", turn, "one"))
    assert done(store.append("a", turn, "one")) == record
    assert done(store.copy("a", "b", 1, 5.0)) == done(store.copy("a", "b", 1, 5.0))
    assert done(store.counts(0)).turns == 2
    store.close()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_a_claim_is_renewed_while_its_turn_is_under_way(
    kind: str, store_servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"signoff.reference_services.chat.stores.{kind}_store.LEASE_S", 3.0)
    monkeypatch.setattr("signoff.reference_services.chat.stores.leases._RENEW_S", 0.1)
    monkeypatch.setattr("signoff.reference_services.chat.stores.server_store.TICK_S", 0.05)
    first, second = (_server_store(kind, store_servers, "renewed") for _ in range(2))
    done(first.claim("a", "one"))
    time.sleep(4.0)  # longer than a claim that nobody renews
    with pytest.raises(SessionHeld):
        done(second.claim("a", "two"))
    assert done(first.append("a", TurnRecord("u", "a", 1.0, 2.0), "one")).turns == 1
    first.close()
    second.close()


@pytest.mark.parametrize("kind", ["redis", "postgresql"])
def test_another_version_of_the_tables_is_refused(kind: str, store_servers) -> None:
    _server_store(kind, store_servers, "other").close()
    server = store_servers(kind)
    if kind == "redis":
        import redis

        with redis.Redis.from_url(server.url()) as client:
            client.set("signoff:other:schema", "99")
    else:
        import psycopg

        with psycopg.connect(server.url()) as connection:
            connection.execute("UPDATE other.version SET number = 99")
    with pytest.raises(StoreError, match=r"not of this version.*99.*1 is needed"):
        _server_store(kind, store_servers, "other")


def test_a_database_of_the_version_before_is_brought_up_with_its_turns(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite3"
    db = sqlite3.connect(path)
    db.executescript(
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, created REAL NOT NULL, last_used REAL NOT NULL, system TEXT);"
        "CREATE INDEX sessions_by_use ON sessions (last_used);"
        "CREATE TABLE turns (session TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE, number INTEGER NOT NULL,"
        "asked_at REAL NOT NULL, answered_at REAL NOT NULL, user TEXT NOT NULL, assistant TEXT NOT NULL,"
        "PRIMARY KEY (session, number)) WITHOUT ROWID;"
        "INSERT INTO sessions VALUES ('a', 1, 3, 'Be brief.');"
        "INSERT INTO turns VALUES ('a', 1, 1, 2, 'u', 'r'), ('a', 2, 2, 3, 'v', 's');"
        "PRAGMA user_version = 1;"
    )
    db.close()
    store = SqliteStore(path)
    assert done(store.session("a")) == SessionRecord("a", 1.0, 3.0, "Be brief.", 2)
    assert [turn.system for turn in done(store.turns("a"))] == ["Be brief.", None]
    store.close()


def test_a_redis_that_may_lose_turns_says_so(store_servers) -> None:
    server = store_servers("redis")
    import redis

    with redis.Redis.from_url(server.url()) as client:
        client.config_set("appendfsync", "everysec")
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            store = _server_store("redis", store_servers, "weak")
        finally:
            client.config_set("appendfsync", "always")
            client.config_set("maxmemory", "0")
            client.config_set("maxmemory-policy", "noeviction")
    assert store.durability == "appendonly yes, appendfsync everysec"
    assert [warning.partition(":")[0] for warning in store.warnings] == [
        "appendonly is yes and appendfsync everysec",
        "maxmemory-policy is allkeys-lru",
    ]
    store.close()
    store = _server_store("redis", store_servers, "strong")
    assert (store.durability, store.warnings) == ("appendonly yes, appendfsync always", ())
    store.close()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:willow@h:1/0", "redis://:***@h:1/0"),
        ("redis://ann@h", "redis://ann@h"),
        ("rediss://h:6380/2?password=willow&socket_timeout=1", "rediss://h:6380/2?password=***&socket_timeout=1"),
        ("postgresql://ann:wil%6Cow@h/db?sslmode=require", "postgresql://ann:***@h/db?sslmode=require"),
        ("sqlite:///here.sqlite3", "sqlite:///here.sqlite3"),
    ],
)
def test_no_password_is_shown(url: str, shown: str) -> None:
    assert Hermes2Config(store=url).public()["store"] == shown
    assert "willow" not in repr(Hermes2Config(store=url))


def _server_store(kind: str, store_servers, service: str) -> Store:
    url = store_servers(kind).url()
    if kind == "redis":
        from signoff.reference_services.chat.stores.redis_store import RedisStore

        return RedisStore(url, service)
    from signoff.reference_services.chat.stores.postgresql_store import PostgresqlStore

    return PostgresqlStore(url, service)
