"""`signoff read --accept ROLE`: the reading of documents as their locks, all of them or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from importlib import metadata
from pathlib import Path

from signoff.acceptance.errors import UsageError
from signoff.acceptance.reading import Document
from signoff.acceptance.reading.accepting.accepted_reading import LONGEST_ROLE
from signoff.acceptance.reading.accepting.lock_file import MOST_BYTES, lock_path
from signoff.acceptance.reading.accepting.lock_text import accepted_now, lock_text
from signoff.reports.errors import NotWritten
from signoff.reports.plain_text import visible
from signoff.reports.stored.run_folder import RunFolder


def role_of(text: str) -> str:
    """The role that accepts. Raises UsageError where there is none."""
    role = " ".join(text.split())
    if not role:
        raise UsageError("--accept names no role", "say who accepts the reading: a role, not a name")
    if len(role) > LONGEST_ROLE or visible(role) != role:
        raise UsageError(
            f"--accept {role[:40]!r} is no role: it is too long, or holds invisible characters",
            f"name a role in at most {LONGEST_ROLE} characters",
        )
    return role


def accept(documents: Sequence[Document], role: str, today: date) -> list[str]:
    """Write the lock of each document; gives a line for each. Raises UsageError, and has written none then."""
    texts: dict[Path, str] = {}
    for document in documents:
        path = lock_path(Path(document.path))
        if path in texts:
            raise UsageError(
                f"{document.path}: another document of this name has the lock {path.name} too", "rename one of them"
            )
        criteria = document.criteria
        version = metadata.version("signoff")
        accepted = accepted_now(Path(document.path).name, document.sha256, criteria, role, today, version)
        texts[path] = text = lock_text(accepted)
        if len(text.encode()) > MOST_BYTES:
            raise UsageError(
                f"{document.path}: the lock of {len(criteria)} criteria would have more than {MOST_BYTES} bytes",
                "divide the document",
            )
    for path, text in texts.items():
        _write(path, text)
    return [_done(document, role) for document in documents]


def _write(path: Path, text: str) -> None:
    try:
        RunFolder(path.parent).write(path.name, text)
    except NotWritten as error:
        raise error if error.is_full else UsageError(str(error), error.hint) from None


def _done(document: Document, role: str) -> str:
    judges = Counter(criterion.judge for criterion in document.criteria)
    counts = ", ".join(f"{count} for {judge}" for judge, count in sorted(judges.items()))
    count = len(document.criteria)
    noun = "criterion" if count == 1 else "criteria"
    return f"{lock_path(Path(document.path))}: accepted by {role}: {count} {noun}, {counts}"
