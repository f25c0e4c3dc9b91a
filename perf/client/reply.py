"""A raw reply, and its possible failures."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httptools

from signoff.perf.client.bounds import AnswerTooLong
from signoff.perf.client.completion import (
    UNREADABLE,
    Completion,
    StreamReader,
    bounded,
    read_stream,
    read_whole,
    unreadable,
)
from signoff.perf.client.response import Response

BAD: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade, *UNREADABLE)
"""Exceptions from parsing a response."""
_EVENTS: Final = "text/event-stream"


def what_is_bad(error: Exception) -> str:
    if isinstance(error.__context__, AnswerTooLong):
        return bounded(str(error.__context__))
    if isinstance(error, UNREADABLE):
        return unreadable(error)
    if isinstance(error, httptools.HttpParserUpgrade):
        return "not HTTP/1.1: an unrequested upgrade"
    return bounded(f"not HTTP/1.1: {error.__context__ or error}")


@dataclass(frozen=True, slots=True)
class Reply:
    """The raw reply, for callers that need more than its completion.

    `pieces` are (timestamp in ns, bytes) of the body. `failure` is the early end of the exchange, "" if
    it is whole, whatever it says; then `outcome` is "" or the status's, else that of the failure
    (perf/client/exchange.py).
    """

    status: int | None
    headers: Mapping[str, str]
    pieces: tuple[tuple[int, bytes], ...]
    failure: str
    finished_ns: int
    outcome: str = ""

    @property
    def timed_out(self) -> bool:
        """Whether the server timed out."""
        return self.outcome == "timeout"

    @property
    def body(self) -> bytes:
        """The received body."""
        return b"".join(piece for _, piece in self.pieces)


def is_of_events(response: Response) -> bool:
    """Whether the body's type is an event stream."""
    return response.headers.get("content-type", "").lower().startswith(_EVENTS)


def encoded(response: Response) -> str:
    """The message for a body that is encoded without request; "" for others."""
    coding = response.encoding
    return bounded(f"the body is encoded ({coding}), and identity was asked for") if coding else ""


Reader = Callable[[Response, StreamReader | None, bool], Completion]
"""How a whole response is read: what it asks for beside a status of 2xx."""


def read(response: Response, reader: StreamReader | None, stream: bool) -> Completion:
    """The completion in a response of status 2xx; `stream` is the requested type. Raises what BAD holds."""
    if not stream:
        return read_whole(response.body)
    if is_of_events(response):
        return rest_of_stream(response, reader)
    body = response.body
    if not body.strip():
        return Completion("empty", "status 200 with an empty body")
    kind = response.headers.get("content-type", "no content type")
    return Completion("malformed", bounded(f"asked for a stream, got {kind}: {body[:300].decode('utf-8', 'replace')}"))


def read_any(response: Response, reader: StreamReader | None, stream: bool) -> Completion:
    """The same for a route that completes nothing: whatever it says, the answer is good."""
    return Completion("ok")


def rest_of_stream(response: Response, reader: StreamReader | None) -> Completion:
    """The completion in a stream, part of which `reader` may have parsed."""
    if reader is None:
        return read_stream(response.pieces)
    with contextlib.suppress(AnswerTooLong):  # which its end says
        reader.feed(response.take_pieces())
    return reader.end()
