"""Conversations whose last question requires memory."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from signoff.coherence.phrasing import Phrasing, Thing, fillers, load
from signoff.coherence.words import Words

MAX_TURNS_BETWEEN = 6


@dataclass(frozen=True, slots=True)
class Conversation:
    """User messages, then a closed question.

    A correct answer contains every atom of `expected` and none of `forbidden`. The forbidden ones occur in the
    conversation too (a stale value, a similar thing's value, another name): reciting everything does not count.
    """

    id: str
    category: str
    turns: tuple[str, ...]
    question: str
    expected: tuple[str, ...]
    forbidden: tuple[str, ...]


_Told = tuple[tuple[str, ...], str, tuple[str, ...], tuple[str, ...]]
"""The turns, the question, the expected and the forbidden atoms."""


@dataclass(frozen=True, slots=True)
class _Author:
    """The input for writing a conversation."""

    phrasing: Phrasing
    words: Words
    chance: random.Random

    def things(self, families: int) -> list[Thing]:
        return [family.things(self.chance, 1)[0] for family in self.chance.sample(self.phrasing.families, families)]

    def tell(self, thing: Thing) -> tuple[str, str]:
        """A sentence that states a fact, and its value."""
        value = self.words.draw(thing.shape)
        return thing.put(self.chance.choice(self.phrasing.tell), value), value

    def aside(self, wordings: tuple[str, ...]) -> tuple[str, str]:
        """A sentence about something with a new name, and the name."""
        value = self.words.draw("name")
        return self.chance.choice(wordings).format(value=value), value

    def small_talk(self, least: int, most: int) -> list[str]:
        return fillers(self.chance, self.chance.randint(least, most))

    def closed(self, question: str) -> str:
        return f"{question} {self.chance.choice(self.phrasing.closings)}"


def build(seed: int, count: int) -> tuple[Conversation, ...]:
    """The first `count` conversations of a seed, by rotating categories. A larger count only adds conversations."""
    phrasing = load()
    author = _Author(
        phrasing,
        Words(seed, phrasing.vocabulary),
        random.Random(f"conversations {seed}"),  # noqa: S311  repeatable, guards no secret
    )
    conversations = []
    for index in range(count):
        category = CATEGORIES[index % len(CATEGORIES)]
        parts = _CATEGORIES[category](author, index // len(CATEGORIES))
        conversations.append(Conversation(f"{category}-{index:03d}", category, *parts))
    return tuple(conversations)


def _recall(author: _Author, round_: int) -> _Told:
    """A fact, then 1 to 6 unrelated turns, one of which mentions another name."""
    (thing,) = author.things(1)
    fact, value = author.tell(thing)
    remark, name = author.aside(author.phrasing.remarks)
    between = fillers(author.chance, round_ % MAX_TURNS_BETWEEN)
    between.insert(author.chance.randint(0, len(between)), remark)
    question = author.closed(thing.put(author.chance.choice(author.phrasing.ask)))
    return ((fact, *between), question, (value,), (name,))


def _update(author: _Author, round_: int) -> _Told:
    """A fact that is replaced: the latest value counts, the old one is wrong even beside it."""
    (thing,) = author.things(1)
    fact, old = author.tell(thing)
    new = author.words.draw(thing.shape)
    turns = [fact, *author.small_talk(0, 2)]
    turns += [thing.put(author.chance.choice(author.phrasing.replace), new), *author.small_talk(0, 2)]
    question = author.closed(thing.put(author.chance.choice(author.phrasing.ask_current)))
    return (tuple(turns), question, (new,), (old,))


def _interference(author: _Author, round_: int) -> _Told:
    """Four facts of one family, one of which is asked for."""
    things = author.chance.choice(author.phrasing.families).things(author.chance, 4)
    facts = [author.tell(thing) for thing in things]
    wanted = author.chance.randrange(len(facts))
    question = author.closed(things[wanted].put(author.chance.choice(author.phrasing.ask)))
    return (
        (*(sentence for sentence, _ in facts), *author.small_talk(0, 2)),
        question,
        (facts[wanted][1],),
        tuple(value for place, (_, value) in enumerate(facts) if place != wanted),
    )


def _previous_request(author: _Author, round_: int) -> _Told:
    """Two requests; the next turn asks about the later one."""
    earlier, later = author.chance.sample(author.phrasing.requests, 2)
    old, new = author.words.draw("name"), author.words.draw("name")
    turns = (earlier.format(value=old), *author.small_talk(0, 2), later.format(value=new))
    return (turns, author.chance.choice(author.phrasing.ask_previous), (new,), (old,))


def _join(author: _Author, round_: int) -> _Told:
    """Three facts told apart, two of which belong into one answer."""
    things = author.things(3)
    facts = [author.tell(thing) for thing in things]
    first, second, other = author.chance.sample(range(3), 3)
    turns = [turn for sentence, _ in facts for turn in (sentence, *author.small_talk(0, 1))]
    question = author.chance.choice(author.phrasing.ask_both).format(
        first=things[first].text, second=things[second].text
    )
    return (
        tuple(turns),
        author.closed(question),
        (facts[first][1], facts[second][1]),
        (facts[other][1],),
    )


_CATEGORIES: Mapping[str, Callable[[_Author, int], _Told]] = {
    "recall": _recall,
    "update": _update,
    "interference": _interference,
    "previous_request": _previous_request,
    "join": _join,
}
CATEGORIES: tuple[str, ...] = tuple(_CATEGORIES)
