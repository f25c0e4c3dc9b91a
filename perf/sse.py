"""Server-sent events out of bytes that may be split anywhere.

Follows the WHATWG HTML standard, section 9.2.6: lines end in LF, CRLF or CR, a leading byte order mark is
dropped, comments are skipped, an empty line completes the event, an event without data is none.
"""

from __future__ import annotations

from typing import Final, NamedTuple

_BOM: Final = b"\xef\xbb\xbf"


def plain_data(stream: bytes) -> list[bytes] | None:
    """The data of each event of a whole stream, where each is one `data: ` line and an empty one; None where not."""
    if not (stream.startswith(b"data: ") and stream.endswith(b"\n\n")) or b"\r" in stream:
        return None
    found = stream[6:-2].split(b"\n\ndata: ")
    return found if stream.count(b"\n") == 2 * len(found) else None


class Event(NamedTuple):
    """One complete event. `kind` is the `event` field, `message` where the stream names none."""

    data: str
    kind: str = "message"


class EventReader:
    """Takes bytes as they come and gives back the events that they complete."""

    __slots__ = ("_after_cr", "_buffer", "_data", "_kind", "_start")

    def __init__(self) -> None:
        self._buffer = b""
        self._data: list[bytes] = []
        self._kind = b""
        self._after_cr = False
        self._start = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that `chunk` completes, in order."""
        events: list[Event] = []
        if not chunk:
            return events
        if self._after_cr:
            self._after_cr = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        text = self._buffer + chunk
        if self._start:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._buffer = text
                return events
            self._start = False
            text = text.removeprefix(_BOM)
        if b"\r" in text:
            self._after_cr = text.endswith(b"\r")
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self._buffer = text.split(b"\n")
        for line in lines:
            if line:
                self._field(line)
            else:
                self._dispatch(events)
        return events

    def rest(self) -> str:
        """The data of an event that the end of the stream left incomplete; the standard discards it."""
        if self._buffer:
            self._field(self._buffer)
            self._buffer = b""
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
        self._kind = b""
