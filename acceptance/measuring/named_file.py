"""Files that the deployment names under [files]: read up to a size, and never outside their folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from signoff.acceptance.deployment import Deployment
from signoff.acceptance.errors import NotMeasurable
from signoff.perf.errors import InputMissing, InputTooLong, InputUnreadable
from signoff.perf.input_file import read_input


def report(deployment: Deployment, name: str, what: str) -> Path:
    """The path of a report that only the deployment names. Raises NotMeasurable if it names none."""
    if name not in deployment.files:
        raise NotMeasurable(
            f"the deployment names no {what}",
            f'add "{name}" = "PATH" under [files] of the deployment file',
        )
    return deployment.file(name)


def read(path: Path, most_bytes: int, hint: str = "") -> bytes:
    """The bytes of a file. Raises NotMeasurable if it is missing, unreadable or above the size limit."""
    try:
        return read_input(path, most_bytes)
    except InputMissing:
        raise NotMeasurable(f"there is no file {path}", hint) from None
    except InputTooLong:
        raise NotMeasurable(f"{path} is longer than {most_bytes} bytes", hint) from None
    except InputUnreadable as error:
        raise NotMeasurable(str(error), hint or error.hint) from None


def text(path: Path, most_bytes: int, hint: str = "") -> str:
    """The same as text. Raises NotMeasurable also if it is not UTF-8."""
    try:
        return read(path, most_bytes, hint).decode("utf-8")
    except UnicodeDecodeError:
        raise NotMeasurable(f"{path} is not UTF-8 text", hint or "save it as UTF-8") from None


def inside(folder: Path, pattern: str) -> Iterator[Path]:
    """The files of a folder by name, in order, without links out of it."""
    root = folder.resolve()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path


def changed(path: Path) -> str:
    """When a file was last written: a date in UTC."""
    return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}"
