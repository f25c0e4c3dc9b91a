"""What an OpenAI-compatible server answered: a real completion, or what it was instead.

A status of 200 proves nothing: the reply counts as "ok" only with choices and some text in them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from perf.mould import Mould
from perf.sse import EventReader, plain_data

_BOUND = 300
_PLAIN = {"role", "content"}


@dataclass(frozen=True, slots=True)
class Completion:
    """How a reply was read. `token_ns` holds the stamp of each piece of content of a stream."""

    outcome: str
    error: str = ""
    text: str = ""
    token_ns: tuple[int, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def bounded(text: str) -> str:
    """At most 300 characters of one line, for an error text."""
    line = " ".join(text.split())
    return line if len(line) <= _BOUND else f"{line[:_BOUND]}..."


def read_whole(body: bytes) -> Completion:
    """The completion in the body of a reply that is not a stream."""
    if not body.strip():
        return Completion("empty", "status 200 with an empty body")
    try:
        reply = json.loads(body)
    except ValueError:
        return Completion("malformed", bounded(f"not JSON: {body[:_BOUND].decode('utf-8', 'replace')}"))
    choices = _choices(reply)
    if not choices:
        return Completion("malformed", bounded(f"no choices: {body[:_BOUND].decode('utf-8', 'replace')}"))
    text = "".join(_content(choice) for choice in choices)
    prompt_tokens, completion_tokens = _usage(reply)
    if not text:
        return Completion("empty", "choices without text", "", (), prompt_tokens, completion_tokens)
    return Completion("ok", "", text, (), prompt_tokens, completion_tokens)


def read_stream(pieces: Sequence[tuple[int, bytes]]) -> Completion:
    """The completion in a stream whose bytes arrived in `pieces` of (stamp in ns, bytes).

    An error event is a failure although the status was 200. A stream that ends with neither `[DONE]` nor a
    finish reason is truncated.
    """
    return _read_plain(pieces) or _read_events(pieces)


def _read_plain(pieces: Sequence[tuple[int, bytes]]) -> Completion | None:
    """A good completion whose events are all of one line, in a third of the time; None: read event by event."""
    data = plain_data(b"".join([piece for _, piece in pieces]))
    if data is None or data.pop() != b"[DONE]":
        return None
    token_ns: list[int] = []
    text: list[str] = []
    used: tuple[int | None, int | None] = (None, None)
    arrivals = iter(pieces)
    arrived = end = 0
    mould: Mould | None = None
    try:
        for line in data:
            end += len(line) + 8
            while arrived < end:
                stamp, piece = next(arrivals)
                arrived += len(piece)
            content = None if mould is None else mould.content(line)
            if content is None:
                chunk = json.loads(line.decode())
                if not isinstance(chunk, dict) or _is_error(chunk):
                    return None
                content = "".join([_content(choice) for choice in _choices(chunk)])
                mould = Mould.of(line, chunk, content) if text else None  # the first chunk often says more
                if "usage" in chunk:
                    prompt, completion = _usage(chunk)
                    used = (used[0] if prompt is None else prompt, used[1] if completion is None else completion)
            if content:
                token_ns.append(stamp)
                text.append(content)
    except ValueError:
        return None
    return Completion("ok", "", "".join(text), tuple(token_ns), *used) if text else None


def _read_events(pieces: Sequence[tuple[int, bytes]]) -> Completion:
    reader = EventReader()
    token_ns: list[int] = []
    text: list[str] = []
    prompt_tokens = completion_tokens = None
    chunks = 0
    finished = done = False

    def result(outcome: str, error: str = "") -> Completion:
        return Completion(outcome, error, "".join(text), tuple(token_ns), prompt_tokens, completion_tokens)

    for stamp, piece in pieces:
        for event in reader.feed(piece):
            if done:
                break
            if event.data == "[DONE]":
                done = True
                break
            try:
                chunk = json.loads(event.data)
            except ValueError:
                if event.kind == "error":
                    return result("stream_error", bounded(event.data))
                return result("malformed", bounded(f"event is not JSON: {event.data}"))
            if event.kind == "error" or _is_error(chunk):
                return result("stream_error", bounded(event.data))
            chunks += 1
            content = ""
            for choice in _choices(chunk):
                content += _content(choice)
                finished = finished or choice.get("finish_reason") is not None
            if content:
                token_ns.append(stamp)
                text.append(content)
            used_prompt, used_completion = _usage(chunk)
            prompt_tokens = prompt_tokens if used_prompt is None else used_prompt
            completion_tokens = completion_tokens if used_completion is None else used_completion
    rest = reader.rest()
    done = done or rest == "[DONE]"
    if not done and not finished:
        if not chunks and not rest:
            return result("malformed" if any(piece for _, piece in pieces) else "empty", "no event in the stream")
        return result("truncated", "the stream ended without [DONE] and without a finish reason")
    if not token_ns:
        return result("empty", "the stream carried no text")
    return result("ok")


def _choices(reply: object) -> list[dict[str, Any]]:
    choices = reply.get("choices") if isinstance(reply, dict) else None
    return [each for each in choices if isinstance(each, dict)] if isinstance(choices, list) else []


def _is_error(chunk: object) -> bool:
    return isinstance(chunk, dict) and (bool(chunk.get("error")) or chunk.get("object") == "error")


def _content(choice: dict[str, Any]) -> str:
    """Text of a chat or plain completion, whole or delta; reasoning and tool calls are content as well."""
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


def _usage(reply: object) -> tuple[int | None, int | None]:
    usage = reply.get("usage") if isinstance(reply, dict) else None
    if not isinstance(usage, dict):
        return None, None
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return prompt if type(prompt) is int else None, completion if type(completion) is int else None
