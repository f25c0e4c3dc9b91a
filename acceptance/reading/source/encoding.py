"""Bytes to characters: what a file is written in, what of it is damaged, and when it is no text at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass

from signoff.acceptance.errors import DocumentUnreadable
from signoff.acceptance.reading.source.document import Severity

REPLACEMENT = "\ufffd"
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a ZIP archive, or an office document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x7fELF", "a program"),
)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOISE = re.compile("[\0\ufffd]")
_LOOKED_AT = 2**16
# One character in five that no text holds: none was ever meant, or one in an alphabet that nobody can guess.
_NOISE_IN_TEXT = 0.2
_UTF_8_LENGTH = 4


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the characters of a file, and where; `width` characters are meant."""

    code: str
    severity: Severity
    line: int
    column: int
    message: str
    hint: str
    width: int = 1


def decoded(data: bytes, path: str) -> tuple[str, list[Flaw]]:
    """The text of a file and its flaws. Raises DocumentUnreadable where it is no text."""
    for magic, name in _MAGIC:
        if data.startswith(magic):
            raise DocumentUnreadable(f"{path}:1:1: this is {name}, not a text", "export it as Markdown or plain text")
    wide = _wide(data)
    if wide:
        shown = wide.removesuffix("-le").removesuffix("-be").upper()
        message = f"the text is {shown}, not UTF-8; it is read all the same"
        flaws = [Flaw("encoding-utf-16", "note", 1, 1, message, "save the document as UTF-8")]
        text = data.decode(wide, "replace").removeprefix("\ufeff")
    else:
        text, flaws = _narrow(data, path)
    _refuse_binary(text, path)
    flaws += _nul_bytes(text)
    return text.replace("\0", REPLACEMENT), flaws


def place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what is behind this text; any line end counts."""
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return len(lines), len(lines[-1]) + 1


def _wide(data: bytes) -> str:
    """The encoding of a text in units of two or four bytes, with or without a byte order mark; "" for others."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    head = data[:_LOOKED_AT]
    zeros = head[::2].count(0), head[1::2].count(0)
    if len(head) % 2 == 0 and min(zeros) == 0 and max(zeros) * 10 > len(head) // 2 * 9:
        return "utf-16-be" if zeros[0] else "utf-16-le"
    return ""


def _narrow(data: bytes, path: str) -> tuple[str, list[Flaw]]:
    """UTF-8; where it is none, the old Windows encoding, or UTF-8 with a mark for each broken character."""
    # `utf-8-sig` would count the places of its errors from behind the mark.
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), []
    except UnicodeDecodeError as error:
        first = error
    if first.reason == "unexpected end of data" and len(data) - first.start < _UTF_8_LENGTH:
        text = data.decode("utf-8", "replace")
        line, column = place(text[:-1])
        message = "the file ends within a character: it was cut off here, and what followed is missing"
        return text, [Flaw("encoding-truncated", "error", line, column, message, "fetch the whole document again")]
    text = data.decode("utf-8", "replace")
    _refuse_binary(text, path)
    line, column = place(data[: first.start].decode("utf-8"))
    byte = f"byte 0x{data[first.start]:02x}"
    if text.replace(REPLACEMENT, "").isascii():
        message = f"{byte} is no UTF-8; the text is read as Windows-1252, which may show other characters than meant"
        flaw = Flaw("encoding-not-utf-8", "warning", line, column, message, "save the document as UTF-8")
        return data.decode("cp1252", "replace"), [flaw]
    return text, list(_broken(text, byte))


def _broken(text: str, byte: str) -> Iterator[Flaw]:
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if REPLACEMENT in line:
            count = line.count(REPLACEMENT)
            broken = "a broken character" if count == 1 else f"{count} broken characters"
            message = f"{broken}: these bytes are no UTF-8 (the first in the file is {byte})"
            column = line.index(REPLACEMENT) + 1
            yield Flaw("encoding-broken", "error", number, column, message, "save the document as UTF-8")


def _refuse_binary(text: str, path: str) -> None:
    head = text[:_LOOKED_AT]
    noise = list(_NOISE.finditer(head))
    if len(noise) > len(head) * _NOISE_IN_TEXT:
        line, column = place(head[: noise[0].start()])
        what = "a NUL byte" if noise[0][0] == "\0" else "a byte that is no UTF-8"
        share = round(100 * len(noise) / len(head))
        message = f"{path}:{line}:{column}: {what}; {share} % of the file are like it, so it is no text"
        raise DocumentUnreadable(message, "give a text file, saved as UTF-8")


def _nul_bytes(text: str) -> Iterator[Flaw]:
    if "\0" not in text:
        return
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if "\0" in line:
            message = "a NUL byte, which no text holds; it is read as a character that nobody can see"
            yield Flaw("nul-byte", "warning", number, line.index("\0") + 1, message, "delete it")
