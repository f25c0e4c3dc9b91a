"""The input of an engine: a conversation or a raw text."""

from __future__ import annotations

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
