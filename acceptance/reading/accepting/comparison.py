"""The comparison of a document's reading with its lock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import LockUnreadable
from signoff.acceptance.reading.accepting.acceptance import Acceptance
from signoff.acceptance.reading.accepting.accepted_reading import LONGEST_ROLE
from signoff.acceptance.reading.accepting.difference import differences
from signoff.acceptance.reading.accepting.lock_file import lock_path, read_lock
from signoff.reports.plain_text import line


def compared(document: Path, criteria: Sequence[Criterion]) -> tuple[Acceptance, LockUnreadable | None]:
    """How the reading of a document stands to its lock, and why the lock cannot be used."""
    try:
        accepted = read_lock(document)
    except LockUnreadable as error:
        return Acceptance(lock_path(document).as_posix(), problem=str(error)), error
    if accepted is None:
        return Acceptance(), None
    found = Acceptance(
        lock_path(document).as_posix(),
        line(accepted.accepted_by, LONGEST_ROLE),
        accepted.date,
        accepted.signoff,
        differences(accepted.criterion, criteria),
    )
    return found, None
