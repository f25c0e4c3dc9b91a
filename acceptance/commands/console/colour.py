"""Whether a stream takes colour, and text in the few colours that the commands use."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO

from signoff.reports.terminal import styled

CHOICES = ("auto", "always", "never")


class Palette:
    """Text made harmless and, where it is wanted, coloured: `palette("error", text)`."""

    def __init__(self, is_coloured: bool) -> None:
        self.is_coloured = is_coloured

    def __call__(self, style: str, text: str) -> str:
        return styled(style if self.is_coloured else "", text)


def takes_colour(choice: str, stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """What --color says; on `auto` NO_COLOR, then FORCE_COLOR, then whether the stream is a terminal."""
    if choice != "auto":
        return choice == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR", "") not in ("", "0", "false"):
        return True
    return stream.isatty() and environment.get("TERM") != "dumb"
