"""Values of facts: made-up words, names, codes and numbers, some of which training never sees.

One word in `ONE_IN` is held out, by a checksum of its letters. A value of the evaluation has at least one such word,
a value of training has none, so the two never share a value.
"""

from __future__ import annotations

import random
import string
import zlib
from functools import cache

from training.wordings import WORD, Split, load, vocabulary

ONE_IN = 6
LEAST = 4
"""Shorter words are never held out: there are too few of them."""

_ONSETS = tuple(
    3 * "b c d f g h j k l m n p r s t v w z ".split()
    + "br ch cl cr dr fl fr gl gr kl kr pl pr sh sk sl sp st th tr".split()
)
_VOWELS = tuple(4 * "aeiou") + tuple("y ai au ea ee ei ia ie oa oo ou".split())
_CODAS = tuple(24 * ("",) + tuple("bcdgklmnprstxzlmnrs")) + tuple("ck ld ll lt nd ng nk nt rk rn rt ss st th".split())


def is_held_out(value: str) -> bool:
    """Whether the value has a word that training never sees in a value."""
    words = (word.lower() for word in WORD.findall(value))
    return any(
        len(word) >= LEAST and zlib.crc32(word.encode()) % ONE_IN == 0 and word not in vocabulary() for word in words
    )


def made_word(chance: random.Random) -> str:
    """A word of one to three syllables, of parts of two real words, or sometimes of random letters."""
    kind = chance.random()
    if kind < 0.1:
        return "".join(chance.choices(string.ascii_lowercase, k=chance.randint(3, 7)))
    if kind < 0.4:
        first, last = chance.choice(_real()), chance.choice(_real())
        return first[: chance.randint(1, max(1, len(first) - 2))] + last[-chance.randint(2, len(last)) :]
    syllables = chance.choices((1, 2, 3), (1, 6, 4))[0]
    return "".join(chance.choice(_ONSETS) + chance.choice(_VOWELS) + chance.choice(_CODAS) for _ in range(syllables))


@cache
def _real() -> tuple[str, ...]:
    """Words of the trained wordings, whose parts make realistic words."""
    known = load("train")
    texts = " ".join((*known.attribute, *known.item, *known.word, *known.question, *known.request))
    return tuple(sorted({word.lower() for word in WORD.findall(texts) if len(word) >= LEAST and word.isalpha()}))


def training_word(chance: random.Random) -> str:
    """A made-up word that is not held out, for everything except values."""
    while is_held_out(word := made_word(chance)):
        pass
    return word


def draw(chance: random.Random, split: Split) -> str:
    """A value of any shape: `velor`, `Velor`, `Velor 73`, `QX-4471`, `17:45`, `copper`."""
    while is_held_out(value := _candidate(chance, split)) != (split == "held_out"):
        pass
    return value


def _candidate(chance: random.Random, split: Split) -> str:
    shape = chance.random()
    if shape < 0.22:
        return made_word(chance)
    if shape < 0.44:
        return made_word(chance).capitalize()
    if shape < 0.56:
        return f"{made_word(chance).capitalize()} {chance.randint(1, 999)}"
    if shape < 0.64:
        return f"{made_word(chance).capitalize()} {made_word(chance).capitalize()}"
    if shape < 0.86:
        return _code(chance)
    if shape < 0.93:
        return str(chance.randint(1, 10 ** chance.randint(1, 7)))
    if shape < 0.96 and split == "train":
        return f"{chance.randint(0, 23)}:{chance.randint(0, 59):02d}"
    return chance.choice(load(split).word)


def _code(chance: random.Random) -> str:
    """Two or three groups of letters or digits, with or without a separator."""
    between = chance.choice(("-", "-", "-", "", "", "/", ".", "_"))
    capitals = chance.random() < 0.85
    letters = string.ascii_uppercase if capitals else string.ascii_lowercase
    groups = [
        "".join(chance.choices(letters if alphabetic else string.digits, k=chance.randint(1, 3 if alphabetic else 5)))
        for alphabetic in _kinds(chance)
    ]
    return between.join(groups)


def _kinds(chance: random.Random) -> list[bool]:
    first = chance.random() < 0.6
    return [first ^ (place % 2 == 1) for place in range(chance.choice((2, 2, 2, 3)))]
