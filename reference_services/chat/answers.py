"""Answers as OpenAI's API shapes them, whole and in chunks, for chats and for texts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

DONE = b"data: [DONE]\n\n"
# Line ends for some readers of event streams, though not for the specification; JSON may escape any character.
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

    def choice(self, text: str, finish_reason: str | None) -> dict[str, Any]:
        """The choice of a whole answer."""
        content: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, "refusal": None}} if self.is_chat else {"text": text}
        )
        return {"index": 0, **content, "logprobs": None, "finish_reason": finish_reason}

    def part(self, text: str | None, finish_reason: str | None = None, is_first: bool = False) -> dict[str, Any]:
        """The choice of a chunk; the role comes first and once."""
        if not self.is_chat:
            return {"index": 0, "text": text or "", "logprobs": None, "finish_reason": finish_reason}
        delta = {"role": "assistant", "content": ""} if is_first else {} if text is None else {"content": text}
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


CHAT = Shape("chatcmpl", "chat.completion", "chat.completion.chunk", is_chat=True)
TEXT = Shape("cmpl", "text_completion", "text_completion", is_chat=False)


def event(data: dict[str, Any]) -> bytes:
    """One server-sent event."""
    return b"data: " + body(data) + b"\n\n"


def body(data: dict[str, Any]) -> bytes:
    """JSON as UTF-8, in one line."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_LINE_ENDS).encode("utf-8")
