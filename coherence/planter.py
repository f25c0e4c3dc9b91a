"""Facts that session probes give a server to remember."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from signoff.coherence.phrasing import fillers, load
from signoff.coherence.words import SHAPES, Words


@dataclass(frozen=True, slots=True)
class Plant:
    """A fact or a request with a nonce, the small talk after it, and the question about it."""

    name: str
    turns: tuple[str, ...]
    question: str
    value: str


class Planter:
    """Writes the plants of one probe, the same again from the same seed."""

    def __init__(self, probe: str, seed: int) -> None:
        self._phrasing = load()
        self._words = Words(f"{probe} {seed}", self._phrasing.vocabulary)
        self._chance = random.Random(f"{probe} {seed}")  # noqa: S311  repeatable, guards no secret

    def fact(self, name: str, between: int) -> Plant:
        """A fact, a number of small-talk turns, and a question about the fact."""
        thing = self._chance.choice(self._phrasing.families).things(self._chance, 1)[0]
        value = self._words.draw(thing.shape)
        statement = thing.put(self._chance.choice(self._phrasing.tell), value)
        return Plant(name, (statement, *fillers(self._chance, between)), thing.put("What is {thing}?"), value)

    def request(self, name: str, question: str) -> Plant:
        """A request with a name unseen before, and the caller's question about the request just made."""
        value = self._words.draw("name")
        request = self._chance.choice(self._phrasing.requests).format(value=value)
        return Plant(name, (request,), question, value)

    def same_fact(self, names: Sequence[str]) -> list[Plant]:
        """The same fact with a different nonce for each session, which provokes servers that mix sessions up."""
        thing = self._chance.choice(self._phrasing.families).things(self._chance, 1)[0]
        values = [self._words.draw(SHAPES[index % len(SHAPES)]) for index in range(len(names))]
        return [
            Plant(name, (thing.put("{Thing} is {value}.", value),), thing.put("What is {thing}?"), value)
            for name, value in zip(names, values, strict=True)
        ]
