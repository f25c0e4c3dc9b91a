"""Size limits of one answer and of all answers together: bytes, pieces, events.

If an answer exceeds a limit, its request fails, and the run continues.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

HEADER_BYTES: Final = 64 * 1024
"""Of a head, interim answers (1xx) before it included."""
STREAM_BYTES: Final = 64 * 2**20
WHOLE_BYTES: Final = 8 * 2**20
"""Of a body that is not a stream of events."""
MOST_PIECES: Final = 2**18
"""Chunks of one body, or reads if it has no chunks."""
PIECE_BYTES: Final = 100
"""What keeping a piece costs beside its bytes (CPython 3.11: a tuple, a bytes object, a place in a list)."""
FRAMING_BYTES: Final = 64
"""Of chunk sizes, their extensions and trailers, for each piece; beside what two heads may have."""
EVENT_BYTES: Final = 2**20
"""Of a stream that complete no event."""
MOST_EVENTS: Final = 2**16
"""Of one stream, where the request does not say how many tokens it wants."""
LEAST_EVENTS, EVENTS_A_TOKEN = 1024, 8
"""If it does: the factor per token, and the minimum."""
MOST_VALUES: Final = 500_000
"""Of one JSON body: commas and opening brackets. A list without members takes 64 bytes where its text takes three."""
FREE_BYTES: Final = 64 * 1024
ROOM_BYTES: Final = 48 * 2**20
"""Of all answers in progress at one client that use more than `FREE_BYTES` each."""
MOST_TEXT: Final = 2**20
"""Characters of a completion whose text is kept."""
MOST_TOKENS: Final = 10**9
"""A token count above this is invalid."""


class AnswerTooLong(Exception):
    """An answer beyond what any completion needs; the message says which bound it broke."""


class Room:
    """The remaining memory of several answers together, such as all in progress at one client."""

    __slots__ = ("_size", "left")

    def __init__(self, size: int = ROOM_BYTES) -> None:
        self._size = self.left = size

    def take(self, size: int) -> None:
        """Raises AnswerTooLong if there is not so much left; a negative size gives back."""
        self.left -= size
        if size > 0 and self.left < 0:
            raise AnswerTooLong(f"the answers take more than {self._size >> 20} MiB together")


def most_events(bodies: Iterable[Mapping[str, Any]]) -> int:
    """How many events a stream may have that answers one of these requests."""
    found = [_tokens(body) for body in bodies]
    known = [tokens for tokens in found if tokens is not None]
    if not known or len(known) < len(found):
        return MOST_EVENTS
    return max(LEAST_EVENTS, EVENTS_A_TOKEN * max(known))


def _tokens(body: Mapping[str, Any]) -> int | None:
    tokens, choices = body.get("max_completion_tokens", body.get("max_tokens")), body.get("n", 1)
    return tokens * choices if type(tokens) is int and type(choices) is int else None


def too_many_values(body: bytes) -> bool:
    """Whether a JSON text holds more values than may be built of it; text within strings counts as well."""
    return len(body) > MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES
