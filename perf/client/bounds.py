"""Size limits of one answer and of all answers together: bytes, chunks, events.

If an answer exceeds a limit, its request fails, and the run continues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

HEADER_BYTES: Final = 64 * 1024
"""Bytes of a head, preceding interim responses (1xx) included."""
STREAM_BYTES: Final = 64 * 2**20
WHOLE_BYTES: Final = 8 * 2**20
"""Bytes of a body that is not an event stream."""
MOST_PIECES: Final = 2**18
"""Chunks of one body, or reads of an unchunked one."""
PIECE_BYTES: Final = 100
"""The memory overhead of a stored chunk (CPython 3.11: a tuple, a bytes object, a list entry)."""
FRAMING_BYTES: Final = 64
"""Bytes of chunk sizes, extensions and trailers, per chunk; plus the limit of two heads."""
EVENT_BYTES: Final = 2**20
"""Bytes of a stream without a complete event."""
MOST_EVENTS: Final = 2**16
"""Events of one stream, if the request has no token limit."""
LEAST_EVENTS, EVENTS_A_TOKEN = 1024, 8
"""Otherwise: the factor per token, and the minimum."""
MOST_VALUES: Final = 500_000
"""Of one JSON body: commas and opening brackets. An empty list takes 64 bytes in memory, and three as text."""
FREE_BYTES: Final = 64 * 1024
ROOM_BYTES: Final = 48 * 2**20
"""Bytes of all answers in progress at one client that use more than `FREE_BYTES` each."""
MOST_TEXT: Final = 2**20
"""Characters of a stored completion."""
MOST_TOKENS: Final = 10**9
"""A token count above this is invalid."""


class AnswerTooLong(Exception):
    """An answer larger than any completion needs; the message names the exceeded limit."""


class Room:
    """The remaining memory of several answers together, such as all in progress at one client."""

    __slots__ = ("_size", "left")

    def __init__(self, size: int = ROOM_BYTES) -> None:
        self._size = self.left = size

    def take(self, size: int) -> None:
        """Raises AnswerTooLong if not enough is left; a negative size releases memory."""
        self.left -= size
        if size > 0 and self.left < 0:
            raise AnswerTooLong(f"the answers take more than {self._size >> 20} MiB together")


def most_events(bodies: Iterable[Mapping[str, Any]]) -> int:
    """The maximum number of events in a stream that answers one of these requests."""
    found = [_tokens(body) for body in bodies]
    known = [tokens for tokens in found if tokens is not None]
    if not known or len(known) < len(found):
        return MOST_EVENTS
    return max(LEAST_EVENTS, EVENTS_A_TOKEN * max(known))


def _tokens(body: Mapping[str, Any]) -> int | None:
    tokens, choices = body.get("max_completion_tokens", body.get("max_tokens")), body.get("n", 1)
    return tokens * choices if type(tokens) is int and type(choices) is int else None


def too_many_values(body: bytes) -> bool:
    """Whether a JSON text may contain too many values; the contents of strings count too."""
    return len(body) > MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES
