"""Dialogue structures: mixed ones for training, and planted ones for training and evaluation."""

from __future__ import annotations

import random
from collections.abc import Callable

from training.author import Author, Dialogue, Kind
from training.wordings import Split

MOST_BETWEEN = 8
ASKED: tuple[Kind, ...] = ("recall", "latest", "both", "previous", "not_told")
"""The kinds of question that a planted dialogue can end with."""

_COURSE: tuple[tuple[Callable[[Author], None], float], ...] = (
    (Author.tell, 0.28),
    (Author.tell_again, 0.16),
    (Author.ask, 0.18),
    (Author.ask_untold, 0.10),
    (Author.ask_both, 0.10),
    (Author.ask_previous, 0.10),
    (Author.talk, 0.05),
    (Author.repeat, 0.03),
)


def mixed(chance: random.Random, split: Split, length: int) -> Dialogue:
    """At least this many exchanges of mixed kinds: first a fact, sometimes a long digression, and several questions
    at the end, because a model learns from the questions."""
    author = Author(chance, split, split)
    steps, weights = zip(*_COURSE, strict=True)
    last = chance.randint(1, max(1, length // 3))
    digression = chance.randint(1, min(MOST_BETWEEN, length)) if chance.random() < 0.3 else 0
    for place in range(max(1, length - last - digression)):
        step = Author.tell if place == 0 and chance.random() < 0.8 else chance.choices(steps, weights)[0]
        step(author)
    for _ in range(digression):
        author.talk()
    for _ in range(last):
        chance.choices((Author.ask, Author.ask_untold, Author.ask_both, Author.ask_previous), (5, 3, 3, 3))[0](author)
    return author.dialogue()


def drilled(chance: random.Random, split: Split) -> Dialogue:
    """Words to repeat, and facts with an immediate question: the easiest material."""
    author = Author(chance, split, split)
    if chance.random() < 0.5:
        for _ in range(chance.randint(1, 2)):
            author.repeat()
    else:
        for _ in range(chance.randint(1, 3)):
            author.tell()
        for _ in range(chance.randint(1, 3)):
            chance.choices((Author.ask, Author.ask_untold), (3, 2))[0](author)
    return author.dialogue()


def planted(chance: random.Random, split: Split, kind: Kind, between: int, values_of: Split | None = None) -> Dialogue:
    """One to four facts, changed where the kind requires it, then unrelated exchanges, then one question.

    Wordings and nouns come from the split; so do values, unless `values_of` names another one.
    """
    author = Author(chance, split, values_of or split)
    if kind != "not_told" or chance.random() < 0.8:
        for _ in range(chance.randint(2 if kind == "both" else 1, 4)):
            author.tell()
    if kind == "latest":
        for _ in range(chance.randint(0, 2)):
            author.talk()
        author.tell_again()
    for _ in range(between):
        author.talk()
    if kind == "latest":
        author.stated = {thing: stated for thing, stated in author.stated.items() if thing in author.changed}
    elif kind == "recall":
        # The last fact is asked for, so that there are `between` exchanges and no other in between.
        author.stated = dict(list(author.stated.items())[-1:])
    elif kind == "previous":
        author.talk()
    {
        "recall": Author.ask,
        "latest": Author.ask,
        "both": Author.ask_both,
        "previous": Author.ask_previous,
        "not_told": Author.ask_untold,
    }[kind](author)
    return author.dialogue()
