"""Answers in OpenAI's format, complete and in chunks, for chats and for texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from signoff.reference_services.chat.engine import logprobs
from signoff.reference_services.chat.engine.engine import Step

DONE = b"data: [DONE]\n\n"
# Line ends for some readers of event streams, though not for the specification; JSON may escape any character.
_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LINE_ENDS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of one kind of completion."""

    prefix: str
    whole: str
    chunk: str
    is_chat: bool

    def head(self, identity: str, created: int, model: str, is_chunk: bool) -> dict[str, Any]:
        """The fields that all parts of an answer share."""
        return {
            "id": f"{self.prefix}-{identity}",
            "object": self.chunk if is_chunk else self.whole,
            "created": created,
            "model": model,
        }

    def choice(self, index: int, steps: Sequence[Step], finish_reason: str | None) -> dict[str, Any]:
        """One choice of a whole answer."""
        text = "".join(step.text for step in steps)
        content: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, "refusal": None}} if self.is_chat else {"text": text}
        )
        probabilities = logprobs.of_chat(steps) if self.is_chat else logprobs.of_text(steps)
        return {"index": index, **content, "logprobs": probabilities, "finish_reason": finish_reason}

    def head_part(self, index: int) -> dict[str, Any]:
        """The choice of a chat's first chunk: the role, once."""
        return {
            "index": index,
            "delta": {"role": "assistant", "content": ""},
            "logprobs": None,
            "finish_reason": None,
        }

    def part(self, index: int, step: Step, offset: int) -> dict[str, Any]:
        """The choice of a chunk; `offset` is how many characters came before it."""
        if self.is_chat:
            content: dict[str, Any] = {"delta": {"content": step.text}, "logprobs": logprobs.of_chat([step])}
        else:
            content = {"text": step.text, "logprobs": logprobs.of_text([step], offset)}
        return {"index": index, **content, "finish_reason": None}

    def tail_part(self, index: int, finish_reason: str | None) -> dict[str, Any]:
        """The choice of the chunk that ends an answer."""
        content: dict[str, Any] = {"delta": {}} if self.is_chat else {"text": ""}
        return {"index": index, **content, "logprobs": None, "finish_reason": finish_reason}


CHAT = Shape("chatcmpl", "chat.completion", "chat.completion.chunk", is_chat=True)
TEXT = Shape("cmpl", "text_completion", "text_completion", is_chat=False)


def event(data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + body(data) + b"\n\n"


def body(data: dict[str, Any]) -> bytes:
    """JSON as UTF-8, in one line."""
    return _ENCODE(data).translate(_LINE_ENDS).encode("utf-8")
