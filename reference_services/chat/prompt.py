"""What an engine is given: a conversation or a raw text, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """Either messages or `text`, the raw prompt of `/v1/completions`."""

    messages: tuple[Message, ...] = ()
    text: str | None = None


def chatml(messages: Sequence[Message]) -> str:
    """The conversation as ChatML, with the head of the reply."""
    body = "".join(f"<|im_start|>{message.role}\n{message.content}<|im_end|>\n" for message in messages)
    return body + "<|im_start|>assistant\n"
