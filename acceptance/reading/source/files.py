"""Which documents a command means: files, and the documents of folders."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from signoff.acceptance.errors import DocumentUnreadable, UsageError

SUFFIXES = frozenset({".md", ".markdown", ".txt"})


def files_of(paths: Sequence[Path]) -> tuple[list[Path], list[UsageError]]:
    """The documents: each path once, a folder as its documents, sorted; and the folders that give none."""
    files: list[Path] = []
    unreadable: list[UsageError] = []
    for path in paths:
        try:
            files += documents_of(path)
        except DocumentUnreadable as error:
            unreadable.append(error)
    return list({os.path.realpath(file): file for file in files}.values()), unreadable


def documents_of(path: Path) -> list[Path]:
    """The documents that a path stands for. Raises DocumentUnreadable for a folder that holds none."""
    if not path.is_dir():
        return [path]
    try:
        inside = sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and not file.is_dir())
    except OSError as error:
        raise DocumentUnreadable(f"{path}: {error.strerror}", "make the folder readable") from None
    if not inside:
        hint = f"a document ends in {', '.join(sorted(SUFFIXES))}"
        raise DocumentUnreadable(f"{path}: the folder holds no document", hint)
    return inside
