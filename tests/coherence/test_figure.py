"""The coherence figure as arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.coherence.figure import lift

outcomes = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def records(pairs: list[tuple[bool, bool]]) -> list[dict[str, object]]:
    return [
        {
            "record": "conversation",
            "category": "recall",
            "correct": right,
            "control_correct": known,
            "errors": [],
        }
        for right, known in pairs
    ]


@given(outcomes)
def test_the_score_lies_between_nothing_and_recall(pairs: list[tuple[bool, bool]]) -> None:
    found = lift(records(pairs))
    assert 0.0 <= found.score <= found.recall <= 1.0


@given(outcomes)
def test_without_a_right_control_the_score_is_the_share_lifted(pairs: list[tuple[bool, bool]]) -> None:
    found = lift(records([(right, False) for right, _ in pairs]))
    assert found.score == found.correct_lifted / found.conversations == found.recall


def test_half_of_what_the_control_left_open_is_half_a_score() -> None:
    found = lift(records([(True, True)] * 6 + [(True, False)] * 2 + [(False, False)] * 2))
    assert found.recall == pytest.approx(0.8)
    assert found.control == pytest.approx(0.6)
    assert found.score == pytest.approx(0.5)
    assert found.correct_lifted == 2


def test_knowing_everything_without_the_history_is_no_coherence() -> None:
    assert lift(records([(True, True)] * 5)).score == 0.0


def test_without_a_conversation_there_is_no_score() -> None:
    found = lift([{"record": "turn"}])
    assert (found.conversations, found.score, found.recall) == (0, 0.0, 0.0)
