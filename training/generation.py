"""Greedy decoding of one conversation at a time, with a KV cache, as on a server."""

from __future__ import annotations

import tokenizers
import torch
from torch import Tensor

from training.model import Llama
from training.vocabulary import END_ID, prompt

LONGEST_REPLY = 120
"""Maximum tokens of a reply."""


class Talk:
    """One conversation with the model."""

    def __init__(self, model: Llama, tokenizer: tokenizers.Tokenizer, system: str = "") -> None:
        self._model, self._tokenizer = model, tokenizer
        self._past: list[list[Tensor]] = [[] for _ in range(model.shape.layers)]
        self._next = [("system", system)] if system else []
        self._head = ""

    def say(self, text: str) -> str:
        """The model's reply to a new message of the user."""
        said = self._head + prompt([*self._next, ("user", text)])
        self._next, self._head = [], "\n"
        ids = self._tokenizer.encode(said, add_special_tokens=False).ids
        reply: list[int] = []
        with torch.inference_mode():
            while True:
                states = self._model(torch.tensor([ids]), self._past)
                best = int(self._model.logits(states[0, -1]).argmax())
                if best == END_ID or len(reply) == LONGEST_REPLY:
                    # What comes next has to follow the end of a turn.
                    self._model(torch.tensor([[END_ID]]), self._past)
                    return str(self._tokenizer.decode(reply)).strip()
                reply.append(best)
                ids = [best]
