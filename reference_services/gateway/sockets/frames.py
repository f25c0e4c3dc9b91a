"""Frame boundaries in the bytes of a WebSocket (RFC 6455, section 5.2); contents are not kept.

The heads are read here and not by `websockets`, whose parser hands out whole frames: it would hold a message of up to
`max_body_bytes` for each socket and direction, where this holds one piece of a connection, and it refuses the reserved
bits of extensions that client and service agreed on.
"""

from __future__ import annotations

from websockets.frames import DATA_OPCODES, Close, CloseCode, Frame, Opcode

_MASK_BYTES = 4
_MOST_REASON_BYTES = 123
"""A control frame holds 125 bytes at most, and the code is two of them."""


class TooLong(Exception):
    """A message is longer than the limit."""


class Frames:
    """Follows one direction. `most_bytes`: what a message may have, over all its frames."""

    def __init__(self, most_bytes: int | None = None) -> None:
        self._most_bytes = most_bytes
        self._head = bytearray()
        self._left = 0
        self._message_bytes = 0
        self.is_closing = False
        """Whether a close frame began."""

    @property
    def is_between(self) -> bool:
        """Whether a frame of one's own may be put here."""
        return not self._head and not self._left

    def feed(self, data: bytes) -> int:
        """Process these bytes; returns the number of messages that begin in them. Raises TooLong."""
        begun = at = 0
        while at < len(data):
            if self._left:
                step = min(self._left, len(data) - at)
                self._left -= step
                at += step
                continue
            self._head.append(data[at])
            at += 1
            if len(self._head) == self._head_bytes():
                begun += self._begin()
        return begun

    def _head_bytes(self) -> int:
        if len(self._head) < 2:
            return 2
        length = self._head[1] & 0x7F
        return 2 + {126: 2, 127: 8}.get(length, 0) + (_MASK_BYTES if self._head[1] & 0x80 else 0)

    def _begin(self) -> bool:
        """A frame begins; whether a message does."""
        head, self._head = self._head, bytearray()
        kind, length = head[0] & 0x0F, head[1] & 0x7F
        if length >= 126:
            length = int.from_bytes(head[2:4] if length == 126 else head[2:10], "big")
        self._left = length
        self.is_closing = self.is_closing or kind == Opcode.CLOSE
        if kind in DATA_OPCODES:
            self._message_bytes = length + (self._message_bytes if kind == Opcode.CONT else 0)
            if self._most_bytes is not None and self._message_bytes > self._most_bytes:
                raise TooLong
        return kind in (Opcode.TEXT, Opcode.BINARY)


def close_frame(code: CloseCode, reason: str) -> bytes:
    """A close frame as a server sends it, not masked."""
    short = reason.encode()[:_MOST_REASON_BYTES].decode(errors="ignore")
    return Frame(Opcode.CLOSE, Close(code, short).serialize()).serialize(mask=False)
