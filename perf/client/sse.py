"""Server-sent events from bytes that may be split anywhere.

Follows the WHATWG HTML standard, section 9.2.6: lines end in LF, CRLF or CR, a leading byte order mark is
dropped, comments are skipped, an empty line completes the event, an event without data is ignored.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from signoff.perf.client.bounds import EVENT_BYTES, AnswerTooLong

_BOM: Final = b"\xef\xbb\xbf"


def plain_data(stream: bytes) -> list[bytes] | None:
    """The data of each event of a whole stream, where each is one `data: ` line and an empty one; None if not."""
    if not (stream.startswith(b"data: ") and stream.endswith(b"\n\n")) or b"\r" in stream:
        return None
    found = stream[6:-2].split(b"\n\ndata: ")
    return found if stream.count(b"\n") == 2 * len(found) else None


class Event(NamedTuple):
    """One complete event. `kind` is the `event` field, `message` where the stream names none."""

    data: str
    kind: str = "message"


class EventReader:
    """Accepts bytes and returns the events that they complete."""

    __slots__ = ("_after_cr", "_begun", "_data", "_kind", "_line", "_start")

    def __init__(self) -> None:
        self._line: list[bytes] = []
        self._data: list[bytes] = []
        self._kind = b""
        self._begun = 0
        self._after_cr = False
        self._start = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes, in order. Raises AnswerTooLong for an event without end."""
        events: list[Event] = []
        if not chunk:
            return events
        self._begun += len(chunk)
        if self._begun > EVENT_BYTES + len(chunk):
            raise AnswerTooLong(f"no event within {EVENT_BYTES} bytes of the stream")
        if self._after_cr:
            self._after_cr = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        if self._start:
            chunk = b"".join((*self._line, chunk))
            self._line = []
            if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
                self._line = [chunk]
                return events
            self._start = False
            chunk = chunk.removeprefix(_BOM)
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *lines = chunk.split(b"\n")
        if not lines:  # a line that goes on is joined once, at its end
            self._line.append(first)
            return events
        if self._line:
            first = b"".join((*self._line, first))
        self._line = [lines.pop()]
        for line in (first, *lines):
            if line:
                self._field(line)
            else:
                self._dispatch(events)
        return events

    def rest(self) -> str:
        """The data of an event that the end of the stream left incomplete; the standard discards it."""
        line, self._line = b"".join(self._line), []
        if line:
            self._field(line)
        data, self._data = self._data, []
        return b"\n".join(data).decode("utf-8", "replace")

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._kind = value

    def _dispatch(self, events: list[Event]) -> None:
        if self._data:
            data = b"\n".join(self._data).decode("utf-8", "replace")
            events.append(Event(data, self._kind.decode("utf-8", "replace") or "message"))
            self._data = []
            self._begun = 0
        self._kind = b""
