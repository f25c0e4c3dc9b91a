"""Whether greedy decoding gives every token of a reply: one pass over a dialogue tells, for all of its replies.

That holds because greedy decoding gives a reply exactly when each of its tokens is the most likely one after those
before it. It is quick enough to look at while the training goes on, and saves most of the decoding of an evaluation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import tokenizers
import torch

from training.author import Dialogue
from training.model import Llama
from training.vocabulary import PAD_ID, encoded

_SIDE_BY_SIDE = 16


def exact(model: Llama, tokenizer: tokenizers.Tokenizer, dialogues: Sequence[Dialogue]) -> list[list[bool]]:
    """For each dialogue, whether each reply is exact after the right replies before it."""
    rows = encoded(tokenizer, dialogues)
    found = [[True] * len(dialogue.exchanges) for dialogue in dialogues]
    order = sorted(range(len(rows)), key=lambda place: len(rows[place][0]))
    for begin in range(0, len(order), _SIDE_BY_SIDE):
        places = order[begin : begin + _SIDE_BY_SIDE]
        ids = torch.full((len(places), len(rows[places[-1]][0])), PAD_ID)
        for row, place in enumerate(places):
            ids[row, : len(rows[place][0])] = torch.tensor(rows[place][0])
        with torch.inference_mode():
            best = model.logits(model(ids)).argmax(-1).tolist()
        for row, place in enumerate(places):
            tokens, replies = rows[place]
            for at in range(1, len(tokens)):
                if replies[at] and best[row][at - 1] != tokens[at]:
                    found[place][replies[at] - 1] = False
    return found


def last_replies(
    model: Llama, tokenizer: tokenizers.Tokenizer, dialogues: Sequence[Dialogue]
) -> dict[str, tuple[int, int]]:
    """By kind of the last question: how many of its replies are exact, and how many there are."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for dialogue, right in zip(dialogues, exact(model, tokenizer, dialogues), strict=True):
        counts[dialogue.exchanges[-1].kind][0] += right[-1]
        counts[dialogue.exchanges[-1].kind][1] += 1
    return {kind: (right, total) for kind, (right, total) in sorted(counts.items())}
