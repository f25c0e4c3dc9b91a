"""The model's accuracy on values that training never sees, in trained and in held-out wordings.

`python -m training.evaluation --model FOLDER` holds the dialogues, the model's own
replies in between, asks each question without its history, too, and writes `evaluation.json` and the model card.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import tokenizers
import torch

from training import card
from training.author import NO_MESSAGE, NOT_TOLD, Dialogue, Exchange, answer
from training.dialogues import ASKED, MOST_BETWEEN, planted
from training.exactness import exact
from training.export import restore
from training.generation import Talk
from training.model import Llama
from training.vocabulary import load
from training.wordings import SPLITS, Split

DIALOGUES = 1350
_AT_ONCE = 64


@dataclass(slots=True)
class Count:
    """Correct answers out of all."""

    right: int = 0
    of: int = 0

    def add(self, right: bool) -> None:
        self.right += right
        self.of += 1


@dataclass(slots=True)
class Evaluation:
    """`wordings` are those of the training or held out, and so are the nouns; values are held out in both.

    `kinds` and `between` (exchanges between fact and question; facts only) are measured with the history. `leaked`
    counts correct answers without the history, `denied` replies that say that the fact is unknown.
    """

    seed: int
    dialogues: int
    wordings: Split
    kinds: dict[str, Count] = field(default_factory=dict)
    between: dict[str, Count] = field(default_factory=dict)
    facts: Count = field(default_factory=Count)
    leaked: Count = field(default_factory=Count)
    denied: Count = field(default_factory=Count)


def evaluate(model: Llama, tokenizer: tokenizers.Tokenizer, seed: int, dialogues: int, wordings: Split) -> Evaluation:
    """Run this many dialogues: each kind of question equally often, after 0 to 8 unrelated exchanges."""
    chance = chances(seed)
    found = Evaluation(seed, dialogues, wordings, {kind: Count() for kind in ASKED})
    betweens = [place // len(ASKED) % (MOST_BETWEEN + 1) for place in range(dialogues)]
    held = [
        planted(chance, wordings, ASKED[place % len(ASKED)], between, "held_out")
        for place, between in enumerate(betweens)
    ]
    alone = [without_history(dialogue) for dialogue in held]
    replies = last_words(model, tokenizer, held, "dialogues")
    lone_replies = last_words(model, tokenizer, alone, "questions without their history")
    for dialogue, between, reply, lone in zip(held, betweens, replies, lone_replies, strict=True):
        right = is_right(dialogue, reply)
        kind = dialogue.exchanges[-1].kind
        found.kinds[kind].add(right)
        if kind in ("recall", "latest", "both"):
            found.facts.add(right)
            found.between.setdefault(str(between), Count()).add(right)
            found.leaked.add(is_right(dialogue, lone))
            found.denied.add(NOT_TOLD in lone)
    return found


def last_words(
    model: Llama, tokenizer: tokenizers.Tokenizer, dialogues: Sequence[Dialogue], what: str
) -> Iterator[str]:
    """The model's last reply in each dialogue, its own replies in between.

    A dialogue whose replies one forward pass already confirms is not decoded.
    """
    begin = shown = time.monotonic()
    for place in range(0, len(dialogues), _AT_ONCE):
        some = dialogues[place : place + _AT_ONCE]
        for dialogue, right in zip(some, exact(model, tokenizer, some), strict=True):
            if all(right):
                yield dialogue.exchanges[-1].reply
                continue
            talk = Talk(model, tokenizer, dialogue.system)
            yield [talk.say(exchange.user) for exchange in dialogue.exchanges][-1]
        done = min(place + _AT_ONCE, len(dialogues))
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            left = (shown - begin) / done * (len(dialogues) - done)
            sys.stdout.write(f"{done} of {len(dialogues)} {what}, {left / 60:.0f} min left\n")
            sys.stdout.flush()


def without_history(dialogue: Dialogue) -> Dialogue:
    """The last question without the history, which makes it unanswerable."""
    asked = dialogue.exchanges[-1]
    reply = "\n".join(answer(thing, None) for thing in asked.things) or NO_MESSAGE
    return Dialogue(dialogue.system, (Exchange(asked.kind, asked.user, reply),))


def is_right(dialogue: Dialogue, reply: str) -> bool:
    """Whether the reply contains every expected value in full, and no other or outdated value; for an unknown fact,
    whether the reply says that it is unknown."""
    asked = dialogue.exchanges[-1]
    if asked.kind == "not_told":
        return NOT_TOLD in reply
    return all(_holds(reply, value) for value in asked.values) and not any(_holds(reply, each) for each in asked.others)


def _holds(reply: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reply) is not None


def chances(seed: int) -> random.Random:
    """The random generator of the evaluation, separate from that of the training."""
    return random.Random(f"evaluation {seed}")  # noqa: S311  repeatable, guards no secret


def watched_dialogues() -> list[Dialogue]:
    """A few held-out dialogues of each kind, to monitor the training."""
    chance = chances(0)
    return [
        planted(chance, "held_out", kind, between) for kind in ASKED for between in range(0, 9, 2) for _ in range(6)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m training.evaluation", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model's folder")
    parser.add_argument("--dialogues", type=int, default=DIALOGUES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    model, tokenizer = restore(given.model), load(given.model)
    found = {str(split): asdict(evaluate(model, tokenizer, given.seed, given.dialogues, split)) for split in SPLITS}
    (given.model / card.FIGURES).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    card.write(given.model)
    sys.stdout.write("\n".join(card.figures(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
