"""How often the model is right, on dialogues with values and wordings that training never sees.

`python -m reference_services.recall_model.evaluation --model FOLDER` holds the dialogues, the model's own replies in
between, asks each question without its history, too, and writes `evaluation.json` and the model card.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import tokenizers
import torch

from reference_services.recall_model import card
from reference_services.recall_model.author import NOT_TOLD, Dialogue
from reference_services.recall_model.dialogues import ASKED, MOST_BETWEEN, planted
from reference_services.recall_model.export import restore
from reference_services.recall_model.generation import Talk
from reference_services.recall_model.model import Llama
from reference_services.recall_model.vocabulary import load

DIALOGUES = 1350


@dataclass(slots=True)
class Count:
    """So many right of so many."""

    right: int = 0
    of: int = 0

    def add(self, right: bool) -> None:
        self.right += right
        self.of += 1


@dataclass(slots=True)
class Evaluation:
    """`kinds` and `between` (exchanges between fact and question; facts alone) are with the history. `leaked` counts
    the questions answered rightly without it, `denied` those to which the reply said that nothing had been told."""

    seed: int
    dialogues: int
    kinds: dict[str, Count] = field(default_factory=dict)
    between: dict[str, Count] = field(default_factory=dict)
    facts: Count = field(default_factory=Count)
    leaked: Count = field(default_factory=Count)
    denied: Count = field(default_factory=Count)


def evaluate(model: Llama, tokenizer: tokenizers.Tokenizer, seed: int, dialogues: int) -> Evaluation:
    """Hold so many dialogues: every kind of question after 0 to 8 exchanges about other things, evenly."""
    chance = chances(seed)
    found = Evaluation(seed, dialogues, {kind: Count() for kind in ASKED})
    begin = shown = time.monotonic()
    for place in range(dialogues):
        kind, between = ASKED[place % len(ASKED)], place // len(ASKED) % (MOST_BETWEEN + 1)
        dialogue = planted(chance, "held_out", kind, between)
        talk = Talk(model, tokenizer, dialogue.system)
        replies = [talk.say(exchange.user) for exchange in dialogue.exchanges]
        right = is_right(dialogue, replies[-1])
        found.kinds[kind].add(right)
        if kind in ("recall", "latest", "both"):
            alone = Talk(model, tokenizer, dialogue.system).say(dialogue.exchanges[-1].user)
            found.facts.add(right)
            found.between.setdefault(str(between), Count()).add(right)
            found.leaked.add(is_right(dialogue, alone))
            found.denied.add(NOT_TOLD.rstrip(".") in alone)
        if time.monotonic() - shown > 20:
            shown = time.monotonic()
            left = (shown - begin) / (place + 1) * (dialogues - place - 1)
            sys.stdout.write(f"{place + 1} of {dialogues} dialogues, {left / 60:.0f} min left\n")
            sys.stdout.flush()
    return found


def is_right(dialogue: Dialogue, reply: str) -> bool:
    """Whether the reply holds every value that it has to, whole; where nothing was told, whether it says so."""
    asked = dialogue.exchanges[-1]
    if asked.kind == "not_told":
        return NOT_TOLD.rstrip(".") in reply
    return all(re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reply) for value in asked.values)


def chances(seed: int) -> random.Random:
    """The evaluation's own randomness, apart from that of the training."""
    return random.Random(f"evaluation {seed}")  # noqa: S311  repeatable, guards no secret


def watched_dialogues() -> list[Dialogue]:
    """A few held-out dialogues of each kind, to look at while the training goes on."""
    chance = chances(0)
    return [
        planted(chance, "held_out", kind, between) for kind in ASKED for between in range(0, 9, 2) for _ in range(6)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m reference_services.recall_model.evaluation", description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model's folder")
    parser.add_argument("--dialogues", type=int, default=DIALOGUES)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found = asdict(evaluate(restore(given.model), load(given.model), given.seed, given.dialogues))
    (given.model / card.FIGURES).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    card.write(given.model)
    sys.stdout.write("\n".join(card.figures(found)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
