"""The page of a reading: its parts in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from signoff.acceptance.errors import SignoffError
from signoff.acceptance.reading import Reading
from signoff.acceptance.reading_page.sheet import TONES, Sheet, cut, sheet_of
from signoff.reports.stored.conflict import Conflict


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A conflict with all its sides, as (place, anchor, value, spelling)."""

    kind: str
    subject: str
    message: str
    sides: tuple[tuple[str, str, str, str], ...]
    resolution: str


@dataclass(frozen=True, slots=True)
class Page:
    """The whole page. `shares` are (count, label, tone)."""

    title: str
    shares: tuple[tuple[int, str, str], ...]
    sheets: tuple[Sheet, ...]
    conflicts: tuple[Contradiction, ...]
    open_conflicts: int
    unreadable: tuple[tuple[str, str], ...]


def page(reading: Reading, unreadable: Sequence[SignoffError]) -> Page:
    """The page of a reading, and of what could not be read."""
    sheets = tuple(sheet_of(document, f"d{number}") for number, document in enumerate(reading.documents, 1))
    anchors = {document.path: sheet.anchor for document, sheet in zip(reading.documents, sheets, strict=True)}
    conflicts = tuple(_contradiction(conflict, anchors, sheets) for conflict in reading.conflicts)
    return Page(
        title=sheets[0].title if len(sheets) == 1 else f"{len(sheets)} documents",
        shares=tuple(_shares(reading)),
        sheets=sheets,
        conflicts=conflicts,
        open_conflicts=sum(not conflict.resolution for conflict in conflicts),
        unreadable=tuple((str(error), error.hint) for error in unreadable),
    )


def _shares(reading: Reading) -> Iterator[tuple[int, str, str]]:
    criteria = [criterion for document in reading.documents for criterion in document.criteria]
    for judge, label in (("machine", "for the machine"), ("person", "for a person"), ("template", "not filled in")):
        count = sum(criterion.judge == judge for criterion in criteria)
        if count or judge == "machine":
            yield count, label, TONES.get(judge, "open")
    for severity in ("error", "warning", "note"):
        count = sum(found.severity == severity for document in reading.documents for found in document.diagnostics)
        if count:
            yield count, f"{severity}{'' if count == 1 else 's'}", TONES[severity]


def _contradiction(conflict: Conflict, anchors: dict[str, str], sheets: Sequence[Sheet]) -> Contradiction:
    first_on_line: dict[tuple[str, int], str] = {}
    for sheet in sheets:
        for _, lines in sheet.sections:
            for line in lines:
                first_on_line.setdefault((sheet.anchor, line.number), line.anchor)
    sides = tuple(
        (
            f"{PurePath(side.document).name}:{side.line}",
            first_on_line.get((anchors.get(side.document, ""), side.line), ""),
            str(side.value),
            cut(side.spelling),
        )
        for side in conflict.sides
    )
    resolution = (
        "" if conflict.resolution is None else "{chosen}, {role}, {date}: {reason}".format(**conflict.resolution)
    )
    return Contradiction(conflict.kind, conflict.subject, conflict.message, sides, resolution)
