"""Bytes to text: encoding, line endings, damage, and the way back to positions of the file on disk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from acceptance.errors import DocumentUnreadable

MAX_BYTES = 16 * 2**20
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_DAMAGING = "mac_roman"


@dataclass(frozen=True, slots=True)
class Source:
    """A document's text, repaired for reading. `raw` holds the lines as they lie on disk, without line ends."""

    path: str
    lines: tuple[str, ...]
    raw: tuple[str, ...]
    repaired: bool
    mixed_line: int | None = None
    """The first line with damaged characters in a text that could not be repaired as a whole."""

    def column(self, line: int, offset: int) -> int:
        """The column on disk, from 1, of a character offset in a line of the repaired text."""
        prefix = self.lines[line - 1][:offset]
        return len(_damaged(prefix) if self.repaired else prefix) + 1


def read_source(path: Path) -> Source:
    """Read a file as UTF-8 text. Raises DocumentUnreadable where it is none."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DocumentUnreadable(
                f"{path}: {size} bytes are no task document", f"give a text of at most {MAX_BYTES} bytes"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise DocumentUnreadable(f"{path}: no such file", "check the path") from None
    except OSError as error:
        raise DocumentUnreadable(f"{path}: {error.strerror}", "make the file readable") from None
    return from_bytes(data, path.as_posix())


def from_bytes(data: bytes, path: str) -> Source:
    """The text of these bytes, with its damage repaired where that can be done for the whole of it."""
    text = _decoded(data, path).replace("\r\n", "\n").replace("\r", "\n")
    repaired = _repaired(text)
    if repaired is not None:
        return Source(path, _lines(repaired), _lines(text), repaired=True)
    return Source(path, _lines(text), _lines(text), repaired=False, mixed_line=_mixed_line(text))


def _decoded(data: bytes, path: str) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DocumentUnreadable(f"{path}:1:1: the text is UTF-16", "save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _place(data[: error.start])
        raise DocumentUnreadable(
            f"{path}:{place}: byte 0x{data[error.start]:02x} is not UTF-8 text", "save the document as UTF-8"
        ) from None
    if "\0" in text:
        place = _place(data[: data.index(b"\0")])
        raise DocumentUnreadable(f"{path}:{place}: a NUL byte, so this is no text", "give a text file")
    return text


def _place(before: bytes) -> str:
    line_begin = before.rfind(b"\n") + 1
    line = before.count(b"\n") + 1
    return f"{line}:{len(before) - line_begin + 1}"


def _lines(text: str) -> tuple[str, ...]:
    lines = text.split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _repaired(text: str) -> str | None:
    """The text with UTF-8 that was read as Mac Roman put right, or None where it is not such a text."""
    if text.isascii():
        return None
    try:
        return text.encode(_DAMAGING).decode("utf-8")
    except UnicodeError:
        return None


def _damaged(text: str) -> str:
    return text.encode("utf-8").decode(_DAMAGING)


def _mixed_line(text: str) -> int | None:
    for number, line in enumerate(text.split("\n"), 1):
        if any(len(run) > 1 and _repaired(run) is not None for run in _NOT_ASCII.findall(line)):
            return number
    return None
