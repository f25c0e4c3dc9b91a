from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.chat.prompt.prompt import Message
from signoff.reference_services.chat.prompt.tokenizer import count
from signoff.reference_services.chat.routes.analytics import Conversation, analysed, figure
from signoff.reference_services.chat.sessions.coherence import CoherenceScore
from signoff.reference_services.chat.stores.records import TurnRecord
from tests.reference_services.running import Running, start_service

FIRST, SECOND = "sk-first-4471-maple", "sk-second-9920-birch"
TURNS = (
    TurnRecord("The lantern is green.", "A green lantern, I see.", 100.0, 101.0),
    TurnRecord("Which colour is the lantern?", "The lantern is green.", 104.0, 104.5),
    TurnRecord("And the weather?", "Yesterday nobody danced.", 110.0, 113.0, "Speak of weather."),
)


def test_the_figures_of_a_conversation_are_those_of_its_turns() -> None:
    found = analysed([Conversation(TURNS)], count, 10, 0.7)
    assert found.turns == 3
    assert found.duration_seconds.total == 13.0
    assert found.answer_seconds.model_dump() == {"samples": 3, "total": 4.5, "mean": 1.5, "p50": 1.0, "max": 3.0}
    assert found.pause_seconds.model_dump() == {"samples": 2, "total": 8.5, "mean": 4.25, "p50": 5.5, "max": 5.5}
    assert found.user_tokens.total == sum(count(turn.user) for turn in TURNS)
    assert found.assistant_tokens.max == max(count(turn.assistant) for turn in TURNS)
    # The first reply has no earlier turn; the second takes all of its words from before, the third none.
    assert found.coherence.model_dump() == {"replies": 2, "mean": 0.5, "below_threshold": 1, "threshold": 0.7}


def test_where_nothing_was_said_there_are_no_figures_and_no_zeros_in_their_place() -> None:
    found = analysed([Conversation(())], count, 10, 0.7)
    assert (found.turns, found.duration_seconds.samples, found.duration_seconds.mean) == (0, 0, None)
    assert (found.coherence.replies, found.coherence.mean) == (0, None)


def test_what_a_branch_copied_counts_once_and_its_replies_are_compared_with_it() -> None:
    own = TurnRecord("Is it green?", "The lantern is green.", 200.0, 201.0)
    branch = Conversation((*TURNS[:2], own), begin=2)
    both = analysed([Conversation(TURNS), branch], count, 10, 0.7)
    assert both.turns == 4
    assert both.duration_seconds.max == 13.0
    assert both.answer_seconds.samples == 4
    assert analysed([branch], count, 10, 0.7).coherence.mean == 1.0


@given(st.lists(st.floats(0, 1e6)))
def test_a_figure_lies_within_its_values(values: list[float]) -> None:
    found = figure(values)
    assert found.samples == len(values)
    if values:
        assert found.mean is not None
        assert min(values) - 0.001 <= found.mean <= max(values) + 0.001
        assert found.max == round(max(values), 3)


@given(st.lists(st.lists(st.sampled_from("lamp boat red tall moat".split()), max_size=4), min_size=1, max_size=6))
def test_the_coherence_of_a_record_is_what_the_score_was_of_its_replies(said: list[list[str]]) -> None:
    turns = [TurnRecord(f"say {n}", " ".join(words), n, n + 0.5) for n, words in enumerate(said)]
    score = CoherenceScore()
    for number, turn in enumerate(turns):
        earlier = [message for each in turns[max(0, number - 2) : number] for message in each.messages()]
        score.add([*earlier, Message("user", turn.user)], turn.assistant)
    found = analysed([Conversation(turns)], count, 2, 0.7).coherence
    assert found.replies == score.replies
    assert found.mean == (None if score.value is None else pytest.approx(score.value, abs=1e-4))


@pytest.fixture(scope="module")
def openchat() -> Iterator[Running]:
    running = start_service(
        service="openchat-3.5",
        variables={"OPENCHAT_3_5_API_KEYS": f"{FIRST} {SECOND}"},
        headers={"Authorization": f"Bearer {FIRST}"},
    )
    yield running
    assert running.stop() == 0


def test_what_a_service_tells_of_its_conversations_is_what_its_records_hold(openchat: Running) -> None:
    openchat.say("The lantern is green.", "a")
    openchat.say("How is the lantern?", "a")
    openchat.client.post("/sessions/a/branch", json={"turn": 1, "session_id": "b"})
    openchat.say("How is the lantern?", "b")
    turns = openchat.get("/sessions/a")["turns"]
    one = openchat.get("/sessions/a/analytics")
    assert (one["session_id"], one["turns"]) == ("a", 2)
    for role in ("user", "assistant"):
        counted = [
            openchat.client.post("/tokenize", json={"prompt": turn["content"]}).json()["count"]
            for turn in turns
            if turn["role"] == role
        ]
        assert one[f"{role}_tokens"]["total"] == sum(counted)
    assert openchat.get("/sessions/b/analytics")["turns"] == 2
    every = openchat.get("/metrics/conversations")
    assert (every["sessions"], every["branches"], every["read"], every["turns"]) == (2, 1, 2, 3)
    assert openchat.get("/metrics/conversations?limit=1")["read"] == 1
    other = openchat.client.get("/metrics/conversations", headers={"Authorization": f"Bearer {SECOND}"}).json()
    assert (other["sessions"], other["turns"]) == (0, 0)
    shown = openchat.metrics()
    assert shown["openchat_3_5_conversation_turn_number_count{}"] == 3
    assert shown["openchat_3_5_conversation_turn_seconds_count{}"] == 3
    assert shown["openchat_3_5_conversation_coherence_replies_total{}"] == 2


def test_figures_of_a_session_that_is_not_there_are_not_made_up(openchat: Running) -> None:
    assert openchat.client.get("/sessions/none/analytics").status_code == 404
    assert openchat.client.get("/metrics/conversations?limit=0").status_code == 400
