"""The filter for every text that leaves the process, into a file or to a terminal.

This room knows no keys. Who does says here how they are taken out; until then a text leaves as it is.
"""

from __future__ import annotations

from collections.abc import Callable

Clean = Callable[[str], str]


class _Passage:
    """One for the whole process: no writer can be forgotten."""

    clean: Clean | None = None


def clean_by(clean: Clean) -> None:
    """From now on this is done with every text that leaves."""
    _Passage.clean = clean


def leaving(text: str) -> str:
    """The text as it may leave."""
    return text if _Passage.clean is None else _Passage.clean(text)
