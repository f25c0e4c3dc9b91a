"""A small deterministic tokenizer: words with their leading space, digits by three, single marks, white space.

The pieces of a text, put together, are the text again. No piece splits a character. Words longer than eight
letters are split, so that token counts grow with length as those of a trained vocabulary do.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from reference_services.chat.prompt import Message, Prompt

NAME = "signoff-words-1"
IM_START, IM_END = 1, 2
"""Token ids of ChatML's marks; text never yields them, so that a message cannot forge a turn."""
FIRST_TEXT_ID = 16

MESSAGE_OVERHEAD = 5
"""`<|im_start|>`, the role, a line break; `<|im_end|>`, a line break."""
REPLY_OVERHEAD = 3
"""`<|im_start|>`, `assistant`, a line break: where the reply begins."""

_PIECE = re.compile(r" ?[^\W\d_]{1,8}| ?\d{1,3}| ?[^\s\w]| ?_|\s+(?!\S)|\s+|\w")


def pieces(text: str) -> list[str]:
    """The text, cut into tokens."""
    return _PIECE.findall(text)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(_PIECE.findall(text))


def encode(text: str) -> list[int]:
    """The ids of a text's tokens: a 31-bit checksum of each piece, the same everywhere and always."""
    return [_identity(piece) for piece in _PIECE.findall(text)]


def count_messages(messages: Sequence[Message]) -> int:
    """How many tokens a conversation has as a prompt, the head of the reply included."""
    return sum(MESSAGE_OVERHEAD + count(message.content) for message in messages) + REPLY_OVERHEAD


def count_prompt(prompt: Prompt) -> int:
    """How many tokens a prompt has, raw text or conversation."""
    return count(prompt.text) if prompt.text is not None else count_messages(prompt.messages)


def encode_prompt(prompt: Prompt) -> list[int]:
    """The ids of a prompt's tokens; as many as `count_prompt` says."""
    if prompt.text is not None:
        return encode(prompt.text)
    line = _identity("\n")
    ids: list[int] = []
    for message in prompt.messages:
        ids += [IM_START, _identity(message.role), line, *encode(message.content), IM_END, line]
    return [*ids, IM_START, _identity("assistant"), line]


def _identity(piece: str) -> int:
    return max(FIRST_TEXT_ID, zlib.crc32(piece.encode("utf-8")) & 0x7FFFFFFF)
