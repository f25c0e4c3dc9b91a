"""Whether a reply answers: all expected atoms, no forbidden one, short, and not the question again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MAX_WORDS = 40
"""A longer reply does not count: reciting everything is not an answer."""

_SEPARATOR = re.compile(r"[\W_]+")


class Item(Protocol):
    """The scored part: the final question and its atoms."""

    @property
    def question(self) -> str: ...
    @property
    def expected(self) -> tuple[str, ...]: ...
    @property
    def forbidden(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Score:
    """Right or wrong, and why in a few words."""

    correct: bool
    why: str


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text, blind to case, compatibility forms (NFKC), markdown and punctuation."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    visible = "".join(character for character in folded if unicodedata.category(character) != "Cf")
    return tuple(_SEPARATOR.sub(" ", visible).split())


def holds(text: str, atom: str) -> bool:
    """Whether the words of `atom` are in `text` side by side, as whole words; an empty atom never does."""
    return _within(tokens(atom), tokens(text))


def score(conversation: Item, reply: str) -> Score:
    """Score one reply, strictly: a stale or foreign value makes it wrong even beside the right one."""
    words = tokens(reply)
    if not words:
        return Score(False, "the reply is empty")
    length = len(reply.split())
    if length > MAX_WORDS:
        return Score(False, f"the reply has {length} words, at most {MAX_WORDS} count as an answer")
    for atom in conversation.forbidden:
        if _within(tokens(atom), words):
            return Score(False, f"the reply holds {atom}, which is not the answer")
    for atom in conversation.expected:
        if not _within(tokens(atom), words):
            return Score(False, f"the reply does not hold {atom}")
    if _within(tokens(conversation.question), words):
        return Score(False, "the reply repeats the question")
    if not conversation.expected:
        return Score(False, "nothing was expected, so nothing can be right")
    return Score(True, f"the reply holds {' and '.join(conversation.expected)}")


def _within(part: Sequence[str], whole: Sequence[str]) -> bool:
    if not part:
        return False
    return any(whole[start : start + len(part)] == part for start in range(len(whole) - len(part) + 1))
