"""One request in progress: from the send to its record."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import httptools

from perf.client.bounds import MOST_TEXT, AnswerTooLong, Room
from perf.client.completion import UNREADABLE, Completion, StreamReader, bounded, read_stream, read_whole, unreadable
from perf.client.connection import Connection, outcome_of
from perf.client.endpoint import Address, Endpoint
from perf.client.exchange import Exchange
from perf.client.response import Response

_BAD: Final = (httptools.HttpParserError, httptools.HttpParserUpgrade, *UNREADABLE)
"""What a response that comes in can raise."""
_EVENTS: Final = "text/event-stream"
_NOTHING: Final = Response()
_TOO_MUCH_TEXT: Final = f"a text of more than {MOST_TEXT} characters"


def _what_is_bad(error: Exception) -> str:
    if isinstance(error.__context__, AnswerTooLong):
        return bounded(str(error.__context__))
    if isinstance(error, UNREADABLE):
        return unreadable(error)
    if isinstance(error, httptools.HttpParserUpgrade):
        return "not HTTP/1.1: an upgrade that nobody asked for"
    return bounded(f"not HTTP/1.1: {error.__context__ or error}")


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back as it came, for who wants to look at more than the completion in it.

    `pieces` are (stamp in ns, bytes) of the body. `failure` is what ended the exchange before its time, "" where
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
        """Whether the server took too long."""
        return self.outcome == "timeout"

    @property
    def body(self) -> bytes:
        """All of the body that came."""
        return b"".join(piece for _, piece in self.pieces)


class Sender(Protocol):
    """What a call asks of the client that sends it."""

    endpoint: Endpoint
    addresses: list[Address]
    timeout_ns: int
    keep_text: bool
    keep_replies: bool
    most_bytes: int
    most_events: int
    room: Room

    def take(self) -> Connection | None:
        """An idle connection."""

    def connect(self, call: Call, attempt: int) -> Connection:
        """A new connection to the address of this attempt. Raises OSError."""

    def prefer(self, attempt: int) -> None:
        """The address of this attempt answered."""

    def give(self, connection: Connection) -> None:
        """A connection that the next request may use."""

    def leave(self, call: Call) -> None:
        """The call is no longer under way."""

    def conclude(self, call: Call, outcome: str, error: str, finished_ns: int) -> None:
        """The call has ended; its record is to be made."""


class Call:
    """One request under way. `reply` is there once it has ended, where the client keeps replies.

    `enough` is asked of the parts of the body as they come, of each once; where it says so, the connection is closed.
    """

    __slots__ = (
        "_attempt", "_client", "_connect_ns", "_connection", "_done", "_first_byte_ns",
        "_intended_ns", "_kernel", "_lag_ns", "_last_ns", "_payload", "_reader", "_response", "_seen", "_sent_ns",
        "_sequence", "_stream",
        "deadline_ns", "enough", "on_done", "reply",
    )  # fmt: skip

    def __init__(
        self,
        client: Sender,
        sequence: int,
        intended_ns: int,
        payload: bytes,
        stream: bool,
        on_done: Callable[[Exchange], None],
        *,
        bodyless: bool = False,
    ) -> None:
        self._client = client
        self._sequence = sequence
        self._intended_ns = intended_ns
        self._payload = payload
        self._stream = stream
        self.on_done = on_done
        self.enough: Callable[[Sequence[tuple[int, bytes]]], bool] | None = None
        self.reply: Reply | None = None
        self.deadline_ns = intended_ns + client.timeout_ns
        self._connection: Connection | None = None
        self._response = Response(client.most_bytes, client.room, bodyless=bodyless)
        if stream and not client.keep_replies:
            self._response.relieve = self._relieve
        self._reader: StreamReader | None = None
        self._seen = 0
        self._sent_ns: int | None = None
        self._connect_ns = 0
        self._first_byte_ns: int | None = None
        self._last_ns = 0
        self._lag_ns = 0
        self._kernel = True
        self._attempt = 0
        self._done = False

    def start(self) -> None:
        """Sends on an idle connection, or opens one."""
        self._connection = self._client.take()
        if self._connection is not None:
            self._connection.listener = self
            self._send()
        else:
            self._connect()

    def abandon(self, why: str) -> None:
        """Ends the request as `interrupted`, unless it has ended."""
        self._finish("interrupted", why, time.monotonic_ns())

    def opened(self) -> None:
        if self._connection is not None:
            self._connect_ns += self._connection.connect_ns
            self._client.prefer(self._attempt)
            self._send()

    def received(self, data: bytes, arrived_ns: int, read_ns: int, kernel: bool) -> None:
        if self._first_byte_ns is None:
            self._first_byte_ns = arrived_ns
        self._last_ns = arrived_ns
        if read_ns - arrived_ns > self._lag_ns:
            self._lag_ns = read_ns - arrived_ns
        if not kernel:
            self._kernel = False
        response = self._response
        is_enough = False
        try:
            response.feed(data, arrived_ns)
            if self.enough is not None:
                response.catch_up()
                is_enough = self._is_enough(self.enough)
        except _BAD as error:
            self._finish("malformed", _what_is_bad(error), arrived_ns)
            return
        if response.complete:
            self._judge()
        elif is_enough:
            self._finish("interrupted", "the caller had enough", arrived_ns)

    def _is_enough(self, enough: Callable[[Sequence[tuple[int, bytes]]], bool]) -> bool:
        pieces = self._response.pieces
        new, self._seen = pieces[self._seen :], len(pieces)
        return enough(new)

    def _relieve(self) -> None:
        """Reads what has come of a long stream, so that its stamps are kept and not its bytes."""
        response = self._response
        if response.status == 200 and self._is_of_events() and not response.encoding:
            if self._reader is None:
                self._reader = StreamReader(self._client.most_events, keep_text=self._client.keep_text)
            self._reader.feed(response.take_pieces())
            if self._reader.characters > MOST_TEXT:
                raise AnswerTooLong(_TOO_MUCH_TEXT)

    def _is_of_events(self) -> bool:
        return self._response.headers.get("content-type", "").lower().startswith(_EVENTS)

    def closed(self) -> None:
        try:
            self._response.catch_up()
        except _BAD as error:
            self._finish("malformed", _what_is_bad(error), time.monotonic_ns())
            return
        if self._response.end() or (self._response.status is not None and self._response.status >= 300):
            self._judge()
        elif self._first_byte_ns is None:
            self._finish("reset", "the server closed the connection without a response", time.monotonic_ns())
        else:
            self._finish("truncated", "the connection was closed before the end of the response", time.monotonic_ns())

    def broken(self, outcome: str, error: str) -> None:
        if self._connection is not None and self._sent_ns is None and outcome in ("refused", "unreachable", "reset"):
            self._next_address(outcome, error)
        else:
            self._finish(outcome, error, time.monotonic_ns())

    def _connect(self) -> None:
        try:
            self._connection = self._client.connect(self, self._attempt)
        except OSError as error:
            self._next_address(outcome_of(error), error.strerror or str(error))

    def _next_address(self, outcome: str, error: str) -> None:
        self._attempt += 1
        if outcome == "client_error" or self._attempt >= len(self._client.addresses):
            endpoint = self._client.endpoint
            self._finish(outcome, f"{endpoint.host}:{endpoint.port}: {error}", time.monotonic_ns())
        else:
            self._connect()

    def _send(self) -> None:
        assert self._connection is not None
        self._sent_ns = time.monotonic_ns()
        self._connection.send(self._payload)
        self._payload = b""

    def expire(self) -> None:
        """Ends the request at its deadline, which has come."""
        if self._connection is not None:
            self._connection.read_now()  # what had arrived in time counts, however late this client reads it
        self._finish("timeout", self._waited_for(), self.deadline_ns)

    def _waited_for(self) -> str:
        if self._sent_ns is None:
            return "no connection"
        return "no response" if self._first_byte_ns is None else "the response did not end"

    def _judge(self) -> None:
        response = self._response
        status = response.status or 0
        if 300 <= status < 400:
            self._finish("redirect", bounded(f"to {response.headers.get('location', 'nowhere')}"), self._last_ns)
        elif not 200 <= status < 300:
            said = self._encoded() or bounded(response.body[:2000].decode("utf-8", "replace"))
            self._finish(f"http_{status}", said, self._last_ns)
        elif self._last_ns > self.deadline_ns:
            self._finish("timeout", "the response ended after the time-out", self.deadline_ns)
        elif encoded := self._encoded():
            self._finish("malformed", encoded, self._last_ns)
        else:
            self._finish("", "", self._last_ns)

    def _encoded(self) -> str:
        """That the body is encoded, which nobody asked for; "" where it is not."""
        coding = self._response.encoding
        return bounded(f"the body is encoded ({coding}), and identity was asked for") if coding else ""

    def _read(self) -> Completion:
        if not self._stream:
            return read_whole(self._response.body)
        kind = self._response.headers.get("content-type", "no content type")
        if not self._is_of_events():
            body = self._response.body
            start = body[:300].decode("utf-8", "replace")
            if not body.strip():
                return Completion("empty", "status 200 with an empty body")
            return Completion("malformed", bounded(f"asked for a stream, got {kind}: {start}"))
        return self._read_stream()

    def _read_stream(self) -> Completion:
        if self._reader is None:
            return read_stream(self._response.pieces)
        with contextlib.suppress(AnswerTooLong):  # which its end tells
            self._reader.feed(self._response.take_pieces())
        return self._reader.end()

    def _finish(self, outcome: str, error: str, finished_ns: int) -> None:
        """Lets go of the connection; no `outcome` where the reply is whole and is yet to be read."""
        if self._done:
            return
        self._done = True
        client, connection, response = self._client, self._connection, self._response
        self._connection = None
        client.leave(self)
        try:
            response.catch_up()
        except _BAD as problem:
            if outcome in ("", "timeout", "interrupted"):
                outcome, error = "malformed", _what_is_bad(problem)
        if connection is not None and connection.open:
            if response.reusable and connection.drained:
                client.give(connection)
            else:
                connection.close()
        client.conclude(self, outcome, error, finished_ns)

    def exchange(self, outcome: str, error: str, finished_ns: int) -> Exchange:
        """The record of a request that has ended; reads its reply, whatever it is."""
        found = Completion(outcome, error)
        if self._client.keep_replies:
            self._keep_reply(outcome, error, finished_ns)
            outcome = outcome or "ok"
        else:
            try:
                if not outcome:
                    found = self._read()
                elif self._stream and self._response.status == 200:
                    found = self._read_stream()  # what came before the failure
            except UNREADABLE as problem:
                found = Completion("malformed", unreadable(problem))
        if self._client.keep_text and len(found.text) > MOST_TEXT:
            found = Completion("malformed", _TOO_MUCH_TEXT)
        if not outcome or (outcome in ("truncated", "reset") and found.outcome in ("stream_error", "malformed")):
            outcome, error = found.outcome, found.error
        return self._ended(outcome, error, finished_ns, found)

    def failed_here(self, problem: Exception, finished_ns: int) -> Exchange:
        """The record of a request that a mistake of this client struck."""
        error = bounded(f"an error of the client: {type(problem).__name__}: {problem}")
        self._keep_reply("client_error", error, finished_ns)
        return self._ended("client_error", error, finished_ns, Completion("client_error"))

    def _keep_reply(self, outcome: str, error: str, finished_ns: int) -> None:
        response = self._response
        encoded = self._encoded()
        whole = outcome.startswith(("http_", "redirect"))
        failure = (encoded if whole else f"{outcome}: {error}".strip(": ")) if outcome else ""
        pieces = () if encoded else tuple(response.pieces)
        self.reply = Reply(response.status, response.headers, pieces, failure, finished_ns, outcome)

    def _ended(self, outcome: str, error: str, finished_ns: int, found: Completion) -> Exchange:
        response = self._response
        tokens = found.token_ns
        exchange = Exchange(
            sequence=self._sequence,
            intended_ns=self._intended_ns,
            sent_ns=self._sent_ns,
            connect_ns=self._connect_ns,
            first_byte_ns=self._first_byte_ns,
            first_token_ns=tokens[0] if tokens else None,
            last_token_ns=tokens[-1] if tokens else None,
            token_ns=tokens,
            finished_ns=finished_ns,
            status=response.status,
            outcome=outcome,
            prompt_tokens=found.prompt_tokens,
            completion_tokens=found.completion_tokens,
            error=error,
            stamps="kernel" if self._kernel and self._first_byte_ns is not None else "user",
            receive_lag_ns=self._lag_ns,
            text=found.text if self._client.keep_text else "",
        )
        self._response = _NOTHING
        response.close()
        return exchange
