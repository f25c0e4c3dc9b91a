"""A reading as a terminal shows it: criteria, assumptions, problems and conflicts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from signoff.acceptance.commands.console.colour import Palette
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Diagnostic, Document, Reading
from signoff.acceptance.reading.binding.binding_text import resolve_file
from signoff.acceptance.reading.source.excerpt import excerpt
from signoff.acceptance.reading.source.library_names import would_call
from signoff.reports.stored.conflict import Conflict

MOST_OF_A_CODE = 50
_TEXT_WIDTH = 48


def reading_text(reading: Reading, palette: Palette) -> str:
    """The whole reading as lines; nothing in it can move the cursor or reorder the line."""
    return "\n".join(_lines(reading, palette)) + "\n"


def diagnostics_text(diagnostics: Sequence[Diagnostic], palette: Palette) -> Iterator[str]:
    """Each diagnostic as a compiler says it; of one code at most fifty in full."""
    shown: Counter[str] = Counter()
    for diagnostic in diagnostics:
        shown[diagnostic.code] += 1
        if shown[diagnostic.code] <= MOST_OF_A_CODE:
            yield from _diagnostic(diagnostic, palette)
    for code, count in shown.items():
        if count > MOST_OF_A_CODE:
            more = count - MOST_OF_A_CODE
            yield palette("soft", f"{more} more {'is' if more == 1 else 'are'} like it [{code}]; --json lists all")
            yield ""


def _lines(reading: Reading, palette: Palette) -> Iterator[str]:
    for document in reading.documents:
        yield from _document(document, palette)
    for conflict in reading.conflicts:
        yield from _conflict(conflict, palette)
    yield _closing(reading, palette)


def _document(document: Document, palette: Palette) -> Iterator[str]:
    yield palette("bold", _short(document.title or document.path, 200))
    counts = ", ".join(f"{count} {name}" for name, count in document.counts.items()) or "no statement"
    yield palette("", f"  {document.path}: {document.lines} lines, {document.dropped} dropped; {counts}")
    if document.acceptance.lock is not None:
        check = "" if document.acceptance.is_accepted else f"; see `signoff read --check {document.path}`"
        yield palette("", f"  reading {document.acceptance.state}{check}")
    width = max((len(name) for name in document.header), default=0)
    for name, value in document.header.items():
        yield palette("", f"  {name:<{width}}  {_short(value, 200)}")
    yield ""
    yield from _table(document.criteria, palette)
    questions = [criterion for criterion in document.criteria if criterion.judged_as]
    if questions:
        yield palette("bold", "Judged as")
        yield from (palette("", f"  {found.line:>4}  {found.name}: {found.judged_as}") for found in questions)
        yield ""
    assumptions = list(_assumptions(document.criteria))
    if assumptions:
        yield palette("bold", "Assumptions")
        yield from (palette("", line) for line in assumptions)
        yield ""
    people = [criterion for criterion in document.criteria if criterion.judge == "person"]
    if people:
        yield palette("bold", "For a person to judge")
        for found in people:
            yield palette("", f"  {found.line:>4}  {found.name}: {found.reason}")
            if nearest := document.nearest.get(found.id):
                yield palette("", f'        would be judged: "{nearest}"')
        yield ""
    yield from _library_calls(document.criteria, palette)
    yield from _commands(document, palette)
    yield from diagnostics_text(document.diagnostics, palette)


def _library_calls(criteria: Sequence[Criterion], palette: Palette) -> Iterator[str]:
    """Each call that a run would make, whole, and the list that a deployment would need for them."""
    lines: dict[tuple[str, ...], list[int]] = {}
    names: dict[str, None] = {}
    for criterion in criteria:
        if criterion.judge == "machine":
            calls, called = would_call(criterion.parameters.get("steps"))
            lines.setdefault(tuple(calls), []).append(criterion.line)
            names |= dict.fromkeys(called)
    lines.pop((), None)
    if not lines:
        return
    yield palette("bold", "Library calls: a run makes them if the deployment lists each under [library] calls")
    for made, places in lines.items():
        yield palette("", f"  {', '.join(str(line) for line in dict.fromkeys(places)):>4}")
        yield from (palette("", f"        would call {call}") for call in made)
    yield palette("soft", "  [library]")
    yield palette("soft", "  calls = [")
    yield from (palette("soft", f"      {json.dumps(name)},") for name in names)
    yield palette("soft", "  ]")
    yield ""


def _commands(document: Document, palette: Palette) -> Iterator[str]:
    """Commands that would change a machine, apart from those of which a run sends the request or makes the calls."""
    used = {line for criterion in document.criteria if criterion.judge == "machine" for line in _used_lines(criterion)}
    destructive = [command for command in document.commands if command.destructive]
    for heading, is_used in (
        ("Commands that change a machine: read, never run", False),
        ("Commands of which a run takes the request or the library calls alone: nothing is handed to a shell", True),
    ):
        found = [command for command in destructive if (command.line in used) is is_used]
        if found:
            yield palette("bold", heading)
            yield from (palette("", f"  {command.line:>4}  {_short(command.text, 100)}") for command in found)
            yield ""


def _used_lines(criterion: Criterion) -> Iterator[int]:
    request = criterion.parameters.get("request")
    lines = (request.get("line") if isinstance(request, Mapping) else None, criterion.parameters.get("command_line"))
    return (line for line in lines if isinstance(line, int))


def _table(criteria: Sequence[Criterion], palette: Palette) -> Iterator[str]:
    rows = [("where", "statement", "kind", "limit", "judge", "text")]
    rows += [
        (
            f"{criterion.line}:{criterion.column}",
            criterion.statement,
            criterion.kind,
            _limit(criterion),
            criterion.judge,
            _short(criterion.text, _TEXT_WIDTH),
        )
        for criterion in criteria
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if len(rows) > 1:
        for number, row in enumerate(rows):
            line = "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            yield palette("" if number else "soft", line)
        yield ""


def _limit(criterion: Criterion) -> str:
    """The limit; in its place where a criterion has none: a port, a setting, a path."""
    if criterion.threshold is not None:
        return criterion.threshold.text()
    parameters = criterion.parameters
    if criterion.kind == "config_value":
        return _short(f"{parameters['name']} = {parameters['value']}", 40)
    for key in ("port", "path", "unit", "folder"):
        if parameters.get(key) is not None:
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


def _diagnostic(found: Diagnostic, palette: Palette) -> Iterator[str]:
    place = palette("bold", f"{found.document}:{found.line}:{found.column}:")
    head = palette(found.severity, f"{found.severity}[{found.code}]")
    yield f"{place} {head}{palette('bold', f': {found.message}')}"
    if found.excerpt.strip():
        line, mark = excerpt(found.excerpt, found.column, found.width)
        yield palette("soft", f"  {found.line:>5} |") + palette("", f" {line}")
        yield palette("soft", "        |") + " " + palette(found.severity, mark)
    if found.hint:
        yield palette("hint", "        = hint:") + palette("", f" {found.hint}")
    yield ""


def _conflict(conflict: Conflict, palette: Palette) -> Iterator[str]:
    head = palette("conflict", f"conflict[{conflict.kind}]")
    yield f"{head}{palette('bold', f' {conflict.subject}: {conflict.message}')}"
    for side in conflict.sides:
        place = f"  {side.document}:{side.line}: {side.value}  ({_short(side.spelling, _TEXT_WIDTH)})"
        yield palette("", place)
    resolution = conflict.resolution
    if resolution is None:
        todo = " a warning: no criterion is part of it; correct it with the document's next change"
        if conflict.criteria:
            todo = f" unresolved: `signoff read --binding` prints the entry to fill in for {resolve_file(conflict)}"
        yield palette("hint", "  =") + palette("", todo)
    else:
        yield palette("", "  = resolved: {chosen}, {role}, {date}: {reason}".format(**resolution))
    yield ""


def _closing(reading: Reading, palette: Palette) -> str:
    criteria = [criterion for document in reading.documents for criterion in document.criteria]
    judges = {
        judge: sum(criterion.judge == judge for criterion in criteria) for judge in ("machine", "person", "template")
    }
    open_conflicts = sum(conflict.resolution is None for conflict in reading.conflicts)
    parts = [f"{len(criteria)} criteria", *(f"{count} for {judge}" for judge, count in judges.items() if count)]
    noun = "conflict" if len(reading.conflicts) == 1 else "conflicts"
    found = f"{', '.join(parts)}; {len(reading.conflicts)} {noun}, {open_conflicts} unresolved"
    return palette("bold", found + _severities(reading))


def _severities(reading: Reading) -> str:
    counts = Counter(found.severity for document in reading.documents for found in document.diagnostics)
    named = [
        f"{counts[name]} {name}{'s' if counts[name] > 1 else ''}"
        for name in ("error", "warning", "note")
        if counts[name]
    ]
    return f"; {', '.join(named)}" if named else ""


def _short(text: str, width: int) -> str:
    line = " ".join(text[: 8 * width + 80].split())
    return line if len(line) <= width else line[: width - 1] + "…"
