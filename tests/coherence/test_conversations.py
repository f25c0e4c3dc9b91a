"""Laws of the conversations that are built."""

from __future__ import annotations

import string
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.coherence.conversations import CATEGORIES, MAX_TURNS_BETWEEN, build
from signoff.coherence.phrasing import load
from signoff.coherence.scoring import holds, tokens
from signoff.coherence.words import SHAPES, Shape, Words

seeds = st.integers(min_value=0, max_value=2**63)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_the_same_seed_gives_the_same_bytes(seed: int) -> None:
    assert repr(build(seed, 20)).encode() == repr(build(seed, 20)).encode()


@settings(deadline=None, max_examples=25)
@given(seeds, st.integers(0, 30), st.integers(0, 30))
def test_a_larger_count_only_adds_conversations(seed: int, count: int, more: int) -> None:
    assert build(seed, count + more)[:count] == build(seed, count)


@settings(deadline=None, max_examples=25)
@given(seeds)
def test_no_atom_comes_up_in_another_conversation(seed: int) -> None:
    conversations = build(seed, 30)
    for item in conversations:
        for other in conversations:
            said = "\n".join((*other.turns, other.question))
            if other is not item:
                assert not any(holds(said, atom) for atom in (*item.expected, *item.forbidden))


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_a_question_never_gives_its_answer_away_and_the_conversation_always_does(seed: int) -> None:
    for item in build(seed, 2 * len(CATEGORIES)):
        said = "\n".join(item.turns)
        assert item.expected
        assert item.forbidden
        assert not set(item.expected) & set(item.forbidden)
        for atom in (*item.expected, *item.forbidden):
            assert holds(said, atom)
            assert not holds(item.question, atom)
        for atom in item.expected:
            assert not any(holds(other, atom) or holds(atom, other) for other in item.forbidden)


def test_other_seeds_give_other_atoms() -> None:
    first = {atom for item in build(1, 50) for atom in item.expected}
    second = {atom for item in build(2, 50) for atom in item.expected}
    assert not first & second


def test_categories_are_evenly_spread_and_ids_unique() -> None:
    conversations = build(3, 60)
    assert Counter(item.category for item in conversations) == dict.fromkeys(CATEGORIES, 12)
    assert len({item.id for item in conversations}) == 60


def test_recall_covers_one_to_six_turns_between() -> None:
    distances = {len(item.turns) - 1 for item in build(4, 60) if item.category == "recall"}
    assert distances == set(range(1, MAX_TURNS_BETWEEN + 1))


def test_an_update_tells_the_old_value_before_the_new_one() -> None:
    for item in build(5, 60):
        if item.category == "update":
            places = [
                next(place for place, turn in enumerate(item.turns) if holds(turn, atom))
                for atom in (*item.forbidden, *item.expected)
            ]
            assert places == sorted(places)


def test_the_previous_request_is_the_last_turn() -> None:
    for item in build(6, 60):
        if item.category == "previous_request":
            assert holds(item.turns[-1], item.expected[0])


def test_every_wording_comes_up_sooner_or_later() -> None:
    said = "\n".join(text for item in build(7, 600) for text in (*item.turns, item.question))
    for name in ("tell", "replace", "ask", "ask_current", "ask_both", "closings", "requests", "ask_previous"):
        for wording in getattr(load(), name):
            longest = max((part for part, *_ in string.Formatter().parse(wording)), key=len)
            assert longest in said


@pytest.mark.parametrize("shape", SHAPES)
def test_nonces_of_a_seed_differ_from_each_other(shape: Shape) -> None:
    words = Words(0)
    assert len({tokens(words.draw(shape)) for _ in range(2000)}) == 2000


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reserved_word_is_passed_over(shape: Shape) -> None:
    unreserved = Words(0)
    first, second = unreserved.draw(shape), unreserved.draw(shape)
    assert Words(0, tokens(first)).draw(shape) == second
