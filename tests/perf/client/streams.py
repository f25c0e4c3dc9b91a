"""A stream that is read with every event decoded, for comparison with the way that skips most."""

from __future__ import annotations

from signoff.perf.client.completion import Completion, Pieces, StreamReader


def event_by_event(pieces: Pieces) -> Completion:
    reader = StreamReader(plain=False)
    reader.feed(pieces)
    return reader.end()
