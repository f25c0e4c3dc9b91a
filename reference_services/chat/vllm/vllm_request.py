"""The request to vLLM for one generation, in its completions API."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from signoff.reference_services.chat.engine.engine import Ask

SMALLEST_SHARE = 1e-6
"""vLLM wants a top_p above 0; so small a share keeps the likeliest token alone, as 0 does."""


def body_of(ask: Ask, model: str, tokens: Sequence[int]) -> dict[str, Any]:
    """The body that asks vLLM for a stream of this prompt's tokens."""
    shape = dict(ask.sampling)
    if "top_k" in shape:
        shape["top_k"] = int(shape["top_k"])
    if shape.get("top_p") == 0:
        shape["top_p"] = SMALLEST_SHARE
    body: dict[str, Any] = {
        "model": model,
        "prompt": tokens,
        "max_tokens": ask.max_tokens,
        "temperature": ask.temperature,
        "stream": True,
        "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        **shape,
    }
    if ask.min_tokens:
        body["min_tokens"] = ask.min_tokens
    if ask.ignore_eos:
        body["ignore_eos"] = True
    if ask.stop:
        body["stop"] = ask.stop
    if ask.seed is not None:
        # Several answers to one request are as many draws.
        body["seed"] = ask.seed + ask.choice
    if ask.top_logprobs is not None:
        body["logprobs"] = ask.top_logprobs
    if ask.json_schema is not None:
        schema = {"name": "answer", "schema": json.loads(ask.json_schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body
