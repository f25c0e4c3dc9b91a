"""What the page of a reading shows, in the order in which it shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath

from acceptance.criterion import Criterion
from acceptance.errors import SignoffError
from acceptance.reading import Conflict, Diagnostic, Document, Reading
from acceptance.reading.excerpt import excerpt

_LONGEST = 600
_TONES = {"error": "fail", "warning": "open", "note": "person", "machine": "pass", "person": "person"}
_SIGNS = {"error": "✗", "warning": "!", "note": "i", "machine": "⚙", "person": "☺", "template": "…"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A word with its colour; the sign tells it apart without colour."""

    word: str
    tone: str
    sign: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """One criterion that a line was read as."""

    id: str
    kind: str
    target: str
    judge: Chip
    service: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the document with everything that it was read as."""

    number: int
    anchor: str
    text: str
    command: str
    section: str
    meanings: tuple[Meaning, ...]


@dataclass(frozen=True, slots=True)
class Remark:
    """A diagnostic with its excerpt; `anchor` leads to the line where a criterion stands there."""

    chip: Chip
    code: str
    place: str
    message: str
    mend: str
    line: str
    mark: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """One document on the page; `sections` are the lines under each heading, in the document's order."""

    anchor: str
    path: str
    title: str
    header: tuple[tuple[str, str], ...]
    counts: str
    sections: tuple[tuple[str, tuple[Line, ...]], ...]
    assumptions: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]
    people: tuple[Line, ...]
    remarks: tuple[Remark, ...]


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
    sheets = tuple(_sheet(document, f"d{number}") for number, document in enumerate(reading.documents, 1))
    anchors = {document.path: sheet.anchor for document, sheet in zip(reading.documents, sheets, strict=True)}
    conflicts = tuple(_contradiction(conflict, anchors, sheets) for conflict in reading.conflicts)
    return Page(
        title=sheets[0].title if len(sheets) == 1 else f"{len(sheets)} documents",
        shares=tuple(_shares(reading)),
        sheets=sheets,
        conflicts=conflicts,
        open_conflicts=sum(not conflict.resolution for conflict in conflicts),
        unreadable=tuple((str(error), error.mend) for error in unreadable),
    )


def _shares(reading: Reading) -> Iterator[tuple[int, str, str]]:
    criteria = [criterion for document in reading.documents for criterion in document.criteria]
    for judge, label in (("machine", "for the machine"), ("person", "for a person"), ("template", "not filled in")):
        count = sum(criterion.judge == judge for criterion in criteria)
        if count or judge == "machine":
            yield count, label, _TONES.get(judge, "open")
    for severity in ("error", "warning", "note"):
        count = sum(found.severity == severity for document in reading.documents for found in document.diagnostics)
        if count:
            yield count, f"{severity}{'' if count == 1 else 's'}", _TONES[severity]


def _sheet(document: Document, anchor: str) -> Sheet:
    lines = tuple(_lines(document, anchor))
    counts = ", ".join(f"{count} {name}" for name, count in document.counts.items()) or "no statement"
    return Sheet(
        anchor=anchor,
        path=document.path,
        title=document.title or PurePath(document.path).name,
        header=tuple((name, _cut(value)) for name, value in document.header.items()),
        counts=f"{document.lines} lines, {document.dropped} dropped; {counts}",
        sections=tuple((name, tuple(group)) for name, group in groupby(lines, key=lambda line: line.section)),
        assumptions=tuple(_assumptions(document.criteria, anchor)),
        people=tuple(line for line in lines if any(meaning.judge.word == "person" for meaning in line.meanings)),
        remarks=tuple(_remark(found) for found in document.diagnostics),
    )


def _lines(document: Document, anchor: str) -> Iterator[Line]:
    commands = {(statement.line, statement.column): statement.command for statement in document.statements}
    for (number, column), group in groupby(document.criteria, key=lambda found: (found.line, found.column)):
        criteria = tuple(group)
        command = commands.get((number, column))
        yield Line(
            number=number,
            anchor=f"{anchor}-{number}-{column}",
            text=_cut(criteria[0].text) or "(no text)",
            command="" if command is None else _cut(command.text),
            section=criteria[0].section,
            meanings=tuple(_meaning(criterion) for criterion in criteria),
        )


def _meaning(criterion: Criterion) -> Meaning:
    judge = "placeholder" if criterion.judge == "template" else criterion.judge
    chip = Chip(judge, _TONES.get(criterion.judge, "open"), _SIGNS[criterion.judge])
    notes = tuple(note for note in (criterion.reason, *criterion.assumptions) if note)
    return Meaning(criterion.id, criterion.kind.replace("_", " "), _target(criterion), chip, criterion.service, notes)


def _target(criterion: Criterion) -> str:
    """The limit without the kind's own name, which stands before it; else the port, setting or path asked for."""
    limit = criterion.threshold
    if limit is None:
        return _named(criterion)
    return limit.text().replace(f"{limit.subject.replace('_', ' ')} ", "", 1 if limit.subject == criterion.kind else 0)


def _named(criterion: Criterion) -> str:
    parameters = criterion.parameters
    if criterion.kind == "config_value":
        return _cut(f"{parameters['name']} = {parameters['value']}")
    return next((str(parameters[key]) for key in ("port", "path", "unit", "folder") if parameters.get(key)), "")


def _assumptions(criteria: Sequence[Criterion], anchor: str) -> Iterator[tuple[str, tuple[tuple[int, str], ...]]]:
    places: dict[str, dict[int, str]] = {}
    for criterion in criteria:
        for assumption in criterion.assumptions:
            at = f"{anchor}-{criterion.line}-{criterion.column}"
            places.setdefault(assumption, {}).setdefault(criterion.line, at)
    for assumption, lines in places.items():
        yield assumption, tuple(lines.items())


def _remark(found: Diagnostic) -> Remark:
    line, mark = excerpt(found.excerpt, found.column, found.width) if found.excerpt.strip() else ("", "")
    chip = Chip(found.severity, _TONES[found.severity], _SIGNS[found.severity])
    place = f"{PurePath(found.document).name}:{found.line}:{found.column}"
    return Remark(chip, found.code, place, found.message, found.mend, line, mark)


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
            _cut(side.spelling),
        )
        for side in conflict.sides
    )
    resolution = (
        "" if conflict.resolution is None else "{chosen}, {role}, {date}: {reason}".format(**conflict.resolution)
    )
    return Contradiction(conflict.kind, conflict.subject, conflict.message, sides, resolution)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
