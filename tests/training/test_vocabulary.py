"""The tokenizer of the recall model: whatever is said comes back from it, and a conversation is ChatML."""

from __future__ import annotations

import json
import random
from pathlib import Path

import jinja2
from hypothesis import given
from hypothesis import strategies as st

from training.dialogues import mixed
from training.vocabulary import END_ID, PAD_ID, START_ID, encoded, load, prompt

FOLDER = Path(__file__).resolve().parents[2] / "fixtures/models/recall"
TOKENIZER = load(FOLDER)
CONFIG = json.loads((FOLDER / "tokenizer_config.json").read_text(encoding="utf-8"))


@given(st.text())
def test_any_text_comes_back_from_its_tokens(text: str) -> None:
    ids = TOKENIZER.encode(text, add_special_tokens=False).ids
    if not any(mark in text for mark in ("<|im_start|>", "<|im_end|>", "<|endoftext|>")):
        assert TOKENIZER.decode(ids, skip_special_tokens=False) == text


def test_marks_are_tokens_of_their_own_and_digits_stand_alone() -> None:
    marks = [TOKENIZER.token_to_id(mark) for mark in ("<|endoftext|>", "<|im_start|>", "<|im_end|>")]
    assert marks == [PAD_ID, START_ID, END_ID] == [0, 1, 2]
    assert TOKENIZER.encode("QX-4471").tokens[-4:] == ["4", "4", "7", "1"]


@given(st.lists(st.tuples(st.sampled_from(("system", "user", "assistant")), st.text(max_size=20)), max_size=5))
def test_the_chat_template_and_the_training_write_the_same_chatml(messages: list[tuple[str, str]]) -> None:
    environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, autoescape=False)  # noqa: S701  plain text
    rendered = environment.from_string(CONFIG["chat_template"]).render(
        messages=[{"role": role, "content": text} for role, text in messages], add_generation_prompt=True
    )
    assert rendered == prompt(messages)


@given(st.integers(0, 2**32), st.integers(1, 8))
def test_a_dialogue_in_tokens_is_its_chatml_with_the_replies_marked(seed: int, length: int) -> None:
    dialogue = mixed(random.Random(seed), "train", length)
    ((ids, replies),) = encoded(TOKENIZER, [dialogue])
    messages = [("system", dialogue.system)] if dialogue.system else []
    for exchange in dialogue.exchanges[:-1]:
        messages += [("user", exchange.user), ("assistant", exchange.reply)]
    last = dialogue.exchanges[-1]
    whole = prompt([*messages, ("user", last.user)]) + f"{last.reply}<|im_end|>"
    assert TOKENIZER.decode(ids, skip_special_tokens=False) == whole
    for number, exchange in enumerate(dialogue.exchanges, 1):
        reply = [token for token, mark in zip(ids, replies, strict=True) if mark == number]
        assert TOKENIZER.decode(reply, skip_special_tokens=False) == f"{exchange.reply}<|im_end|>"
