"""The wordings of conversations, read from `fixtures/conversations`."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from signoff.coherence.scoring import tokens
from signoff.coherence.words import Shape

FOLDER = Path(__file__).resolve().parent.parent / "fixtures" / "conversations"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that a fact is about: `the shelf mark of the sea atlas`, and the shape of its value."""

    text: str
    shape: Shape

    def put(self, template: str, value: str = "") -> str:
        """The sentence that a template makes of this thing."""
        return template.format(thing=self.text, Thing=self.text[0].upper() + self.text[1:], value=value)


@dataclass(frozen=True, slots=True)
class Family:
    """Things that are easy to take for one another."""

    thing: str
    shape: Shape
    items: tuple[str, ...]

    def things(self, chance: random.Random, count: int) -> list[Thing]:
        """So many different things of this family."""
        return [Thing(self.thing.format(item=item), self.shape) for item in chance.sample(self.items, count)]


@dataclass(frozen=True, slots=True)
class Phrasing:
    """Every wording there is. `vocabulary` is every word in it, none of which may be a nonce."""

    families: tuple[Family, ...]
    tell: tuple[str, ...]
    replace: tuple[str, ...]
    ask: tuple[str, ...]
    ask_current: tuple[str, ...]
    ask_both: tuple[str, ...]
    closings: tuple[str, ...]
    requests: tuple[str, ...]
    ask_previous: tuple[str, ...]
    fillers: tuple[str, ...]
    remarks: tuple[str, ...]
    vocabulary: frozenset[str]


@cache
def load() -> Phrasing:
    """Read the wordings that are shipped."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.toml"))]
    table = {key: value for text in texts for key, value in tomllib.loads(text).items()}
    families = tuple(Family(family["thing"], family["shape"], tuple(family["items"])) for family in table.pop("family"))
    return Phrasing(
        families=families,
        vocabulary=frozenset(token for text in texts for token in tokens(text)),
        **{name: tuple(wordings) for name, wordings in table.items()},
    )


def fillers(chance: random.Random, count: int) -> list[str]:
    """So many turns of small talk; one comes back only after all have been used."""
    pool: Sequence[str] = load().fillers
    shuffled = chance.sample(pool, len(pool))
    return [shuffled[turn % len(shuffled)] for turn in range(count)]
