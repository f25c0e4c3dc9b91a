"""The tokenizer: byte-level pieces learned from the dialogues, digits one by one, and ChatML."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from training.author import Dialogue
from training.dialogues import mixed

SIZE = 1024
PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
PAD_ID, START_ID, END_ID = 0, 1, 2
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_DIALOGUES = 6000


def learn(seed: int) -> tokenizers.Tokenizer:
    """Train the tokenizer. It pre-tokenizes as llama.cpp's `smollm` does, so that the GGUF file has the same tokens."""
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(seed), trainer)
    return tokenizer


def load(folder: Path) -> tokenizers.Tokenizer:
    """The tokenizer of a model's folder."""
    return tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))


def prompt(messages: Sequence[tuple[str, str]]) -> str:
    """ChatML of (role, text), with the header of the reply."""
    said = "".join(f"{START}{role}\n{text}{END}\n" for role, text in messages)
    return f"{said}{START}assistant\n"


def encoded(tokenizer: tokenizers.Tokenizer, dialogues: Sequence[Dialogue]) -> list[tuple[list[int], list[int]]]:
    """The token ids of each dialogue, and beside each id the number of the reply that it belongs to (from 1), or 0."""
    pieces: list[str] = []
    for dialogue in dialogues:
        head = f"{START}system\n{dialogue.system}{END}\n" if dialogue.system else ""
        for exchange in dialogue.exchanges:
            pieces += [f"{head}{START}user\n{exchange.user}{END}\n{START}assistant\n", exchange.reply + END]
            head = "\n"
    ids = iter(encoding.ids for encoding in tokenizer.encode_batch(pieces, add_special_tokens=False))
    found = []
    for dialogue in dialogues:
        tokens: list[int] = []
        replies: list[int] = []
        for number in range(1, len(dialogue.exchanges) + 1):
            for mark in (0, number):
                part = next(ids)
                tokens += part
                replies += [mark] * len(part)
        found.append((tokens, replies))
    return found


def _texts(seed: int) -> Iterator[str]:
    chance = random.Random(f"vocabulary {seed}")  # noqa: S311  repeatable, guards no secret
    for _ in range(_DIALOGUES):
        dialogue = mixed(chance, "train", chance.randint(1, 6))
        yield from (f"system\n{dialogue.system}", "user\n", "assistant\n")
        for exchange in dialogue.exchanges:
            yield exchange.user
            # What is noted time and again would fill the vocabulary with itself.
            if exchange.kind not in ("told", "told_again", "talk"):
                yield exchange.reply
