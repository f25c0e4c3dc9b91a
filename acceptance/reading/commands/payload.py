"""The file that a command posts, where it lies beside the document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from signoff.acceptance.reading.commands.expectation import strict_json
from signoff.perf.errors import InputUnreadable
from signoff.perf.input_file import read_input

MOST_BYTES = 2**22


def read_payload(name: str, folder: Path) -> tuple[Any, bool]:
    """The JSON of a payload file and whether it was found; files outside the document's folder are never opened."""
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            return None, False
        return strict_json(read_input(path, MOST_BYTES).decode("utf-8")), True
    except (InputUnreadable, OSError, ValueError, RecursionError):
        return None, False
