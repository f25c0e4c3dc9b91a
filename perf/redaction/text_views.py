"""Views of a text: unchanged, without escapes, and without separators between characters.

A server may percent-encode a key, escape it as in JSON or HTML, or break it over lines. Each
view maps its parts to parts of the text.
"""

from __future__ import annotations

import html
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

MOST_LAYERS: Final = 4
"""Maximum layers of nested escapes, such as JSON in a JSON string."""
MOST_VIEWS: Final = 20
"""All of three layers of three kinds; whatever else a text holds, four layers of one kind are taken off as well."""
_PERCENT: Final = rb"%[0-9A-Fa-f]{2}"
_BACKSLASH: Final = (
    rb"\\(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,8}\}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[0-7]{1,3}|[\"'\\/bfnrt])"
)
_ENTITY: Final = rb"&(?:#[0-9]{1,24};?|#[xX][0-9A-Fa-f]{1,24};?|[A-Za-z][A-Za-z0-9]{1,31};)"
_ESCAPE: Final = re.compile(b"|".join((_PERCENT, _BACKSLASH, _ENTITY)))
_KINDS: Final = ((b"%", re.compile(_PERCENT)), (b"\\", re.compile(_BACKSLASH)), (b"&", re.compile(_ENTITY)))
"""Each kind by itself: a sign of one may be a plain character where another is used."""
_LONGEST: Final = 40
"""Maximum bytes of an escape."""
_CONTROLS: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_SEPARATOR: Final = re.compile(
    rb"[\x00-\x20\x7f]+|\xc2[\x80-\xa0\xad]|\xcd\x8f|\xd8\x9c|\xe1(?:\x85[\x9f\xa0]|\x9a\x80|\xa0[\x8b-\x8f])"
    rb"|\xe2\x80[\x80-\x8f\xa8-\xaf]|\xe2\x81[\x9f-\xaf]|\xe3(?:\x80\x80|\x85\xa4)"
    rb"|\xef(?:\xb8[\x80-\x8f]|\xbb\xbf|\xbe\xa0|\xbf[\xb9-\xbb])|\xf3\xa0[\x80-\x87][\x80-\xbf]"
)
"""White space and invisible characters."""

_SEPARATORS: Final = bytes([*range(0x21), 0x7F])
"""Those of ASCII, which most texts have alone."""


class View:
    """Bytes, and where they come from: `parts` of the view `below` were written otherwise. The text itself has none."""

    def __init__(self, data: bytes, below: View | None = None, parts: re.Pattern[bytes] | None = None) -> None:
        self.data = data
        self._below = below
        self._parts = parts
        self._edges: tuple[list[int], list[int], list[int], list[int]] | None = None

    def in_root(self, start: int, end: int) -> tuple[int, int]:
        """The place in the root of a part that is not empty."""
        view, first, last = self, start, end - 1
        while view._below is not None:
            (first, _), (_, end) = view._origin(first), view._origin(last)
            last = end - 1
            view = view._below
        return first, last + 1

    def _origin(self, place: int) -> tuple[int, int]:
        """The part of the view below that the byte at this place was made of."""
        if self._edges is None:
            self._edges = self._found_edges()
        starts, ends, below_starts, below_ends = self._edges
        at = bisect_right(starts, place) - 1
        if at < 0:
            return place, place + 1
        if place < ends[at]:
            return below_starts[at], below_ends[at]
        shifted = below_ends[at] + place - ends[at]
        return shifted, shifted + 1

    def _found_edges(self) -> tuple[list[int], list[int], list[int], list[int]]:
        assert self._below is not None
        assert self._parts is not None
        starts, ends, below_starts, below_ends = [], [], [], []
        grown = 0
        for found in self._parts.finditer(self._below.data):
            written = b"" if self._parts is _SEPARATOR else _meaning(found)
            starts.append(found.start() + grown)
            grown += len(written) - (found.end() - found.start())
            ends.append(found.end() + grown)
            below_starts.append(found.start())
            below_ends.append(found.end())
        return starts, ends, below_starts, below_ends


def views(data: bytes) -> Iterator[View]:
    """The text as it is first, then with layer after layer of escapes taken off, each also without separators."""
    layer, seen = [(View(data), b"")], {hash(data)}
    for _ in range(MOST_LAYERS + 1):
        below, layer = layer[::-1], []
        while below:
            view, taken = below.pop()
            yield view
            plain = view.data.isascii()
            joined = view.data.translate(None, _SEPARATORS) if plain else _SEPARATOR.sub(b"", view.data)
            if len(joined) != len(view.data):
                yield View(joined, view, _SEPARATOR)
            for mark, escape in _KINDS:
                only = mark * (len(taken) + 1) if taken == mark * len(taken) else b"mixed"
                if mark in view.data and (len(seen) < MOST_VIEWS or only != b"mixed"):
                    meant = escape.sub(_meaning, view.data)
                    if hash(meant) not in seen:
                        seen.add(hash(meant))
                        layer.append((View(meant, view, escape), only))


def widened(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The part with the whole of the escapes and characters at its edges, so that the text around it stays valid."""
    begin = max(0, start - _LONGEST)
    while begin > 0 and data[begin - 1 : begin] == b"\\":  # the first of them decides what the others are
        begin -= 1
    for found in _ESCAPE.finditer(data, begin, min(len(data), end + _LONGEST)):
        if found.start() < start < found.end():
            start = found.start()
        if found.start() < end < found.end():
            end = found.end()
    while start > 0 and data[start] & 0xC0 == 0x80:
        start -= 1
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return start, end


def _meaning(found: re.Match[bytes]) -> bytes:
    """The text that an escape encodes."""
    escape = found.group()
    kind, rest = escape[:1], escape[1:]
    if kind == b"%":
        return bytes.fromhex(rest.decode())
    if kind == b"&":
        return html.unescape(escape.decode()).encode("utf-8", "surrogatepass")
    if rest[:1] in b"uUx":
        code = int(rest[1:].strip(b"{}"), 16)
        return chr(code).encode("utf-8", "surrogatepass") if code <= sys.maxunicode else escape
    if rest.isdigit():
        return chr(int(rest, 8)).encode("utf-8")
    return _CONTROLS.get(rest, rest)
