from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.tokenizer import count_messages
from signoff.reference_services.chat.prompt.window import fitted, merged, turns_of
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.chat.stores.sqlite_store import SqliteStore
from signoff.reference_services.chat.stores.store import StoreAway, StoreError

MINUTE = 60.0
NAMES = st.sampled_from(("ann", "bob", "cem"))


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(clock: Clock) -> Iterator[SessionManager]:
    manager = SessionManager(Hermes2Config(conversation_memory_size=3), clock=clock)
    yield manager
    manager.close()


def take(manager: SessionManager, name: str, text: str, reply: str = "") -> tuple[Message, ...]:
    """One committed turn; the prompt that it had."""

    async def turn() -> tuple[Message, ...]:
        async with await manager.begin(name) as taken:
            prompt = taken.prompt([user(text)], 16, count_messages)
            await taken.commit(text, reply or f"re {text}")
            return prompt

    return asyncio.run(turn())


class Sessions(RuleBasedStateMachine):
    """The manager against a dictionary: turns, windows, time-outs, deletions, restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.model: dict[str, tuple[float, list[str]]] = {}
        self.number = 0
        self.open()

    def open(self) -> None:
        config = Hermes2Config(conversation_memory_size=3)
        self.manager = SessionManager(config, SqliteStore(Path(self.folder.name) / "s.sqlite3"), self.clock)

    def alive(self, name: str) -> list[str]:
        used, said = self.model.get(name, (0.0, []))
        return said if self.clock.now - used <= 30 * MINUTE else []

    @rule(name=NAMES)
    def say(self, name: str) -> None:
        self.number += 1
        text = f"message {self.number}"
        before = self.alive(name)
        prompt = take(self.manager, name, text)
        assert [message.content for message in prompt if message.role == "user"] == [*before[-3:], text]
        self.model[name] = (self.clock.now, [*before, text])

    @rule(name=NAMES)
    def give_up(self, name: str) -> None:
        async def turn() -> None:
            async with await self.manager.begin(name):
                pass

        asyncio.run(turn())
        if not self.alive(name):
            self.model.pop(name, None)

    @rule(minutes=st.sampled_from((1, 14, 29, 31)))
    def wait(self, minutes: int) -> None:
        self.clock.now += minutes * MINUTE

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        there = name in self.model and (bool(self.alive(name)))
        gone = asyncio.run(self.manager.delete(name))
        assert gone is there
        self.model.pop(name, None)

    @rule()
    def sweep(self) -> None:
        over = [name for name in self.model if not self.alive(name)]
        assert asyncio.run(self.manager.sweep()) == len(over)
        for name in over:
            del self.model[name]

    @precondition(lambda self: self.model)
    @rule()
    def restart(self) -> None:
        self.manager.store.close()
        self.open()

    @invariant()
    def every_record_is_as_it_was_said(self) -> None:
        for name in ("ann", "bob", "cem"):
            said = self.alive(name)
            record = self.manager.get_session(name)
            shown = [] if record is None else [each["content"] for each in record["turns"]]
            assert shown == [text for each in said for text in (each, f"re {each}")]
        counts = asyncio.run(self.manager.count())
        assert counts is not None
        assert counts.active == sum(bool(self.alive(name)) for name in self.model)

    def teardown(self) -> None:
        self.manager.close()
        self.folder.cleanup()


Sessions.TestCase.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
TestSessionsAgainstAModel = Sessions.TestCase


def test_the_time_out_slides_with_turns_and_not_with_reading(manager: SessionManager, clock: Clock) -> None:
    take(manager, "a", "one")
    clock.now += 29 * MINUTE
    take(manager, "a", "two")
    clock.now += 29 * MINUTE
    assert manager.get_session("a") is not None
    clock.now += 2 * MINUTE
    assert manager.get_session("a") is None
    assert [message.content for message in take(manager, "a", "three")] == ["three"]
    assert manager.expired_total == 1


def test_turns_on_one_session_wait_for_each_other_and_others_do_not(manager: SessionManager) -> None:
    order: list[str] = []

    async def one(name: str, mark: str, pause_s: float) -> None:
        async with await manager.begin(name) as turn:
            order.append(f"{mark} begins")
            await asyncio.sleep(pause_s)
            await turn.commit(mark, mark)
            order.append(f"{mark} ends")

    async def together() -> None:
        await asyncio.gather(one("a", "1", 0.02), one("a", "2", 0), one("b", "3", 0))

    asyncio.run(together())
    assert [each for each in order if each[0] in "12"] == ["1 begins", "1 ends", "2 begins", "2 ends"]
    assert order.index("3 ends") < order.index("1 ends")


def test_who_leaves_the_queue_of_a_session_holds_nobody_up(manager: SessionManager) -> None:
    async def play() -> str:
        first = await manager.begin("a")
        waiting = asyncio.create_task(manager.begin("a"))
        last = asyncio.create_task(manager.begin("a"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.sleep(0)
        first.close()
        async with await last as turn:
            return turn.session_id

    assert asyncio.run(play()) == "a"
    assert asyncio.run(manager.figures())["turns_in_progress"] == 0


def test_a_turn_that_was_not_committed_leaves_no_trace(manager: SessionManager) -> None:
    async def fail() -> None:
        async with await manager.begin("a") as turn:
            turn.prompt([user("lost")], 16, count_messages)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        asyncio.run(fail())
    assert manager.get_session("a") is None
    assert asyncio.run(manager.figures())["turns_stored"] == 0


def test_who_leaves_while_a_turn_is_being_committed_has_the_next_one_told_of_it(manager: SessionManager) -> None:
    assert isinstance(manager.store, SqliteStore)
    writer, disk = manager.store._writes, threading.Event()

    async def play() -> list[str]:
        first = await manager.begin("a")
        writer.ask(lambda db: disk.wait(30))
        commit = asyncio.create_task(first.commit("one", "re one"))
        await asyncio.sleep(0)
        commit.cancel()
        await asyncio.gather(commit, return_exceptions=True)
        first.close()
        second = asyncio.create_task(manager.begin("a"))
        await asyncio.sleep(0)
        disk.set()
        async with await second as turn:
            return [each.user for each in turn.turns]

    assert asyncio.run(play()) == ["one"]


def test_a_turn_that_is_stored_is_not_told_as_failed_where_the_store_goes_away_then(
    manager: SessionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    away: Future[int] = Future()
    away.set_exception(StoreAway("gone"))
    monkeypatch.setattr(manager.store, "session_count", lambda: away)
    take(manager, "a", "one")
    kept = manager.get_session("a")
    assert kept is not None
    assert kept["turn_count"] == 1


def test_the_system_prompt_stays_with_the_session_until_another_is_sent(manager: SessionManager) -> None:
    async def turn(*messages: Message) -> list[str]:
        async with await manager.begin("a") as taken:
            prompt = taken.prompt(messages, 16, count_messages)
            await taken.commit(messages[-1].content, "ok")
            return [message.content for message in prompt if message.role == "system"]

    assert asyncio.run(turn(Message("system", "Be brief."), user("1"))) == ["Be brief."]
    assert [asyncio.run(turn(user(str(number)))) for number in range(5)][-1] == ["Be brief."]
    assert asyncio.run(turn(Message("system", "Be long."), user("2"))) == ["Be long."]


def test_beyond_the_largest_number_of_sessions_the_longest_unused_goes(clock: Clock) -> None:
    manager = SessionManager(Hermes2Config(max_sessions=3), clock=clock)
    for name in "abcd":
        clock.now += 1
        take(manager, name, "x")
        if name == "c":
            take(manager, "a", "again")
    assert [name for name in "abcd" if manager.get_session(name)] == ["a", "c", "d"]
    assert asyncio.run(manager.figures())["sessions_evicted_total"] == 1
    manager.close()


ROLES = st.sampled_from(("user", "assistant"))
MESSAGES = st.lists(st.builds(Message, ROLES, st.sampled_from("ab")), max_size=8)


@given(MESSAGES, MESSAGES)
def test_history_sent_again_is_not_repeated_and_nothing_sent_is_lost(stored: list[Message], new: list[Message]) -> None:
    assert merged(stored, []) == stored
    assert merged([], new) == new
    assert merged(stored, stored) == stored
    whole = merged(stored, new)
    assert whole[: len(stored)] == stored
    assert whole[len(whole) - len(new) :] == new
    assert len(merged(stored, [*stored, *new])) <= len(stored) + len(new)


@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 10), st.integers(1, 200))
def test_what_is_left_out_are_the_oldest_whole_turns(lengths: list[int], size: int, room: int) -> None:
    earlier = [message for n in lengths for message in (user("w " * n), assistant("v " * n))]
    system, new = [Message("system", "s")], user("new")
    prompt = fitted(system, earlier, new, count_messages, size, room)
    kept = list(prompt[1:-1])
    assert (prompt[0], prompt[-1]) == (system[0], new)
    assert kept == earlier[len(earlier) - len(kept) :]
    assert len(kept) % 2 == 0
    assert len(kept) <= 2 * size
    assert count_messages(prompt) <= room or not kept
    if len(kept) < 2 * min(size, len(lengths)):
        one_more = earlier[len(earlier) - len(kept) - 2 :]
        assert count_messages([*system, *one_more, new]) > room


def test_a_message_that_is_too_long_alone_is_not_counted_with_every_number_of_turns() -> None:
    counted: list[int] = []

    def count(messages: Sequence[Message]) -> int:
        counted.append(len(messages))
        return 100 * len(messages)

    earlier = [message for n in range(10) for message in (user(f"q{n}"), assistant(f"a{n}"))]
    assert fitted([], earlier, user("new"), count, 10, 50) == (user("new"),)
    assert len(counted) == 2
    counted.clear()
    assert len(fitted([], earlier, user("new"), count, 10, 1000)) == 9
    assert len(counted) <= 6


def test_a_reply_without_its_question_is_no_turn() -> None:
    assert turns_of([assistant("orphan"), user("a"), assistant("b"), user("c")]) == [
        [user("a"), assistant("b")],
        [user("c")],
    ]


def test_a_database_of_another_kind_or_in_use_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.sqlite3"
    text.write_text("no database at all, but long enough to have a header " * 20)
    with pytest.raises(StoreError, match=r"text\.sqlite3.*not a database"):
        SqliteStore(text)
    store = SqliteStore(tmp_path / "s.sqlite3")
    with pytest.raises(StoreError, match="used by another running service"):
        SqliteStore(tmp_path / "s.sqlite3")
    store.close()
    SqliteStore(tmp_path / "s.sqlite3").close()


def test_one_faulty_write_of_a_group_fails_alone(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "s.sqlite3")
    promises = [
        store._writes.ask(
            lambda db, n=n: (
                db.execute("INSERT INTO sessions (id, created, last_used) VALUES (?, 1, 1)", (n % 5,)).rowcount
            )
        )
        for n in range(10)
    ]
    failed = [promise.exception() is not None for promise in promises]
    assert failed == [False] * 5 + [True] * 5
    store.close()
