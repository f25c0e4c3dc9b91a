"""Content words of a text, without stop words and endings."""

from __future__ import annotations

import functools
import re

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SENTENCE_END = re.compile(r"(?<=[.!?…。？！])[\"'”’)]*\s+|\n+")

_SMALL = frozenset(
    """
        a about all also am an and any are as at be been being both but by can could did do does doing done each
        else ever every few for from get gets go got had has have having he hello her here hers hey hi him his how i
        if in into is it its just know let like lot many may me might mine more most much must my myself no nor not
        of off ok okay on once one only onto or other our ours out over own per please quite rather really said same
        say says shall she should so some still such than thank thanks that the their theirs them then there these
        they this those to too under until up upon us very was we well were what when where whether which while who
        whom whose why will with would yes yet you your yours yourself tell told ask asked asking saying telling
        mention mentioned remember recall recalled remind don didn doesn isn wasn aren won couldn wouldn ll ve re
        """.split()
)

_SAME = {"cal": "nam", "call": "nam", "colour": "color", "favourit": "favorit", "centr": "center"}
"""Stems that mean the same: what is called so has that name."""
LONGEST_KEPT = 32
"""Letters of a word whose stem is kept: a caller's words may be as long as the context."""


def words(text: str) -> list[str]:
    """All words of a text, in lower case, in order; possessives without their ending."""
    found = []
    for word in _WORD.findall(text.casefold()):
        head, mark, tail = word.replace("’", "'").partition("'")
        found.append(head if mark and tail in {"s", "re", "ve", "ll", "d", "m", "t"} else head + tail)
    return found


def content_words(text: str) -> frozenset[str]:
    """The words of a text that say what it is about, each reduced to a stem."""
    return frozenset(stem(word) for word in words(text) if word not in _SMALL)


def stem(word: str) -> str:
    """A word without its plural or verbal ending; crude on purpose, the same for question and statement."""
    return _stem(word) if len(word) <= LONGEST_KEPT else _stem.__wrapped__(word)


@functools.lru_cache(maxsize=1 << 14)
def _stem(word: str) -> str:
    for ending in ("ing", "ies", "ed", "es", "s", "y", "e"):
        if len(word) - len(ending) >= 3 and word.endswith(ending) and not word.endswith("ss"):
            word = word[: -len(ending)]
            # planned, plan: one letter of a doubled pair
            if ending in {"ing", "ed"} and word[-1:] == word[-2:-1]:
                word = word[:-1]
            break
    return _SAME.get(word, word)


def sentences(text: str) -> list[str]:
    """The sentences of a text, ends of line being ends of sentences."""
    return [part.strip() for part in _SENTENCE_END.split(text) if part and part.strip()]
