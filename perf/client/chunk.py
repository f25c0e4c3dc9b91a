"""Fields of an OpenAI API object: choices of a reply or a stream's chunk, text, usage."""

from __future__ import annotations

from typing import Any, Final

from signoff.perf.client.bounds import MOST_TOKENS

_PLAIN: Final = {"role", "content"}


def choices_of(reply: object) -> list[dict[str, Any]]:
    """The choices, without those that are not objects."""
    choices = reply.get("choices") if isinstance(reply, dict) else None
    return [each for each in choices if isinstance(each, dict)] if isinstance(choices, list) else []


def is_error(chunk: object) -> bool:
    """Whether a chunk reports an error instead of content."""
    return isinstance(chunk, dict) and (bool(chunk.get("error")) or chunk.get("object") == "error")


def content_of(choice: dict[str, Any]) -> str:
    """Text of a chat or plain completion, complete or delta; reasoning and tool calls are content too."""
    part = choice.get("delta", choice.get("message"))
    if isinstance(part, dict) and part.keys() <= _PLAIN:
        plain = part.get("content")
        return plain if isinstance(plain, str) else ""
    if not isinstance(part, dict):
        text = choice.get("text")
        return text if isinstance(text, str) else ""
    found = [part.get("reasoning_content"), part.get("reasoning"), part.get("content")]
    calls = part.get("tool_calls")
    for call in calls if isinstance(calls, list) else []:
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            found += [function.get("name"), function.get("arguments")]
    return "".join(each for each in found if isinstance(each, str))


def usage_of(reply: object) -> tuple[int | None, int | None]:
    """The server's counts of (prompt, completion) tokens, None for missing or invalid ones."""
    usage = reply.get("usage") if isinstance(reply, dict) else None
    if not isinstance(usage, dict):
        return None, None
    return _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))


def _count(value: object) -> int | None:
    return value if type(value) is int and 0 <= value <= MOST_TOKENS else None
