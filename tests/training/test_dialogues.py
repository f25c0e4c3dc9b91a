"""What the recall model is trained on: every reply follows from what was said, and no held-out value is ever seen."""

from __future__ import annotations

import random
import re

from hypothesis import given, settings
from hypothesis import strategies as st

from training.author import NOT_TOLD, Dialogue, Fact, answer
from training.dialogues import ASKED, MOST_BETWEEN, drilled, mixed, planted
from training.values import draw, is_held_out
from training.wordings import load

SEEDS = st.integers(0, 2**32)
SPLITS = st.sampled_from(("train", "held_out"))


def text_of(dialogue: Dialogue) -> str:
    return "\n".join([dialogue.system, *(f"{each.user}\n{each.reply}" for each in dialogue.exchanges)])


@given(SEEDS, st.integers(1, 12))
def test_no_held_out_value_occurs_in_a_training_dialogue(seed: int, length: int) -> None:
    chance = random.Random(seed)
    for dialogue in (mixed(chance, "train", length), drilled(chance, "train"), planted(chance, "train", "recall", 2)):
        assert not any(is_held_out(word) for word in text_of(dialogue).split())


@given(SEEDS)
def test_a_value_is_of_one_side_alone(seed: int) -> None:
    chance = random.Random(seed)
    assert is_held_out(draw(chance, "held_out"))
    assert not is_held_out(draw(chance, "train"))


def test_a_held_out_value_is_told_from_a_trained_one_by_its_words() -> None:
    chance = random.Random(1)
    values = [draw(chance, "held_out") for _ in range(300)]
    assert all(re.search(r"\w{4}", value) for value in values)
    assert len(set(values)) > 290


def test_held_out_wordings_attributes_and_items_are_not_among_the_trained_ones() -> None:
    train, held_out = load("train"), load("held_out")
    for name in train.__slots__:
        assert not set(getattr(train, name)) & set(getattr(held_out, name)), name


@given(SEEDS, SPLITS, st.sampled_from(ASKED), st.integers(0, MOST_BETWEEN))
def test_a_planted_question_comes_so_many_exchanges_after_what_it_asks_for(seed, split, kind, between) -> None:
    dialogue = planted(random.Random(seed), split, kind, between)
    last = dialogue.exchanges[-1]
    assert last.kind == kind
    if kind in ("recall", "latest"):
        assert last.between == between
    if kind == "previous":
        assert last.reply == f"You said:\n{dialogue.exchanges[-2].user}"


@given(SEEDS, SPLITS, st.integers(2, 14))
@settings(max_examples=200)
def test_every_reply_follows_from_what_was_said_before(seed, split, length) -> None:
    dialogue = mixed(random.Random(seed), split, length)
    said = dialogue.system
    for exchange in dialogue.exchanges:
        if exchange.kind in ("recall", "latest", "both"):
            assert all(value in said for value in exchange.values)
            assert all(value in exchange.reply for value in exchange.values)
            assert not any(value in exchange.user for value in exchange.values if len(value) > 4)
            assert not any(value in exchange.reply for value in exchange.others)
        if exchange.kind == "not_told":
            assert exchange.reply == f"Well, {exchange.things[0]}? {NOT_TOLD}"
        said += f"\n{exchange.user}"


@given(SEEDS, SPLITS, st.integers(0, MOST_BETWEEN))
def test_the_latest_value_is_the_one_that_was_told_last(seed, split, between) -> None:
    dialogue = planted(random.Random(seed), split, "latest", between)
    again = [each for each in dialogue.exchanges if each.kind == "told_again"]
    assert len(again) == 1
    assert dialogue.exchanges[-1].values[0] in again[0].user


@given(SEEDS, st.integers(2, 14))
def test_what_was_not_told_was_not_told(seed, length) -> None:
    dialogue = mixed(random.Random(seed), "train", length)
    known: set[str] = set()
    for exchange in dialogue.exchanges:
        if exchange.kind == "not_told":
            assert not known & set(exchange.things)
        if exchange.kind in ("recall", "latest"):
            known |= set(exchange.things)


def test_the_same_seed_writes_the_same_dialogues() -> None:
    first, second = (text_of(mixed(random.Random("a seed"), "train", 10)) for _ in range(2))
    assert first == second
    assert first != text_of(mixed(random.Random("another seed"), "train", 10))


def test_the_reply_says_the_thing_and_goes_on_as_the_user_did() -> None:
    fact = Fact("red", " was painted red.", 0)
    assert answer("the colour of the boat", fact) == "Well, the colour of the boat was painted red."
    assert answer("the colour of the boat", None) == "Well, the colour of the boat? You have not told me."


@given(SEEDS, SPLITS)
def test_an_answer_ends_as_the_message_that_told_it(seed, split) -> None:
    dialogue = planted(random.Random(seed), split, "recall", 2)
    last = dialogue.exchanges[-1]
    message = dialogue.exchanges[-1 - last.between - 1].user
    words = last.reply.removeprefix(f"Well, {last.things[0]}")
    assert words
    assert message.endswith(words)
