"""The one function for output, `show`; every command uses it.

Output contains text from documents, servers, files and arguments. None of it can move the cursor, write into the
clipboard, clear the screen or reorder a line: each character that could is shown as its code point. Our own colours
come through because `styled` makes a text harmless before it colours it.

This is not rich, which passes escapes in a text on to the terminal, hides the cursor while a line moves, and takes
FORCE_COLOR=0 for a yes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, TextIO, cast

from signoff.reports.leaving import leaving
from signoff.reports.plain_text import visible

Stream = Literal["out", "err"]
STYLES: Final[Mapping[str, str]] = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "conflict": "1;35",
    "bold": "1",
    "soft": "2",
    "hint": "32",
}
_OURS: Final = re.compile("(\x1b\\[(?:0|" + "|".join(STYLES.values()) + ")m)")
_CLEAR_LINE: Final = "\r\x1b[K"
_CLEAR_SCREEN: Final = "\x1b[2J\x1b[3J\x1b[H"


def show(text: object = "", *, on: Stream = "out", end: str = "\n", coloured: bool = False) -> None:
    """Write a text to standard output or error immediately. `coloured` keeps the colours of `styled`.

    Raises BrokenPipeError if the reader has closed the pipe, and OSError if the disk is full.
    """
    parts = _OURS.split(str(text)) if coloured else [str(text)]
    _write(on, "".join(part if place % 2 else harmless(part) for place, part in enumerate(parts)) + end)


def harmless(text: object) -> str:
    """The text without terminal control characters, except tabs and line ends."""
    return visible(leaving(str(text)).replace("\r\n", "\n"))


def styled(style: str, text: object) -> str:
    """The text, sanitized and then coloured; for `show` with `coloured`."""
    shown = harmless(text)
    return f"\x1b[{STYLES[style]}m{shown}\x1b[0m" if style and shown else shown


def redraw(text: object) -> None:
    """Replace the progress line on standard error."""
    width = shutil.get_terminal_size().columns - 1
    _write("err", _CLEAR_LINE + harmless(text).replace("\n", " ")[:width])


def clear_line() -> None:
    """Remove the line of `redraw`."""
    _write("err", _CLEAR_LINE)


def clear_screen() -> None:
    """Clear standard output if it is a terminal."""
    if is_terminal("out"):
        _write("out", _CLEAR_SCREEN)


def is_terminal(on: Stream) -> bool:
    """Whether this stream is a terminal."""
    return stream(on).isatty()


def silence() -> None:
    """Discard further standard output after its reader left, including the interpreter's last flush."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream("out").fileno())


def stream(on: Stream) -> TextIO:
    """The stream itself, below what `guarded` put in its place."""
    found = sys.stdout if on == "out" else sys.stderr
    return cast(TextIO, getattr(found, "guarded", found))


@contextlib.contextmanager
def guarded(*, output: bool = False) -> Iterator[None]:
    """Sanitizes other output meanwhile: warnings, logs and tracebacks on standard error.

    With `output` also standard output.
    """
    with contextlib.ExitStack() as kept:
        kept.enter_context(contextlib.redirect_stderr(cast(TextIO, _Guard(stream("err")))))
        if output:
            kept.enter_context(contextlib.redirect_stdout(cast(TextIO, _Guard(stream("out")))))
        yield


class _Guard:
    """A stream that sanitizes text; other attributes are the stream's."""

    def __init__(self, guarded: TextIO) -> None:
        self.guarded = guarded

    def write(self, text: str) -> int:
        self.guarded.write(_encodable(harmless(text), self.guarded))
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.guarded, name)


def _write(on: Stream, text: str) -> None:
    into = stream(on)
    into.write(_encodable(text, into))
    into.flush()


def _encodable(text: str, into: TextIO) -> str:
    """A terminal with another encoding shows a replacement for unsupported characters."""
    encoding = into.encoding or "utf-8"
    return text.encode(encoding, "replace").decode(encoding)
