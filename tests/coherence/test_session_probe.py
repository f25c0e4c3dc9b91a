"""Session probes against servers that are sound and servers with one defect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from signoff.coherence import session_probe as probes
from signoff.coherence.dialogue import Record
from signoff.coherence.sender import ChatSender
from tests.coherence.chat_server import ChatServer, Serve

SEED = 5
Found = TypeVar("Found")


def against(
    server: ChatServer, probe: Callable[[ChatSender], Awaitable[tuple[Found, list[Record]]]]
) -> tuple[Found, list[Record]]:
    async def run() -> tuple[Found, list[Record]]:
        async with ChatSender(server.url, timeout_s=30.0) as send:
            return await probe(send)

    result, records = asyncio.run(run())
    assert [json.loads(json.dumps(record)) for record in records] == records
    assert records[-1]["record"] == "probe"
    return result, records


def test_recall_holds_where_the_server_remembers(serve: Serve) -> None:
    result, records = against(serve(), lambda send: probes.probe_recall(send, SEED))
    assert result.holds
    assert (result.sessions, result.recalled, result.control_recalled) == (6, 6, 0)
    assert records[-1]["holds"] is True


@pytest.mark.parametrize("defect", ["forgets", "unknown", "empty", "sometimes", "leaks"])
def test_recall_does_not_hold_where_it_does_not(serve: Serve, defect: str) -> None:
    result, records = against(serve(defect), lambda send: probes.probe_recall(send, SEED))
    assert not result.holds
    assert records[-1]["holds"] is False


def test_recall_takes_a_question_about_the_request_just_made(serve: Serve) -> None:
    question = "What did I just ask you?"
    server = serve()
    result, records = against(server, lambda send: probes.probe_recall(send, SEED, question=question))
    assert result.holds
    asked = [record["text"] for record in records if record["record"] == "turn" and record["role"] == "user"]
    assert asked.count(question) == 12
    assert not against(serve("forgets"), lambda send: probes.probe_recall(send, SEED, question=question))[0].holds


def test_a_leak_into_a_fresh_session_shows_in_the_control(serve: Serve) -> None:
    result, _ = against(serve("leaks"), lambda send: probes.probe_recall(send, SEED))
    assert result.control_recalled > 0


@pytest.mark.parametrize(
    ("window", "unit", "holds", "forgets"),
    [
        (10, "turns", True, True),
        (9, "turns, the question counted", True, True),
        (5, "messages", False, True),
        (4, "messages, the question counted", False, True),
        (7, "irregular", False, True),
        (None, "more", True, False),
        (0, "none", False, True),
    ],
)
def test_the_window_is_measured_and_its_unit_named(
    serve: Serve, window: int | None, unit: str, holds: bool, forgets: bool
) -> None:
    result, _ = against(serve(window=window), lambda send: probes.probe_window(send, 10, SEED))
    assert (result.unit, result.holds, result.forgets_beyond) == (unit, holds, forgets)


def test_a_window_cannot_hold_through_errors(serve: Serve) -> None:
    result, _ = against(serve("empty"), lambda send: probes.probe_window(send, 10, SEED))
    assert result.errors
    assert not result.holds
    assert not result.forgets_beyond


def test_isolated_sessions_bound_the_leak_by_three_over_n(serve: Serve) -> None:
    result, _ = against(serve(), lambda send: probes.probe_isolation(send, 60, SEED, 16))
    assert result.holds
    assert (result.answered, result.recalled, result.leaks) == (60, 60, ())
    assert result.bound == pytest.approx(3 / 60)


def test_a_leak_is_told_with_both_sessions(serve: Serve) -> None:
    result, _ = against(serve("leaks"), lambda send: probes.probe_isolation(send, 20, SEED, 8))
    assert not result.holds
    assert result.bound is None
    assert any(leak.startswith("isolation-") and "knew what isolation-" in leak for leak in result.leaks)


@pytest.mark.parametrize("defect", ["forgets", "unknown"])
def test_isolation_of_a_server_that_remembers_nothing_is_vacuous(serve: Serve, defect: str) -> None:
    result, _ = against(serve(defect), lambda send: probes.probe_isolation(send, 10, SEED))
    assert result.is_vacuous
    assert not result.leaks
    assert not result.holds


def test_isolation_does_not_hold_through_errors(serve: Serve) -> None:
    result, _ = against(serve("sometimes"), lambda send: probes.probe_isolation(send, 12, SEED))
    assert not result.holds
    assert result.answered < 12
    assert against(serve("empty"), lambda send: probes.probe_isolation(send, 3, SEED))[0].bound == 1.0


def test_without_a_session_header_nothing_is_remembered(serve: Serve) -> None:
    server = serve()
    result, _ = against(server, lambda send: probes.probe_stateless(send, SEED))
    assert result.holds
    assert all("X-Session-ID" not in headers for _, headers, _ in server.requests)


def test_memory_without_a_session_header_is_found(serve: Serve) -> None:
    result, _ = against(serve("keyed_by_nothing"), lambda send: probes.probe_stateless(send, SEED))
    assert (result.pairs, result.remembered, result.holds) == (3, 3, False)


def test_a_session_page_shows_the_turns_that_were_said(serve: Serve) -> None:
    result, records = against(serve(), lambda send: probes.probe_record(send, SEED))
    assert result.holds
    assert (result.messages_shown, result.unknown_status, result.problems) == (4, 404, ())
    assert [record["page"] for record in records if record["record"] == "page"] == [
        "session",
        "unknown session",
    ]


@pytest.mark.parametrize(
    ("defect", "problem"),
    [
        ("one_sided_record", "4 messages were exchanged, 2 are shown"),
        ("shows_strangers", "/sessions/{id} answered 200 for a session that never was"),
        ("leaks", "/sessions/{id} answered 404 for a session with 2 turns"),
    ],
)
def test_a_wrong_session_page_is_described(serve: Serve, defect: str, problem: str) -> None:
    result, _ = against(serve(defect), lambda send: probes.probe_record(send, SEED))
    assert not result.holds
    assert problem in result.problems


def test_session_metrics_name_the_figures_that_moved(serve: Serve) -> None:
    result, _ = against(serve(), lambda send: probes.probe_session_metrics(send, SEED))
    assert result.holds
    assert result.moved == ("sessions.active", "sessions.turns")
    assert result.turns_moved == ("sessions.turns",)


def test_session_metrics_are_read_from_prometheus_text_too(serve: Serve) -> None:
    result, _ = against(serve(), lambda send: probes.probe_session_metrics(send, SEED, "/metrics/text"))
    assert result.moved == result.sessions_moved == ('sessions_active{model="m 1"}',)
    assert result.figures == 3


def test_session_metrics_that_stand_still_are_found(serve: Serve) -> None:
    result, _ = against(serve("stale_metrics"), lambda send: probes.probe_session_metrics(send, SEED))
    assert (result.moved, result.holds) == ((), False)


def test_a_missing_metrics_page_is_an_error(serve: Serve) -> None:
    result, _ = against(serve(), lambda send: probes.probe_session_metrics(send, SEED, "/nowhere"))
    assert not result.holds
    assert "HTTP 404" in result.errors[0]


def test_the_same_seed_says_the_same_again(serve: Serve) -> None:
    def said() -> list[str]:
        _, records = against(serve(), lambda send: probes.probe_recall(send, SEED))
        return [record["text"] for record in records if record["record"] == "turn"]

    assert said() == said()
