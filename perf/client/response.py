"""An incoming HTTP/1.1 response, each piece of its body with its arrival time.

After the head of a chunked body, bytes are only collected with their timestamps, and parsed when the body may have
ended: a chunked body ends in an empty line, which no token of a stream does. Everything is limited by
perf/client/bounds.py says: the head with all interim answers, the body in bytes and in pieces, and what frames it.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Final

import httptools

from signoff.perf.client.bounds import (
    FRAMING_BYTES,
    FREE_BYTES,
    HEADER_BYTES,
    MOST_PIECES,
    PIECE_BYTES,
    STREAM_BYTES,
    WHOLE_BYTES,
    AnswerTooLong,
    Room,
)

UNPARSED_BYTES: Final = 64 * 1024
"""Above this size the body is parsed before its end."""
_IDENTITY: Final = ("", "identity")


class Response:
    """State of one response; httptools calls the `on_...` methods.

    `relieve` is called when much of an unfinished body has arrived; the callee may `take_pieces` then. A response
    to HEAD has no body (`bodyless`).
    """

    __slots__ = (
        "_body_bytes",
        "_bodyless",
        "_chunked",
        "_ends",
        "_gone",
        "_gone_bytes",
        "_head_bytes",
        "_head_done",
        "_held",
        "_keep_alive",
        "_most_bytes",
        "_parser",
        "_raw",
        "_room",
        "_stamp",
        "_stamps",
        "_wire_bytes",
        "complete",
        "headers",
        "pieces",
        "relieve",
        "status",
    )

    def __init__(self, most_bytes: int = STREAM_BYTES, room: Room | None = None, *, bodyless: bool = False) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.pieces: list[tuple[int, bytes]] = []
        self.complete = False
        self.relieve: Callable[[], None] | None = None
        self._most_bytes = most_bytes
        self._room = room
        self._bodyless = bodyless
        self._chunked = False
        self._head_done = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._wire_bytes = 0
        self._gone = 0
        self._gone_bytes = 0
        self._held = 0
        self._stamp = 0
        self._keep_alive = False
        self._raw = bytearray()
        self._ends = array("q")
        self._stamps = array("q")

    def feed(self, data: bytes, stamp_ns: int) -> None:
        """Raises httptools.HttpParserError if it is not HTTP, AnswerTooLong if it has no end."""
        if self._chunked:
            raw = self._raw
            raw += data
            self._stamps.append(stamp_ns)
            self._ends.append(len(raw))
            if raw.endswith(b"\r\n\r\n") or not 4 <= len(raw) <= UNPARSED_BYTES:
                self.catch_up()
            return
        assert self._parser is not None
        self._stamp = stamp_ns
        self._wire_bytes += len(data)
        if not self._head_done:
            self._head_bytes += len(data)
        self._parser.feed_data(data)
        if self._head_done:
            self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
            self._weigh()
        elif self._head_bytes > HEADER_BYTES:
            raise AnswerTooLong(f"headers of more than {HEADER_BYTES} bytes")

    def catch_up(self) -> None:
        """Parses the collected bytes. Raises the exceptions of `feed`."""
        raw, start = bytes(self._raw), 0
        if raw:
            assert self._parser is not None
            self._wire_bytes += len(raw)
            read = zip(self._stamps, self._ends, strict=True)
            self._raw, self._stamps, self._ends = bytearray(), array("q"), array("q")
            for stamp_ns, end in read:
                self._stamp = stamp_ns
                self._parser.feed_data(raw[start:end])
                start = end
            self._weigh()

    def take_pieces(self) -> list[tuple[int, bytes]]:
        """Returns the received chunks and forgets them."""
        taken, self.pieces = self.pieces, []
        self._gone += len(taken)
        self._gone_bytes = self._body_bytes
        return taken

    def close(self) -> None:
        """Releases the parser, which refers to this object, and the memory of the body."""
        self._parser = self.relieve = None
        if self._held and self._room is not None:
            self._room.take(-self._held)
            self._held = 0

    def end(self) -> bool:
        """Whether a close is a valid end: a body without a length ends so (RFC 9112, 6.3)."""
        framed = "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()
        self.complete = self.complete or (self._head_done and not framed)
        return self.complete

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same connection."""
        return self.complete and self._keep_alive

    @property
    def body(self) -> bytes:
        """The received body that was not taken."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def encoding(self) -> str:
        """The body's encoding although identity was requested; "" if there is none. Nothing is ever decoded."""
        content = self.headers.get("content-encoding", "").strip()
        if content.lower() not in _IDENTITY:
            return content
        transfer = self.headers.get("transfer-encoding", "").strip()
        return "" if transfer.lower() in (*_IDENTITY, "chunked") else transfer

    def on_message_begin(self) -> None:
        if self.complete:
            raise AnswerTooLong("a second response to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head_done:  # trailers say nothing that is looked at
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = int(self._parser.get_status_code())
        if status >= 200:
            self.status = status
            self._head_done = True
            if self._bodyless:
                self.complete = True
            if not self.headers.get("content-type", "").lower().startswith("text/event-stream"):
                self._most_bytes = min(self._most_bytes, WHOLE_BYTES)

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._most_bytes:
            raise AnswerTooLong(f"the body is longer than {self._most_bytes} bytes, more than is taken")
        self.pieces.append((self._stamp, body))

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if self._head_done:
            self.complete = True
            self._keep_alive = bool(self._parser.should_keep_alive())
        else:  # 100 Continue and its like: the real response follows
            self.headers.clear()

    def _weigh(self) -> None:
        """Raises AnswerTooLong if this answer, or all in progress together, take too much memory."""
        pieces = self._gone + len(self.pieces)
        if pieces > MOST_PIECES:
            raise AnswerTooLong(f"a body in more than {MOST_PIECES} pieces")
        if self._wire_bytes - self._body_bytes > 2 * HEADER_BYTES + FRAMING_BYTES * pieces:
            raise AnswerTooLong("chunk sizes or trailers without end")
        held = self._body_bytes - self._gone_bytes + PIECE_BYTES * len(self.pieces)
        if held > FREE_BYTES and self.relieve is not None and not self.complete:
            self.relieve()
            held = self._body_bytes - self._gone_bytes + PIECE_BYTES * len(self.pieces)
        if self._room is not None and (held > FREE_BYTES or self._held):
            grown, self._held = held - self._held, held
            self._room.take(grown)
