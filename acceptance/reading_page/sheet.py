"""One document on the page of a reading: lines, meanings and remarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Diagnostic, Document
from signoff.acceptance.reading.source.excerpt import excerpt
from signoff.acceptance.reading.source.library_names import would_call

_LONGEST = 600
TONES = {"error": "fail", "warning": "open", "note": "person", "machine": "pass", "person": "person"}
_SIGNS = {"error": "✗", "warning": "!", "note": "i", "machine": "⚙", "person": "☺", "template": "…"}


@dataclass(frozen=True, slots=True)
class Chip:
    """A word with its colour; the sign distinguishes it without colour."""

    word: str
    tone: str
    sign: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """One criterion that a line was read as."""

    id: str
    requirement: str
    kind: str
    target: str
    judge: Chip
    service: str
    judged_as: str
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
    """A diagnostic with its excerpt; `anchor` leads to the line where a criterion is there."""

    chip: Chip
    code: str
    place: str
    message: str
    hint: str
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
    reading: str
    """Whether the reading was accepted; "" where it has no lock."""
    sections: tuple[tuple[str, tuple[Line, ...]], ...]
    assumptions: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]
    people: tuple[Line, ...]
    remarks: tuple[Remark, ...]


def sheet_of(document: Document, anchor: str) -> Sheet:
    """The sheet of a document; `anchor` begins all names of places in it."""
    lines = tuple(_lines(document, anchor))
    counts = ", ".join(f"{count} {name}" for name, count in document.counts.items()) or "no statement"
    return Sheet(
        anchor=anchor,
        path=document.path,
        title=document.title or PurePath(document.path).name,
        header=tuple((name, cut(value)) for name, value in document.header.items()),
        counts=f"{document.lines} lines, {document.dropped} dropped; {counts}",
        reading="" if document.acceptance.lock is None else f"Reading {cut(document.acceptance.state)}.",
        sections=tuple((name, tuple(group)) for name, group in groupby(lines, key=lambda line: line.section)),
        assumptions=tuple(_assumptions(document.criteria, anchor)),
        people=tuple(line for line in lines if any(meaning.judge.word == "person" for meaning in line.meanings)),
        remarks=tuple(_remark(found) for found in document.diagnostics),
    )


def _lines(document: Document, anchor: str) -> Iterator[Line]:
    anew = document.acceptance.anew
    commands = {(statement.line, statement.column): statement.command for statement in document.statements}
    for (number, column), group in groupby(document.criteria, key=lambda found: (found.line, found.column)):
        criteria = tuple(group)
        command = commands.get((number, column))
        yield Line(
            number=number,
            anchor=f"{anchor}-{number}-{column}",
            text=cut(criteria[0].text) or "(no text)",
            command="" if command is None else cut(command.text),
            section=criteria[0].section,
            meanings=tuple(_meaning(criterion, document, anew.get(criterion.id, "")) for criterion in criteria),
        )


def _meaning(criterion: Criterion, document: Document, anew: str) -> Meaning:
    judge = "placeholder" if criterion.judge == "template" else criterion.judge
    chip = Chip(judge, TONES.get(criterion.judge, "open"), _SIGNS[criterion.judge])
    calls = would_call(criterion.parameters.get("steps"))[0] if criterion.judge == "machine" else []
    made = (f"would call {call}, if the deployment lists it" for call in calls)
    wording = f'would be judged: "{nearest}"' if (nearest := document.nearest.get(criterion.id)) else ""
    changed = f"read anew: {anew}" if anew else ""
    notes = tuple(note for note in (criterion.reason, wording, changed, *criterion.assumptions, *made) if note)
    return Meaning(
        id=criterion.id,
        requirement=criterion.requirement or "",
        kind=criterion.kind.replace("_", " "),
        target=_target(criterion),
        judge=chip,
        service=criterion.service,
        judged_as=criterion.judged_as or "",
        notes=notes,
    )


def _target(criterion: Criterion) -> str:
    """The limit without the kind's own name, which is before it; else the port, setting or path asked for."""
    limit = criterion.threshold
    if limit is None:
        return _named(criterion)
    return limit.text().replace(f"{limit.subject.replace('_', ' ')} ", "", 1 if limit.subject == criterion.kind else 0)


def _named(criterion: Criterion) -> str:
    parameters = criterion.parameters
    if criterion.kind == "config_value":
        return cut(f"{parameters['name']} = {parameters['value']}")
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
    chip = Chip(found.severity, TONES[found.severity], _SIGNS[found.severity])
    place = f"{PurePath(found.document).name}:{found.line}:{found.column}"
    return Remark(chip, found.code, place, found.message, found.hint, line, mark)


def cut(text: str) -> str:
    """The beginning of a very long text."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
