"""Conversations held with servers that remember, and with servers that only seem to."""

from __future__ import annotations

import asyncio
import json

import pytest

from signoff.coherence.conversations import CATEGORIES, build
from signoff.coherence.dialogue import Record, hold_all
from signoff.coherence.figure import CoherenceFigure, lift
from signoff.coherence.sender import ChatSender
from tests.coherence.chat_server import ChatServer, Serve

CONVERSATIONS = build(21, 4 * len(CATEGORIES))


def held(server: ChatServer, concurrency: int = 8) -> list[Record]:
    async def run() -> list[Record]:
        async with ChatSender(server.url, timeout_s=30.0) as send:
            return await hold_all(CONVERSATIONS, send, concurrency)

    return asyncio.run(run())


def figure(server: ChatServer) -> CoherenceFigure:
    return lift(held(server))


def test_a_server_that_remembers_gets_every_conversation_right(serve: Serve) -> None:
    found = figure(serve(conversations=CONVERSATIONS))
    assert (found.recall, found.control, found.score) == (1.0, 0.0, 1.0)
    assert found.correct_lifted == found.conversations == len(CONVERSATIONS)
    assert found.recall_by_category == dict.fromkeys(CATEGORIES, 1.0)
    assert found.errors == 0


@pytest.mark.parametrize("defect", ["forgets", "parrot", "recites", "unknown", "empty"])
def test_a_server_that_only_seems_to_remember_gets_nothing(serve: Serve, defect: str) -> None:
    found = figure(serve(defect, CONVERSATIONS))
    assert found.score == 0.0
    assert found.correct_lifted == 0
    assert found.conversations == len(CONVERSATIONS)


def test_a_leak_between_sessions_shows_in_the_control_and_is_no_coherence(serve: Serve) -> None:
    found = lift(held(serve("leaks", CONVERSATIONS), concurrency=1))
    assert (found.recall, found.control, found.score, found.correct_lifted) == (1.0, 1.0, 0.0, 0)


def test_a_small_memory_loses_what_lies_farther_back(serve: Serve) -> None:
    found = figure(serve(conversations=CONVERSATIONS, window=1))
    assert found.recall_by_category["previous_request"] == 1.0
    assert found.recall_by_category["recall"] == 0.0
    assert 0.0 < found.score < 1.0


def test_failed_requests_count_as_wrong_and_are_told_apart(serve: Serve) -> None:
    records = [record for record in held(serve("sometimes", CONVERSATIONS)) if record["record"] == "conversation"]
    broken = [record for record in records if any("turn" in error for error in record["errors"])]
    assert broken
    assert all(not record["correct"] and "HTTP 500" in record["why"] for record in broken)
    assert len(records) == len(CONVERSATIONS)
    assert lift(records).errors == sum(bool(record["errors"]) for record in records)


def test_a_dead_server_is_all_errors_and_no_score() -> None:
    async def run() -> list[Record]:
        async with ChatSender("http://127.0.0.1:9") as send:
            return await hold_all(CONVERSATIONS[:5], send)

    found = lift(asyncio.run(run()))
    assert (found.score, found.correct_lifted, found.errors, found.conversations) == (0.0, 0, 5, 5)


def test_each_conversation_and_each_control_has_a_session_of_its_own(serve: Serve) -> None:
    turns = [record for record in held(serve(conversations=CONVERSATIONS)) if record["record"] == "turn"]
    owners = {(record["session"], record["conversation"], record["control"]) for record in turns}
    assert len({session for session, _, _ in owners}) == len(owners) == 2 * len(CONVERSATIONS)


def test_the_control_is_the_question_and_nothing_else(serve: Serve) -> None:
    turns = [record for record in held(serve(conversations=CONVERSATIONS)) if record["record"] == "turn"]
    for conversation in CONVERSATIONS:
        said = {
            control: [
                record["text"]
                for record in turns
                if (record["conversation"], record["role"], record["control"]) == (conversation.id, "user", control)
            ]
            for control in (False, True)
        }
        assert said == {False: [*conversation.turns, conversation.question], True: [conversation.question]}


def test_records_are_plain_json_and_give_the_same_figure_again(serve: Serve) -> None:
    records = held(serve(conversations=CONVERSATIONS, window=2))
    stored = [json.loads(json.dumps(record)) for record in records]
    assert stored == records
    assert lift(stored) == lift(records)


def test_progress_and_records_come_as_conversations_end(serve: Serve) -> None:
    server = serve(conversations=CONVERSATIONS)
    progress: list[tuple[int, int]] = []
    kept: list[Record] = []

    async def run() -> list[Record]:
        async with ChatSender(server.url) as send:
            return await hold_all(
                CONVERSATIONS[:6], send, 3, lambda done, total: progress.append((done, total)), kept.extend
            )

    records = asyncio.run(run())
    assert progress == [(done, 6) for done in range(1, 7)]
    assert sorted(map(str, kept)) == sorted(map(str, records))
    ended = [record["id"] for record in records if record["record"] == "conversation"]
    assert ended == [conversation.id for conversation in CONVERSATIONS[:6]]
