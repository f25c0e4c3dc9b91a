"""Whether greedy decoding gives every token of a reply: one pass over a dialogue tells, for all of its replies.

That holds because greedy decoding gives a reply exactly when each of its tokens is the most likely one after those
before it. It is quick enough to look at while the training goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import tokenizers
import torch

from reference_services.recall_model.author import Dialogue
from reference_services.recall_model.model import Llama
from reference_services.recall_model.vocabulary import PAD_ID, encoded

_SIDE_BY_SIDE = 16


def last_replies(
    model: Llama, tokenizer: tokenizers.Tokenizer, dialogues: Sequence[Dialogue]
) -> dict[str, tuple[int, int]]:
    """By kind of the last question: how many of its replies are exact, and how many there are.

    The replies before the last one are the right ones, not the model's own.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    rows = sorted(zip(encoded(tokenizer, dialogues), dialogues, strict=True), key=lambda row: len(row[0][0]))
    for begin in range(0, len(rows), _SIDE_BY_SIDE):
        group = rows[begin : begin + _SIDE_BY_SIDE]
        ids = torch.full((len(group), len(group[-1][0][0])), PAD_ID)
        for place, ((tokens, _), _) in enumerate(group):
            ids[place, : len(tokens)] = torch.tensor(tokens)
        with torch.inference_mode():
            best = model.logits(model(ids)).argmax(-1).tolist()
        for place, ((tokens, replies), dialogue) in enumerate(group):
            last = range(replies.index(len(dialogue.exchanges)), len(tokens))
            counts[dialogue.exchanges[-1].kind][0] += all(best[place][at - 1] == tokens[at] for at in last)
            counts[dialogue.exchanges[-1].kind][1] += 1
    return {kind: (right, total) for kind, (right, total) in sorted(counts.items())}
