"""Files that the deployment names under [files]: read up to a size, and never outside their folder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from acceptance.deployment import Deployment
from acceptance.errors import NotMeasurable


def report(deployment: Deployment, name: str, what: str) -> Path:
    """Where a report lies that no document names, only the deployment. Raises NotMeasurable where it names none."""
    if name not in deployment.files:
        raise NotMeasurable(
            f"the deployment names no {what}",
            f'add "{name}" = "PATH" under [files] of the deployment file',
        )
    return deployment.file(name)


def read(path: Path, most_bytes: int, mend: str = "") -> bytes:
    """The bytes of a file. Raises NotMeasurable where it is missing, unreadable or longer than that."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise NotMeasurable(f"there is no file {path}", mend) from None
    except OSError as error:
        raise NotMeasurable(f"{path} cannot be read: {error.strerror}", mend) from None
    if len(content) > most_bytes:
        raise NotMeasurable(f"{path} is longer than {most_bytes} bytes", mend)
    return content


def inside(folder: Path, pattern: str) -> Iterator[Path]:
    """The files of a folder by name, in order; what is a link out of it is left out."""
    root = folder.resolve()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.resolve().is_relative_to(root):
            yield path


def changed(path: Path) -> str:
    """When a file was last written: a date in UTC."""
    return f"{datetime.fromtimestamp(path.stat().st_mtime, UTC):%Y-%m-%d}"
