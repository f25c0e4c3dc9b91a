"""An endless generator of batches: dialogues of similar length together, shorter ones earlier in the training."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import tokenizers
import torch
from torch import Tensor

from training.author import Dialogue
from training.dialogues import ASKED, MOST_BETWEEN, drilled, mixed, planted
from training.vocabulary import PAD_ID, encoded

TOKENS = (2048, 4096)
"""Tokens per worker and batch, padding included: at the start and at the end of the training."""
LONGEST = 1024
"""Longer dialogues are left out."""
_POOL = 192
"""Dialogues generated at a time, to be grouped by length."""


def batches(
    tokenizer: tokenizers.Tokenizer, chance: random.Random, mastery: Callable[[], float]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Ids (batch, length) and the targets of the same shape: the next id where it belongs to a reply, else -100."""
    while True:
        learned = mastery()
        most = TOKENS[0] + learned * (TOKENS[1] - TOKENS[0])
        pool = [course(chance, learned) for _ in range(_POOL)]
        rows = sorted((row for row in encoded(tokenizer, pool) if len(row[0]) <= LONGEST), key=lambda row: len(row[0]))
        groups: list[list[tuple[list[int], list[int]]]] = [[]]
        for row in rows:
            if groups[-1] and (len(groups[-1]) + 1) * len(row[0]) > most:
                groups.append([])
            groups[-1].append(row)
        chance.shuffle(groups)
        yield from map(_tensors, groups)


def course(chance: random.Random, mastery: float) -> Dialogue:
    """A dialogue for this progress (0 to 1): drills first, then increasingly long ones."""
    if chance.random() < 0.95 - 0.85 * min(1.0, 2 * mastery):
        return drilled(chance, "train")
    most = round(3 + 12 * mastery)
    if chance.random() < 0.8:
        return mixed(chance, "train", chance.randint(2, most))
    kind = chance.choices(ASKED, (2, 3, 3, 3, 2))[0]
    return planted(chance, "train", kind, chance.randint(0, min(MOST_BETWEEN, most - 3)))


def _tensors(rows: list[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor]:
    length = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), length), PAD_ID)
    targets = torch.full((len(rows), length), -100)
    for place, (row, replies) in enumerate(rows):
        ids[place, : len(row)] = torch.tensor(row)
        wanted = [token if reply else -100 for token, reply in zip(row[1:], replies[1:], strict=True)]
        targets[place, : len(row) - 1] = torch.tensor(wanted)
    return ids, targets
