"""A small deterministic tokenizer: words with their leading space, digits by three, single marks, white space.

The pieces of a text, put together, are the text again. No piece splits a character. Words longer than eight
letters are split, so that token counts grow with length as those of a trained vocabulary do.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.prompt.templates import CHATML, Content, Mark, Template

NAME = "signoff-words-1"
FIRST_TEXT_ID = 16
"""Ids below it are the marks of templates; text never yields them, so that a message cannot forge a turn."""

LONGEST = 8
"""Letters of a token at most; no token but white space has more characters, its leading space aside."""
AT_ONCE = 1 << 16

_PIECE = re.compile(r" ?[^\W\d_]{1,8}| ?\d{1,3}| ?[^\s\w]| ?_|\s+(?!\S)|\s+|\w")


def pieces(text: str) -> list[str]:
    """The text, cut into tokens."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(_PIECE.findall(text))


def at_least(text: str) -> int:
    """A number of tokens that a text has at least, found in a small part of the time of their count."""
    if len(text) < LONGEST:
        return 0
    # Piece by piece: the words of a long text all at once take twenty times its memory.
    seen = sum(len(word) for start in range(0, len(text), AT_ONCE) for word in text[start : start + AT_ONCE].split())
    return -(-seen // LONGEST)


def encode(text: str) -> list[int]:
    """The ids of a text's tokens: a 31-bit checksum of each piece, the same everywhere and always."""
    return [_identity(piece) for piece in _PIECE.findall(text)]


def count_messages(messages: Sequence[Message], template: Template = CHATML) -> int:
    """How many tokens a conversation has as a prompt, the head of the reply included."""
    return sum(count(piece.text) if isinstance(piece, Content) else 1 for piece in template.pieces(messages))


def count_prompt(prompt: Prompt, template: Template = CHATML) -> int:
    """How many tokens a prompt has, raw text or conversation."""
    return count(prompt.text) if prompt.text is not None else count_messages(prompt.messages, template)


def encode_prompt(prompt: Prompt, template: Template = CHATML) -> list[int]:
    """The ids of a prompt's tokens; as many as `count_prompt` says."""
    if prompt.text is not None:
        return encode(prompt.text)
    ids: list[int] = []
    for piece in template.pieces(prompt.messages):
        if isinstance(piece, Content):
            ids += encode(piece.text)
        else:
            ids.append(piece.id if isinstance(piece, Mark) else _identity(piece))
    return ids


def _identity(piece: str) -> int:
    return max(FIRST_TEXT_ID, zlib.crc32(piece.encode("utf-8")) & 0x7FFFFFFF)
