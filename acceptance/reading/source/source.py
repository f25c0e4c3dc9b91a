"""A file's text as lines: line ends, damage of old conversions, and the way back to positions on disk."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signoff.acceptance.errors import DocumentUnreadable
from signoff.acceptance.reading.source.encoding import Flaw, decoded, place
from signoff.perf.errors import InputMissing, InputTooLong, InputUnreadable
from signoff.perf.input_file import read_input

MAX_BYTES = 16 * 2**20
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_LONE_CR = re.compile(r"\r(?!\n)")
_MARK = "\ufeff"
# Characters that some programs take for a line end and Markdown does not: a blank in the text that is read.
_SEPARATORS = dict.fromkeys((0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029), " ")
_REORDERS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROLS = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_HINT = "save the document as UTF-8"


@dataclass(frozen=True, slots=True)
class Source:
    """A document's text, repaired for reading. `raw` holds the lines as they lie on disk, without line ends."""

    path: str
    lines: tuple[str, ...]
    raw: tuple[str, ...]
    repaired: bool
    flaws: tuple[Flaw, ...] = ()
    leads: Mapping[int, int] = field(default_factory=dict)
    """By line: how many characters on disk (byte order marks) are before its text."""
    sha256: str = ""
    """Of the file's bytes."""

    def column(self, line: int, offset: int) -> int:
        """The column on disk, from 1, of a character offset in a line of the repaired text."""
        text = self.lines[line - 1]
        width = min(offset, len(text))
        if self.repaired and not text.isascii():
            # Damage makes one character of every byte, whichever of the old encodings did it.
            width = len(text[:offset].encode("utf-8", "surrogatepass"))
        return self.leads.get(line, 0) + width + 1


def read_source(path: Path, most_bytes: int = MAX_BYTES) -> Source:
    """Read a file as text. Raises DocumentUnreadable where it is none, or longer than that."""
    try:
        data = read_input(path, most_bytes)
    except InputTooLong as error:
        size = f"more than {most_bytes}" if error.size is None else error.size
        raise DocumentUnreadable(
            f"{path}: {size} bytes are no task document: at most {most_bytes} are read",
            "give a shorter text, or raise --max-bytes",
        ) from None
    except InputMissing:
        raise DocumentUnreadable(f"{path}: no such file", "check the path") from None
    except InputUnreadable as error:
        is_other = not path.is_file() and path.exists()
        reason = f"{path}: neither a file nor a folder" if is_other else str(error)
        raise DocumentUnreadable(reason, error.hint) from None
    return from_bytes(data, path.as_posix())


def from_bytes(data: bytes, path: str) -> Source:
    """The text of these bytes, with its damage repaired where that can be done for the whole of it."""
    text, flaws = decoded(data, path)
    flaws += _line_ends(text)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = _lines(text)
    repaired = _repaired(text)
    if repaired is None:
        lines = raw
        flaws += _mixed(raw)
    else:
        lines = _lines(repaired[0])
        read_as = f"the text is UTF-8 that was read as {repaired[1]}"
        message = f"{read_as}; it is repaired for reading, places stay the file's"
        flaws.append(Flaw("encoding-repaired", "note", 1, 1, message, _HINT))
    marked = [number for number, line in enumerate(lines, 1) if line.startswith(_MARK)]
    leads = {number: _leading_marks(lines[number - 1], repaired is not None) for number in marked}
    flaws += _inner_marks(marked, repaired is not None)
    lines = tuple(line.lstrip(_MARK) for line in lines)
    for number, (line, shown) in enumerate(zip(lines, raw, strict=True), 1):
        flaws += _hidden(number, line, shown)
    lines = tuple(line.translate(_SEPARATORS) for line in lines)
    return Source(path, lines, raw, repaired is not None, tuple(flaws), leads, hashlib.sha256(data).hexdigest())


def _line_ends(text: str) -> Iterator[Flaw]:
    found = list(_LONE_CR.finditer(text))
    if found:
        line, column = place(text[: found[0].start()])
        count = f"{len(found)} lines end" if len(found) > 1 else "one line ends"
        message = f"{count} with a carriage return alone; editors that do not count those show other line numbers"
        yield Flaw("line-end-cr", "note", line, column, message, "save the document with line feeds")


def _lines(text: str) -> tuple[str, ...]:
    lines = text.split("\n")
    return tuple(lines[:-1] if lines[-1] == "" else lines)


def _repaired(text: str) -> tuple[str, str] | None:
    """The text with UTF-8 that was read in an old encoding put right, and its name; None where it is not such."""
    if text.isascii():
        return None
    for name, encoded in (("Mac Roman", _mac_roman), ("Windows-1252", _windows)):
        try:
            return encoded(text).decode("utf-8"), name
        except UnicodeError:
            continue
    return None


def _mac_roman(text: str) -> bytes:
    return text.encode("mac_roman")


def _windows(text: str) -> bytes:
    """The bytes of a text in Windows-1252, whose five unused bytes stand for themselves, as browsers have it."""
    encoded = bytearray()
    for run in re.split(r"([\x80-\x9f])", text):
        encoded += run.encode("latin-1") if len(run) == 1 and "\x80" <= run <= "\x9f" else run.encode("cp1252")
    return bytes(encoded)


def _mixed(lines: tuple[str, ...]) -> Iterator[Flaw]:
    """The first run of damaged characters in a text that could not be repaired as a whole."""
    for number, line in enumerate(lines, 1):
        if line.isascii():
            continue
        for run in _NOT_ASCII.finditer(line):
            repaired = _repaired(run[0]) if len(run[0]) > 1 else None
            if repaired is not None:
                message = (
                    f"some characters are UTF-8 that was read as {repaired[1]} (these were {repaired[0]!r}), "
                    "others are not, so nothing is repaired"
                )
                yield Flaw("encoding-mixed", "warning", number, run.start() + 1, message, _HINT, len(run[0]))
                return


def _hidden(number: int, line: str, shown: str) -> Iterator[Flaw]:
    """The first character of a line that nobody sees: what reorders text could show another demand than is read."""
    if line.isprintable() or (line.isascii() and line.replace("\t", "").isprintable()):
        return
    reorders, control = _REORDERS.search(line), _CONTROLS.search(line)
    found = reorders or control
    if found is None:
        return
    what = "which changes the order in which a line is shown" if reorders else "which no text needs"
    message = f"an invisible character (U+{ord(found[0]):04X}), {what}"
    column = shown.find(found[0]) + 1 or found.start() + 1
    yield Flaw("character-hidden", "warning" if reorders else "note", number, column, message, "delete it")


def _leading_marks(line: str, repaired: bool) -> int:
    marks = line[: len(line) - len(line.lstrip(_MARK))]
    return len(marks.encode("utf-8")) if repaired else len(marks)


def _inner_marks(marked: list[int], repaired: bool) -> Iterator[Flaw]:
    for number in marked:
        # In a repaired text the mark of the first line is the file's own, damaged with the rest.
        if number > 1 or not repaired:
            message = "a byte order mark within the text: files were joined here; it is left out"
            yield Flaw("bom-inside", "note", number, 1, message, "delete the invisible character before this line")
