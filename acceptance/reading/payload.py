"""The file that a command posts, where it lies beside the document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acceptance.reading.expectation import strict_json


def read_payload(name: str, folder: Path) -> tuple[Any, bool]:
    """The JSON of a payload file and whether it was found; files outside the document's folder are never opened."""
    root = folder.resolve()
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            return None, False
        return strict_json(path.read_text(encoding="utf-8")), True
    except (OSError, ValueError, RecursionError):
        return None, False
