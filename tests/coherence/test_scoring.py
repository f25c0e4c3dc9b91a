"""What counts as an answer, as laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.coherence.conversations import CATEGORIES, Conversation, build
from signoff.coherence.scoring import MAX_WORDS, holds, score, tokens

CONVERSATIONS = build(11, 10 * len(CATEGORIES))

conversations = st.sampled_from(CONVERSATIONS)
prose = st.lists(st.sampled_from(["well", "it", "seems", "so", "I", "think"]), max_size=6).map(" ".join)
marks = st.sampled_from(
    ["**{}**", "_{}_", "`{}`", '"{}"', "# {}", "- {}.", "({})!", "\u201c{}\u201d", "*{}*, ", "~~{}~~"]
)


def answer(conversation: Conversation) -> str:
    return " and ".join(conversation.expected)


@given(conversations, prose, prose)
def test_a_short_reply_with_all_expected_atoms_is_right(item: Conversation, before: str, after: str) -> None:
    assert score(item, f"{before} {answer(item)} {after}").correct


@given(conversations, st.data(), prose)
def test_a_forbidden_atom_is_never_right(item: Conversation, data: st.DataObject, between: str) -> None:
    wrong = data.draw(st.sampled_from(item.forbidden))
    found = score(item, f"{answer(item)} {between} {wrong}")
    assert not found.correct
    assert wrong in found.why


@given(conversations, st.data(), st.text(max_size=60))
def test_a_reply_without_an_expected_atom_is_never_right(item: Conversation, data: st.DataObject, noise: str) -> None:
    missing = data.draw(st.sampled_from(item.expected))
    others = " ".join(atom for atom in item.expected if atom != missing)
    assert not score(item, f"{others} {noise}").correct


@given(conversations, st.data(), marks, st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_case_and_markdown_change_nothing(item: Conversation, data: st.DataObject, mark: str, case: object) -> None:
    assert callable(case)
    atoms = data.draw(st.lists(st.sampled_from([*item.expected, *item.forbidden]), min_size=1, max_size=4))
    plain = " and ".join(atoms)
    dressed = " and ".join(mark.format(case(atom)) for atom in atoms)
    assert score(item, dressed).correct == score(item, plain).correct


@given(conversations, st.sampled_from(["x{}", "{}x", "9{}", "{}9"]))
def test_an_atom_inside_a_longer_word_does_not_count(item: Conversation, around: str) -> None:
    assert not score(item, " ".join(around.format(atom) for atom in item.expected)).correct


@given(st.text(max_size=80))
def test_tokens_hold_neither_capitals_nor_punctuation_nor_spaces(text: str) -> None:
    assert all(token and not set(token) & set(" *_`\"'.,;:!?-\n\t") for token in tokens(text))


@pytest.mark.parametrize("reply", ["", "  \n", "**", "...", "\u200b"])
def test_an_empty_reply_is_wrong(reply: str) -> None:
    assert score(CONVERSATIONS[0], reply).why == "the reply is empty"


def test_a_reply_may_have_forty_words_and_no_more() -> None:
    item = CONVERSATIONS[0]
    atom = item.expected[0]
    filling = MAX_WORDS - len(atom.split())
    assert score(item, atom + " so" * filling).correct
    assert not score(item, atom + " so" * (filling + 1)).correct


def test_compatibility_forms_and_invisible_characters_are_the_same_word() -> None:
    assert holds("it is \uff2b\uff24\u20114821", "KD-4821")
    assert holds("Vel\u00admo\u200brat", "velmorat")
    assert not holds("KD-48210", "KD-4821")
    assert not holds("anything", "")


@given(conversations)
def test_reciting_the_conversation_with_or_without_its_question_is_wrong(item: Conversation) -> None:
    for recited in (item.turns, (*item.turns, item.question), (item.question, *item.expected)):
        assert not score(item, "\n".join(recited)).correct


def test_where_nothing_is_expected_nothing_is_right() -> None:
    assert not score(Conversation("a", "recall", (), "Well?", (), ()), "Yes.").correct
