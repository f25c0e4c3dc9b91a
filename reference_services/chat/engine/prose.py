"""Deterministic prose: readable sentences, drawn by a hash from a small grammar."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

SHORTEST, LONGEST = 24, 72
"""Bounds of a natural length, in tokens."""

_OPENINGS = (
    "In short,", "To begin with,", "Broadly speaking,", "On reflection,", "As far as it goes,", "For the most part,",
    "Looking closer,", "By and large,", "At first sight,", "Seen from here,", "Step by step,", "In practice,",
)  # fmt: skip
_SUBJECTS = (
    "a calm morning", "the long road", "a careful plan", "the open window", "an old map", "the quiet harbour",
    "a patient reader", "the narrow bridge", "a well kept garden", "the first draft", "a distant bell",
    "the evening light", "a small workshop", "the northern wind", "a plain table", "the winding river",
)  # fmt: skip
_VERBS = (
    "rewards", "follows", "outlasts", "resembles", "needs", "changes", "carries", "reveals", "invites", "shapes",
    "welcomes", "measures", "softens", "supports", "mirrors", "completes",
)  # fmt: skip
_OBJECTS = (
    "steady work", "the passing clouds", "a little patience", "every good question", "the turn of the season",
    "a clear beginning", "the sound of rain", "an honest answer", "the weight of detail", "a slow afternoon",
    "the shape of the coast", "a second look", "the work of many hands", "an unhurried walk", "the smell of bread",
    "a well told story",
)  # fmt: skip
_ENDINGS = (
    "and that is usually enough", "even when nobody is watching", "as most people find out", "once the day is done",
    "with very little effort", "though it takes a while", "if one gives it time", "and little else matters then",
)  # fmt: skip


def draws(key: bytes) -> Iterator[int]:
    """Numbers without end, fixed by the key."""
    counter = 0
    while True:
        block = hashlib.blake2b(counter.to_bytes(8, "big"), key=key[:64], digest_size=64).digest()
        for place in range(0, 64, 4):
            yield int.from_bytes(block[place : place + 4], "big")
        counter += 1


def natural_length(key: bytes) -> int:
    """How many tokens a reply has when nothing cuts it, at least."""
    return SHORTEST + int.from_bytes(key[:4], "big") % (LONGEST - SHORTEST + 1)


def prose(key: bytes) -> Iterator[str]:
    """Sentences without end."""
    numbers = draws(key)

    def pick(choices: tuple[str, ...]) -> str:
        return choices[next(numbers) % len(choices)]

    while True:
        subject = pick(_SUBJECTS)
        start = f"{pick(_OPENINGS)} {subject}" if next(numbers) % 3 == 0 else subject[0].upper() + subject[1:]
        end = f", {pick(_ENDINGS)}" if next(numbers) % 2 else ""
        yield f"{start} {pick(_VERBS)} {pick(_OBJECTS)}{end}."
