"""`signoff read`: what a task document asks for, what is assumed, what is unclear, what contradicts."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from acceptance.criterion import Criterion
from acceptance.errors import DocumentUnreadable, UsageError
from acceptance.reading import Conflict, Diagnostic, Document, Reading, read_documents
from reports.plain_text import visible

NAME = "read"
HELP = "show what task documents ask for, what is assumed, and what contradicts"
EXAMPLE = "signoff read fixtures/tasks/1.3-hermes-2.md"
WITHOUT_CRITERIA = 3
_TEXT_WIDTH = 48


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `signoff read`."""
    parser.add_argument("documents", nargs="+", type=Path, metavar="PATH", help="task documents, or folders of them")
    parser.add_argument("--json", metavar="FILE", help="write the reading as JSON; - is standard output")


def run(arguments: argparse.Namespace) -> int:
    """Read and show; 0 also where conflicts stand, 3 where a document has no criteria."""
    try:
        reading = read_documents(arguments.documents)
    except DocumentUnreadable as error:
        if arguments.json:
            _write_json(_readable(arguments.documents), arguments.json, str(error))
        raise
    if arguments.json:
        _write_json(reading, arguments.json)
    if arguments.json != "-":
        print("\n".join(visible(line) for line in _lines(reading)))
    return 0 if all(document.criteria for document in reading.documents) else WITHOUT_CRITERIA


def _readable(paths: Sequence[Path]) -> Reading:
    """What can be read of these: a document beside an unreadable one is not lost."""
    good = []
    for path in paths:
        with contextlib.suppress(DocumentUnreadable):
            read_documents([path])
            good.append(path)
    return read_documents(good) if good else Reading((), ())


def _write_json(reading: Reading, name: str, error: str = "") -> None:
    value = {**reading.as_json(), **({"error": error} if error else {})}
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    if name == "-":
        sys.stdout.write(text)
        return
    try:
        Path(name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{name}: {error.strerror}", "name a file that can be written") from None


def _lines(reading: Reading) -> Iterator[str]:
    for document in reading.documents:
        yield from _document(document)
    for conflict in reading.conflicts:
        yield from _conflict(conflict)
    yield _closing(reading)


def _document(document: Document) -> Iterator[str]:
    yield document.title or document.path
    counts = ", ".join(f"{count} {name}" for name, count in document.counts.items()) or "no statement"
    yield f"  {document.path}: {document.lines} lines, {document.dropped} dropped; {counts}"
    width = max((len(name) for name in document.header), default=0)
    yield from (f"  {name:<{width}}  {value}" for name, value in document.header.items())
    yield ""
    yield from _table(document.criteria)
    assumptions = list(_assumptions(document.criteria))
    if assumptions:
        yield "Assumptions"
        yield from assumptions
        yield ""
    people = [criterion for criterion in document.criteria if criterion.judge == "person"]
    if people:
        yield "For a person to judge"
        yield from (f"  {criterion.line:>4}  {criterion.id}: {criterion.reason}" for criterion in people)
        yield ""
    destructive = [command for command in document.commands if command.destructive]
    if destructive:
        yield "Commands that change a machine: read, never run"
        yield from (f"  {command.line:>4}  {_short(command.text, 100)}" for command in destructive)
        yield ""
    for diagnostic in document.diagnostics:
        yield from _diagnostic(diagnostic)


def _table(criteria: Sequence[Criterion]) -> Iterator[str]:
    rows = [("where", "statement", "kind", "limit", "judge", "text")]
    rows += [
        (
            f"{criterion.line}:{criterion.column}",
            criterion.statement,
            criterion.kind,
            criterion.threshold.text() if criterion.threshold is not None else _named(criterion),
            criterion.judge,
            _short(criterion.text, _TEXT_WIDTH),
        )
        for criterion in criteria
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if len(rows) > 1:
        for row in rows:
            yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield ""


def _named(criterion: Criterion) -> str:
    """What stands in the limit's place where a criterion has none: a port, a setting, a path."""
    parameters = criterion.parameters
    if criterion.kind == "config_value":
        return _short(f"{parameters['name']} = {parameters['value']}", 40)
    for key in ("port", "path", "unit", "folder"):
        if key in parameters:
            return _short(str(parameters[key]), 40)
    return ""


def _assumptions(criteria: Sequence[Criterion]) -> Iterator[str]:
    """Each assumption once, with the lines where it was taken."""
    lines: dict[str, list[int]] = {}
    for criterion in criteria:
        for assumption in criterion.assumptions:
            lines.setdefault(assumption, []).append(criterion.line)
    for assumption, places in lines.items():
        named = ", ".join(str(line) for line in dict.fromkeys(places))
        yield f"  {assumption} (line {named})" if "," not in named else f"  {assumption} (lines {named})"


def _diagnostic(found: Diagnostic) -> Iterator[str]:
    yield f"{found.document}:{found.line}:{found.column}: {found.severity}[{found.code}]: {found.message}"
    if found.excerpt:
        yield f"  {found.line:>5} | {found.excerpt}"
        yield f"        | {' ' * (min(found.column, len(found.excerpt)) - 1)}^"
    if found.mend:
        yield f"        = mend: {found.mend}"
    yield ""


def _conflict(conflict: Conflict) -> Iterator[str]:
    yield f"conflict[{conflict.kind}] {conflict.subject}: {conflict.message}"
    for side in conflict.sides:
        yield f"  {side.document}:{side.line}: {side.value}  ({_short(side.spelling, _TEXT_WIDTH)})"
    resolution = conflict.resolution
    if resolution is None:
        yield "  = unresolved: write a [[resolve]] in the binding file beside the document"
    else:
        yield "  = resolved: {chosen}, {role}, {date}: {reason}".format(**resolution)
    yield ""


def _closing(reading: Reading) -> str:
    criteria = [criterion for document in reading.documents for criterion in document.criteria]
    judges = {
        judge: sum(criterion.judge == judge for criterion in criteria) for judge in ("machine", "person", "template")
    }
    open_conflicts = sum(conflict.resolution is None for conflict in reading.conflicts)
    parts = [f"{len(criteria)} criteria", *(f"{count} for {judge}" for judge, count in judges.items() if count)]
    noun = "conflict" if len(reading.conflicts) == 1 else "conflicts"
    return f"{', '.join(parts)}; {len(reading.conflicts)} {noun}, {open_conflicts} unresolved"


def _short(text: str, width: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1] + "…"
