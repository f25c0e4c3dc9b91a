"""Log probabilities in OpenAI's format: one for chats, another for texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from signoff.reference_services.chat.engine.engine import Step


def of_chat(steps: Sequence[Step]) -> dict[str, Any] | None:
    """`choices[].logprobs` of a chat; None if none were asked for."""
    if not any(step.logprob is not None for step in steps):
        return None
    entries = [
        {**_token(step.text, step.logprob), "top_logprobs": [_token(text, value) for text, value in step.top]}
        for step in steps
        if step.text
    ]
    return {"content": entries, "refusal": None}


def of_text(steps: Sequence[Step], offset: int = 0) -> dict[str, Any] | None:
    """`choices[].logprobs` of a text completion; `offset` is where the first step begins in the whole text."""
    if not any(step.logprob is not None for step in steps):
        return None
    shown = [step for step in steps if step.text]
    offsets = []
    for step in shown:
        offsets.append(offset)
        offset += len(step.text)
    return {
        "tokens": [step.text for step in shown],
        "token_logprobs": [step.logprob for step in shown],
        "top_logprobs": [dict(step.top) for step in shown],
        "text_offset": offsets,
    }


def _token(text: str, value: float | None) -> dict[str, Any]:
    return {"token": text, "logprob": value, "bytes": list(text.encode("utf-8"))}
