"""One request in progress: from the send to its record."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from signoff.perf.client.bounds import MOST_TEXT, AnswerTooLong, Room
from signoff.perf.client.completion import UNREADABLE, Completion, StreamReader, bounded, unreadable
from signoff.perf.client.connection import Connection, outcome_of
from signoff.perf.client.endpoint import Address, Endpoint
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.reply import BAD, Reader, Reply, encoded, is_of_events, rest_of_stream, what_is_bad
from signoff.perf.client.response import Response

_NOTHING: Final = Response()
_TOO_MUCH_TEXT: Final = f"a text of more than {MOST_TEXT} characters"


class Sender(Protocol):
    """The interface of the client to its calls."""

    endpoint: Endpoint
    addresses: list[Address]
    timeout_ns: int
    keep_text: bool
    keep_replies: bool
    most_bytes: int
    most_events: int
    room: Room
    read: Reader

    def take(self) -> Connection | None:
        """An idle connection."""

    def connect(self, call: Call, attempt: int) -> Connection:
        """A new connection to the address of this attempt. Raises OSError."""

    def prefer(self, attempt: int) -> None:
        """The address of this attempt answered."""

    def give(self, connection: Connection) -> None:
        """A connection that may be reused."""

    def leave(self, call: Call) -> None:
        """The call is no longer in progress."""

    def conclude(self, call: Call, outcome: str, error: str, finished_ns: int) -> None:
        """The call has ended, and its record is due."""


class Call:
    """One request in progress. `reply` is set at its end if the client keeps replies.

    `enough` is called once with each part of the body; if it returns True, the connection is closed.
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
        except BAD as error:
            self._finish("malformed", what_is_bad(error), arrived_ns)
            return
        if response.complete:
            self._judge()
        elif is_enough:
            self._finish("interrupted", "the caller had enough", arrived_ns)

    def _is_enough(self, enough: Callable[[Sequence[tuple[int, bytes]]], bool]) -> bool:
        before, self._seen = self._seen, len(self._response.pieces)
        return enough(self._response.pieces[before:])

    def _relieve(self) -> None:
        """Parses the received part of a long stream, to keep its timestamps instead of its bytes."""
        response = self._response
        if response.status == 200 and is_of_events(response) and not response.encoding:
            if self._reader is None:
                self._reader = StreamReader(self._client.most_events, keep_text=self._client.keep_text)
            self._reader.feed(response.take_pieces())
            if self._reader.characters > MOST_TEXT:
                raise AnswerTooLong(_TOO_MUCH_TEXT)

    def closed(self) -> None:
        try:
            self._response.catch_up()
        except BAD as error:
            self._finish("malformed", what_is_bad(error), time.monotonic_ns())
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
        """Ends the request at its deadline."""
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
            said = encoded(response) or bounded(response.body[:2000].decode("utf-8", "replace"))
            self._finish(f"http_{status}", said, self._last_ns)
        elif self._last_ns > self.deadline_ns:
            self._finish("timeout", "the response ended after the time-out", self.deadline_ns)
        elif encoding := encoded(response):
            self._finish("malformed", encoding, self._last_ns)
        else:
            self._finish("", "", self._last_ns)

    def _finish(self, outcome: str, error: str, finished_ns: int) -> None:
        """Releases the connection; without `outcome` if the reply is complete and not parsed yet."""
        if self._done:
            return
        self._done = True
        client, connection, response = self._client, self._connection, self._response
        self._connection = None
        client.leave(self)
        try:
            response.catch_up()
        except BAD as problem:
            if outcome in ("", "timeout", "interrupted"):
                outcome, error = "malformed", what_is_bad(problem)
        if connection is not None and connection.open:
            if response.reusable and connection.drained:
                client.give(connection)
            else:
                connection.close()
        client.conclude(self, outcome, error, finished_ns)

    def exchange(self, outcome: str, error: str, finished_ns: int) -> Exchange:
        """The record of a request that has ended; parses its reply."""
        found = Completion(outcome, error)
        if self._client.keep_replies:
            self._keep_reply(outcome, error, finished_ns)
            outcome = outcome or "ok"
        else:
            try:
                if not outcome:
                    found = self._client.read(self._response, self._reader, self._stream)
                elif self._stream and self._response.status == 200:
                    found = rest_of_stream(self._response, self._reader)  # what came before the failure
            except UNREADABLE as problem:
                found = Completion("malformed", unreadable(problem))
        if self._client.keep_text and len(found.text) > MOST_TEXT:
            found = Completion("malformed", _TOO_MUCH_TEXT)
        if not outcome or (outcome in ("truncated", "reset") and found.outcome in ("stream_error", "malformed")):
            outcome, error = found.outcome, found.error
        return self._ended(outcome, error, finished_ns, found)

    def failed_here(self, problem: Exception, finished_ns: int) -> Exchange:
        """The record of a request that failed by an error of this client."""
        error = bounded(f"an error of the client: {type(problem).__name__}: {problem}")
        self._keep_reply("client_error", error, finished_ns)
        return self._ended("client_error", error, finished_ns, Completion("client_error"))

    def _keep_reply(self, outcome: str, error: str, finished_ns: int) -> None:
        response = self._response
        encoding = encoded(response)
        whole = outcome.startswith(("http_", "redirect"))
        failure = (encoding if whole else f"{outcome}: {error}".strip(": ")) if outcome else ""
        pieces = () if encoding else tuple(response.pieces)
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
