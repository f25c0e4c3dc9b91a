"""Whether a stream takes colour, and the few colours that the commands use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from reports.plain_text import visible

CHOICES = ("auto", "always", "never")
_CODES: Mapping[str, str] = {
    "error": "1;31",
    "warning": "1;33",
    "note": "1;36",
    "conflict": "1;35",
    "bold": "1",
    "soft": "2",
    "mend": "32",
}


class Palette:
    """Text made harmless and, where it is wanted, coloured: `palette("error", text)`."""

    def __init__(self, is_coloured: bool) -> None:
        self.is_coloured = is_coloured

    def __call__(self, style: str, text: str) -> str:
        shown = visible(text)
        return f"\x1b[{_CODES[style]}m{shown}\x1b[0m" if self.is_coloured and style and shown else shown


def takes_colour(choice: str, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """What --color says; on `auto` NO_COLOR, then FORCE_COLOR, then whether the stream is a terminal."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "") not in ("", "0", "false"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"
