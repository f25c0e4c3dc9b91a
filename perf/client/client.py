"""The client for all measurements: HTTP/1.1 and server-sent events over non-blocking sockets with timestamps.

JSON is parsed after a response is complete. Redirects are not followed, failures are not retried:
each request becomes exactly one `Exchange`. A connection that lay idle for longer than `idle_s` is not used
again, so that a server that closes idle connections (the usual limit is 5 s) does not look like one that
drops requests.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Final

from signoff.perf.client.bounds import MOST_EVENTS, STREAM_BYTES, Room
from signoff.perf.client.call import Call
from signoff.perf.client.connection import Connection
from signoff.perf.client.endpoint import RESOLVE_S, WITH_BODY, Address, Endpoint
from signoff.perf.client.exchange import Exchange
from signoff.perf.client.receiving import Reading
from signoff.perf.client.reply import Reader, Reply, read, read_any
from signoff.perf.errors import PlanInvalid

MANY: Final = 8
"""From this number of requests in progress on, reads may be batched..."""
FEW: Final = 4
"""...until it falls to this number."""


class Client:
    """Connections to one server. Use as `async with Client(url) as client`.

    `timeout_s` counts from the intended time of a request. `keep_text` keeps the text of completions in the
    records, `keep_replies` all of a reply in its call. `most_bytes` bounds a body and `most_events` a stream, beside
    what perf/client/bounds.py says. With `gather` much is read together, up to two milliseconds
    later: for those whose next request waits for no answer (see `Reading.gather`). With `any_answer`
    a status of 2xx is enough for a good reply. Raises PlanInvalid for a URL
    or header that cannot be used, Unresolved for an unknown host.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30.0,
        idle_s: float = 2.0,
        verify_tls: bool = True,
        ca_file: str | None = None,
        keep_text: bool = False,
        keep_replies: bool = False,
        gather: bool = False,
        most_bytes: int = STREAM_BYTES,
        most_events: int = MOST_EVENTS,
        any_answer: bool = False,
    ) -> None:
        if not timeout_s > 0:
            raise PlanInvalid(f"a time-out of {timeout_s} s: it must be above zero")
        self.endpoint = Endpoint.of(url)
        self.timeout_ns = round(timeout_s * 1e9)
        self.keep_text = keep_text
        self.keep_replies = keep_replies
        self.most_bytes = most_bytes
        self.most_events = most_events
        self.read: Reader = read_any if any_answer else read
        self.room = Room()
        self._gather = gather
        self.in_flight: set[Call] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._headers = dict(headers or {})
        self._heads: dict[tuple[str | None, bool, str, bool], bytes] = {}
        self._head(None, False, "POST", True)
        self._idle_ns = round(idle_s * 1e9)
        self._idle: deque[Connection] = deque()
        self._ended: deque[tuple[Call, str, str, int]] = deque()
        self._tls: ssl.SSLContext | None = None
        if self.endpoint.tls:
            try:
                self._tls = ssl.create_default_context(cafile=ca_file)
            except OSError as error:
                raise PlanInvalid(f"{ca_file}: no certificates to trust ({error})") from None
            if not verify_tls:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE

    async def __aenter__(self) -> Client:
        self.addresses: list[Address] = await self.endpoint.addresses(min(RESOLVE_S, self.timeout_ns / 1e9))
        self.reading = Reading(asyncio.get_running_loop())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.abandon("the client was closed")
        finally:
            if self._timer is not None:
                self._timer.cancel()
            while self._idle:
                self._idle.pop().close()
            self.reading.close()

    async def post(
        self,
        body: Mapping[str, Any] | bytes,
        *,
        stream: bool = False,
        intended_ns: int | None = None,
        sequence: int = 0,
        path: str | None = None,
    ) -> Exchange:
        """Sends one request and waits for its end; `stream` is also set in a body that is not bytes."""
        if not isinstance(body, bytes):
            body = json.dumps({**body, "stream": True} if stream else dict(body)).encode()
        done: asyncio.Future[Exchange] = asyncio.get_running_loop().create_future()

        def settle(exchange: Exchange) -> None:
            if not done.done():
                done.set_result(exchange)

        call = self.submit(body, settle, stream=stream, intended_ns=intended_ns, sequence=sequence, path=path)
        try:
            return await done
        finally:
            call.abandon("the caller went away")

    async def ask(
        self,
        body: bytes = b"",
        *,
        stream: bool = False,
        enough: Callable[[Sequence[tuple[int, bytes]]], bool] | None = None,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Reply:
        """Sends one request; the whole reply, or what of it had come when it was `enough`.

        For a client that keeps replies. Never raises for what a server does.
        """
        done = asyncio.Event()
        call = self.submit(body, lambda exchange: done.set(), stream=stream, path=path, headers=headers, method=method)
        call.enough = enough
        try:
            await done.wait()
        finally:
            call.abandon("the caller went away")
        assert call.reply is not None
        return call.reply

    def submit(
        self,
        body: bytes,
        on_done: Callable[[Exchange], None],
        *,
        stream: bool = False,
        intended_ns: int | None = None,
        sequence: int = 0,
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
        method: str = "POST",
    ) -> Call:
        """Sends one request without waiting; `on_done` gets its exchange, exactly once. `headers` are its own."""
        if headers is None:
            head = self._head(path, stream, method, bool(body))
        else:
            head = self.endpoint.head({**self._headers, **headers}, path, stream, method, has_body=bool(body))
        intended = time.monotonic_ns() if intended_ns is None else intended_ns
        length = b"content-length: %d\r\n" % len(body) if body or method in WITH_BODY else b""
        payload = b"%s%s\r\n%s" % (head, length, body)
        call = Call(self, sequence, intended, payload, stream, on_done, bodyless=method == "HEAD")
        self.in_flight.add(call)
        self._watch(call.deadline_ns)
        if self._gather and len(self.in_flight) >= MANY:
            self.reading.gather(True)
        call.start()
        return call

    def _watch(self, deadline_ns: int) -> None:
        """One timer, of the first deadline, serves all: most calls have ended long before theirs."""
        if self._timer is not None:
            if self._timer_ns <= deadline_ns:
                return
            self._timer.cancel()
        self._timer_ns = deadline_ns
        self._timer = self.reading.loop.call_at(deadline_ns / 1e9, self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = time.monotonic_ns()
        for call in [each for each in self.in_flight if each.deadline_ns <= now]:
            call.expire()
        if self.in_flight:
            self._watch(min(each.deadline_ns for each in self.in_flight))

    def leave(self, call: Call) -> None:
        """Notes that a call is no longer in progress."""
        self.in_flight.discard(call)
        if len(self.in_flight) <= FEW:
            self.reading.gather(False)

    def abandon(self, why: str) -> None:
        """Ends all requests in progress as `interrupted`, and delivers their records."""
        for call in list(self.in_flight):
            call.abandon(why)
        while self._ended:
            self._settle(*self._ended.popleft())

    def conclude(self, call: Call, outcome: str, error: str, finished_ns: int) -> None:
        """Makes the record of a call that has ended, one in a turn of the loop: sends and reads come between."""
        self._ended.append((call, outcome, error, finished_ns))
        if len(self._ended) == 1:
            self.reading.afterwards(self._conclude_next)

    def _conclude_next(self) -> None:
        try:
            if self._ended:
                self._settle(*self._ended.popleft())
        finally:
            if self._ended:
                self.reading.loop.call_soon(self._conclude_next)

    def _settle(self, call: Call, outcome: str, error: str, finished_ns: int) -> None:
        try:
            exchange = call.exchange(outcome, error, finished_ns)
        except Exception as problem:  # a mistake of this client: who waits is told, and so is the loop
            call.on_done(call.failed_here(problem, finished_ns))
            raise
        call.on_done(exchange)

    def take(self) -> Connection | None:
        """The idle connection that was used last, if it is fresh enough; older ones are closed."""
        fresh_ns = time.monotonic_ns() - self._idle_ns
        while self._idle and (not self._idle[0].open or self._idle[0].idle_since_ns < fresh_ns):
            self._idle.popleft().close()
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                return connection
        return None

    def give(self, connection: Connection) -> None:
        """Takes a connection back for the next request."""
        connection.listener = None
        connection.idle_since_ns = time.monotonic_ns()
        self._idle.append(connection)

    def connect(self, call: Call, attempt: int) -> Connection:
        """A new connection to the address of this attempt. Raises OSError."""
        address = self.addresses[attempt]
        return Connection(self.reading, address, call, self._tls, self.endpoint.host)

    def prefer(self, attempt: int) -> None:
        """From now on the address that answered is tried first."""
        if attempt:
            self.addresses.insert(0, self.addresses.pop(attempt))

    def _head(self, path: str | None, stream: bool, method: str, has_body: bool) -> bytes:
        key = (path, stream, method, has_body)
        if key not in self._heads:
            self._heads[key] = self.endpoint.head(self._headers, path, stream, method, has_body=has_body)
        return self._heads[key]


async def _send(client: Client, body: Mapping[str, Any] | bytes, stream: bool) -> Exchange:
    async with client:
        return await client.post(body, stream=stream)


def send(
    url: str,
    body: Mapping[str, Any] | bytes,
    *,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = 30.0,
    stream: bool = False,
    keep_text: bool = True,
    verify_tls: bool = True,
) -> Exchange:
    """One request from synchronous code. Raises PlanInvalid, Unresolved; failures of a server are records."""
    client = Client(url, headers=headers, timeout_s=timeout_s, keep_text=keep_text, verify_tls=verify_tls)
    return asyncio.run(_send(client, body, stream))
