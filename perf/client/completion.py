"""The answer of an OpenAI-compatible server: a completion, or another response.

A status of 200 proves nothing: the reply counts as "ok" only with choices and some text in them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from signoff.perf.client.bounds import EVENT_BYTES, MOST_EVENTS, AnswerTooLong, too_many_values
from signoff.perf.client.chunk import choices_of, content_of, is_error, usage_of
from signoff.perf.client.chunk_template import ChunkTemplate
from signoff.perf.client.sse import EventReader, plain_data

UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    RecursionError,
    MemoryError,
    AnswerTooLong,
)
"""Exceptions from invalid data: JSON nested too deeply, numbers with too many digits, unexpected types."""
_BOUND = 300
_DONE = b"[DONE]"
_KEPT_STAMPS = 1024
"""Records of an endless stream that was cut off: a failure needs no more."""

Pieces = Sequence[tuple[int, bytes]]
"""(stamp in ns, bytes) as they arrived."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A parsed reply. `token_ns` has the timestamp of each content chunk of a stream."""

    outcome: str
    error: str = ""
    text: str = ""
    token_ns: tuple[int, ...] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


def bounded(text: str) -> str:
    """At most 300 characters of one line, for an error text."""
    line = " ".join(text[: 4 * _BOUND].split())
    return line if len(line) <= _BOUND and len(text) <= 4 * _BOUND else f"{line[:_BOUND]}..."


def unreadable(error: Exception) -> str:
    """The error text of a reply that could not be parsed."""
    return bounded(str(error) if isinstance(error, AnswerTooLong) else f"{type(error).__name__}: {error}")


def read_whole(body: bytes) -> Completion:
    """The completion in the body of a reply that is not a stream."""
    if not body.strip():
        return Completion("empty", "status 200 with an empty body")
    if too_many_values(body):
        return Completion("malformed", "JSON of more values than any completion has")
    try:
        reply = json.loads(body)
    except RecursionError:
        return Completion("malformed", "JSON that is nested too deep")
    except ValueError:
        return Completion("malformed", bounded(f"not JSON: {body[:_BOUND].decode('utf-8', 'replace')}"))
    if is_error(reply):
        return Completion("malformed", bounded(f"status 200 with an error: {body[:_BOUND].decode('utf-8', 'replace')}"))
    choices = choices_of(reply)
    if not choices:
        return Completion("malformed", bounded(f"no choices: {body[:_BOUND].decode('utf-8', 'replace')}"))
    text = "".join(content_of(choice) for choice in choices)
    prompt_tokens, completion_tokens = usage_of(reply)
    if not text:
        return Completion("empty", "choices without text", "", (), prompt_tokens, completion_tokens)
    return Completion("ok", "", text, (), prompt_tokens, completion_tokens)


def read_stream(pieces: Pieces) -> Completion:
    """The completion in a stream whose bytes arrived in these chunks; see `StreamReader`."""
    reader = StreamReader()
    reader.feed(pieces)
    return reader.end()


