"""Whether greedy decoding would give every token of a reply, from one forward pass over the dialogue.

Greedy decoding gives a reply exactly if each of its tokens is the most likely one after the tokens before it. This is
fast enough to monitor the training, and saves most of the decoding in an evaluation.
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
    """By kind of the last question: the number of exact replies, and the total."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for dialogue, right in zip(dialogues, exact(model, tokenizer, dialogues), strict=True):
        counts[dialogue.exchanges[-1].kind][0] += right[-1]
        counts[dialogue.exchanges[-1].kind][1] += 1
    return {kind: (right, total) for kind, (right, total) in sorted(counts.items())}
