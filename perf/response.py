"""An HTTP/1.1 response as it comes in, each piece of its body with the stamp of its arrival.

Once the head of a chunked body has come, bytes are only gathered with their stamps and parsed when the body may have
ended: a chunked body ends in an empty line, which no token of a stream does.
"""

from __future__ import annotations

from array import array
from typing import Final

import httptools

HEADER_BYTES: Final = 64 * 1024
BODY_BYTES: Final = 64 * 1024 * 1024
UNPARSED_BYTES: Final = 64 * 1024
"""More than this is parsed although the body goes on."""


class ResponseTooLong(Exception):
    """Headers or a body beyond what any completion needs."""


class Response:
    """State of one response; httptools calls the `on_...` methods."""

    __slots__ = (
        "_body_bytes",
        "_chunked",
        "_ends",
        "_head_bytes",
        "_head_done",
        "_keep_alive",
        "_parser",
        "_raw",
        "_stamp",
        "_stamps",
        "complete",
        "headers",
        "pieces",
        "status",
    )

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.pieces: list[tuple[int, bytes]] = []
        self.complete = False
        self._chunked = False
        self._head_done = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._stamp = 0
        self._keep_alive = False
        self._raw = bytearray()
        self._ends = array("q")
        self._stamps = array("q")

    def feed(self, data: bytes, stamp_ns: int) -> None:
        """Raises httptools.HttpParserError where it is not HTTP, ResponseTooLong where it has no end."""
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
        if not self._head_done:
            self._head_bytes += len(data)
        self._parser.feed_data(data)
        if self._head_done:
            self._chunked = "chunked" in self.headers.get("transfer-encoding", "").lower()
        elif self._head_bytes > HEADER_BYTES:
            raise ResponseTooLong(f"headers of more than {HEADER_BYTES} bytes")

    def catch_up(self) -> None:
        """Parses what was gathered. Raises what `feed` raises."""
        raw, start = bytes(self._raw), 0
        if raw:
            assert self._parser is not None
            read = zip(self._stamps, self._ends, strict=True)
            self._raw, self._stamps, self._ends = bytearray(), array("q"), array("q")
            for stamp_ns, end in read:
                self._stamp = stamp_ns
                self._parser.feed_data(raw[start:end])
                start = end

    def close(self) -> None:
        """Lets go of the parser, which holds this object in turn."""
        self._parser = None

    def end(self) -> bool:
        """Whether a close is a proper end: a body without a length ends so (RFC 9112, 6.3)."""
        framed = "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()
        self.complete = self.complete or (self._head_done and not framed)
        return self.complete

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the same connection."""
        return self.complete and self._keep_alive

    @property
    def body(self) -> bytes:
        """All of the body that came."""
        return b"".join(piece for _, piece in self.pieces)

    def on_message_begin(self) -> None:
        if self.complete:
            raise ResponseTooLong("a second response to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        status = int(self._parser.get_status_code())
        if status >= 200:
            self.status = status
            self._head_done = True

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES:
            raise ResponseTooLong(f"a body of more than {BODY_BYTES} bytes")
        self.pieces.append((self._stamp, body))

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if self._head_done:
            self.complete = True
            self._keep_alive = bool(self._parser.should_keep_alive())
        else:  # 100 Continue and its like: the real response follows
            self.headers.clear()