class StreamReader:
    """Parses a stream incrementally; keeps timestamps, and text if required.

    An error event is a failure even with status 200. A stream that ends with neither `[DONE]` nor a
    finish reason is truncated. Where the events are all of one line most of them need not be decoded
    (perf/client/chunk_template.py), which takes a third of the time.
    """

    __slots__ = (
        "_any",
        "_begun",
        "_chunks",
        "_done",
        "_events",
        "_failure",
        "_finished",
        "_has_text",
        "_keep_text",
        "_most_events",
        "_stamps",
        "_template",
        "_text",
        "_used",
    )  # fmt: skip

    def __init__(self, most_events: int = MOST_EVENTS, *, keep_text: bool = True, plain: bool = True) -> None:
        self._most_events = most_events
        self._keep_text = keep_text
        self._events: EventReader | None = None if plain else EventReader()
        self._begun = b""
        self._template: ChunkTemplate | None = None
        self._stamps: list[int] = []
        self._text: list[str] = []
        self._has_text = False
        self._used: tuple[int | None, int | None] = (None, None)
        self._chunks = 0
        self._any = self._finished = self._done = False
        self._failure: tuple[str, str] | None = None

    @property
    def characters(self) -> int:
        """The maximum length of stored text."""
        return sum(map(len, self._text))

    def feed(self, pieces: Pieces) -> None:
        """Raises AnswerTooLong for an endless stream or event; `end` still works then."""
        if self._failure is not None or self._done:
            return
        if self._events is None:
            pieces = self._feed_plain(pieces)
        if self._events is not None:
            self._feed_events(self._events, pieces)

    def end(self) -> Completion:
        """The result of the stream at its end."""
        if self._failure is not None:
            return self._result(*self._failure)
        rest = ""
        if not self._done:
            reader = self._events
            if reader is None:
                reader = EventReader()
                reader.feed(self._begun)
            rest = reader.rest()
        if not self._done and rest != "[DONE]" and not self._finished:
            if not self._chunks and not rest:
                return self._result("malformed" if self._any else "empty", "no event in the stream")
            return self._result("truncated", "the stream ended without [DONE] and without a finish reason")
        if not self._stamps:
            return self._result("empty", "the stream carried no text")
        return self._result("ok", "")

    def _feed_plain(self, pieces: Pieces) -> Pieces:
        """Parses complete events by the fast path; returns the bytes that need the general parser."""
        begun = self._begun
        joined = b"".join([begun, *[piece for _, piece in pieces]])
        end = joined.rfind(b"\n\n") + 2
        data = plain_data(joined[:end]) if end >= 2 and b"\r" not in joined[end:] else None
        done = bool(data) and data is not None and data[-1] == _DONE
        if data is None or not self._read_plain(data[:-1] if done else data, pieces, len(begun)):
            # What has begun completed no event before, so that it matters not which piece brought it.
            self._events = EventReader()
            return [(0, begun), *pieces]
        self._any, self._done, self._begun = True, done, joined[end:]
        if len(self._begun) > EVENT_BYTES:
            raise AnswerTooLong(f"no event within {EVENT_BYTES} bytes of the stream")
        return ()

    def _read_plain(self, data: list[bytes], pieces: Pieces, arrived: int) -> bool:
        """Parses events by their data alone; changes nothing if one is invalid. `arrived` is the earlier count."""
        self._count(len(data))
        stamps: list[int] = []
        text: list[str] = []
        prompt_tokens, completion_tokens = self._used
        arrivals = iter(pieces)
        stamp = end = 0
        template, is_first = self._template, not self._has_text
        finished = self._finished
        try:
            for line in data:
                end += len(line) + 8
                while arrived < end:
                    stamp, piece = next(arrivals)
                    arrived += len(piece)
                content = None if template is None else template.content(line)
                if content is None:
                    chunk = json.loads(line.decode())
                    if not isinstance(chunk, dict) or is_error(chunk):
                        return False
                    choices = choices_of(chunk)
                    content = "".join([content_of(choice) for choice in choices])
                    for choice in choices:
                        finished = finished or choice.get("finish_reason") is not None
                    # The first chunk often says more than all others.
                    template = ChunkTemplate.of(line, chunk, content) if text or not is_first else None
                    if "usage" in chunk:
                        prompt, completion = usage_of(chunk)
                        prompt_tokens = prompt_tokens if prompt is None else prompt
                        completion_tokens = completion_tokens if completion is None else completion
                if content:
                    stamps.append(stamp)
                    text.append(content)
        except (ValueError, RecursionError):
            return False
        self._chunks += len(data)
        self._used = prompt_tokens, completion_tokens
        self._template, self._finished = template, finished
        self._keep(stamps, text)
        return True

    def _feed_events(self, reader: EventReader, pieces: Pieces) -> None:
        for stamp, piece in pieces:
            self._any = self._any or bool(piece)
            for event in reader.feed(piece):
                if event.data == "[DONE]":
                    self._done = True
                    return
                try:
                    chunk = json.loads(event.data)
                except (ValueError, RecursionError) as error:
                    if event.kind == "error":
                        self._failure = "stream_error", bounded(event.data)
                    elif isinstance(error, RecursionError):
                        self._failure = "malformed", "event is JSON that is nested too deep"
                    else:
                        self._failure = "malformed", bounded(f"event is not JSON: {event.data}")
                    return
                if event.kind == "error" or is_error(chunk):
                    self._failure = "stream_error", bounded(event.data)
                    return
                self._count(1)
                self._chunks += 1
                content = ""
                for choice in choices_of(chunk):
                    content += content_of(choice)
                    self._finished = self._finished or choice.get("finish_reason") is not None
                if content:
                    self._keep([stamp], [content])
                prompt, completion = usage_of(chunk)
                self._used = (
                    self._used[0] if prompt is None else prompt,
                    self._used[1] if completion is None else completion,
                )

    def _count(self, more: int) -> None:
        """Raises AnswerTooLong if the stream has more events than any valid answer to the request."""
        if self._chunks + more > self._most_events:
            del self._stamps[_KEPT_STAMPS:]
            self._failure = "malformed", f"a stream of more than {self._most_events} events"
            raise AnswerTooLong(self._failure[1])

    def _keep(self, stamps: list[int], text: list[str]) -> None:
        self._stamps += stamps
        self._has_text = self._has_text or bool(text)
        if self._keep_text:
            self._text += text

    def _result(self, outcome: str, error: str) -> Completion:
        return Completion(outcome, error, "".join(self._text), tuple(self._stamps), *self._used)
