"""The result document as Markdown (CommonMark with tables), with the statements of the HTML in the same
order.

Every text is escaped, so that no cell ends early and nothing of a document or a model becomes markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from signoff.reports.document.demands import Row, Section, Statement
from signoff.reports.document.outcome import Word
from signoff.reports.document.performance import Figure
from signoff.reports.document.result_document import ResultDocument
from signoff.reports.document.server_side import ServerShown
from signoff.reports.plain_text import line

_SPECIAL = re.compile(
    r"[\\`*\[\]<>|~#$&]"  # always markup
    r"|(?<![^\W_])_|_(?![^\W_])"  # an underscore is, except inside a word
    r"|^[-+=]"  # a list or an underline, at the start
    r"|:(?=//)|(?<=www)\.|@"  # what renderers turn into links by themselves
)
_NUMBERED = re.compile(r"^(\d+)([.)])(?=\s|$)")
_JOIN = " · "
_COLUMNS = (
    "Line",
    "Criterion",
    "Demand",
    "Target",
    "Measured",
    "Verdict",
    "Reason",
    "Evidence",
)


def markdown(document: ResultDocument) -> str:
    """The whole text."""
    parts: list[str] = [f"# {escape(document.title)}", "\n".join(_header(document)), *_summary(document)]
    parts += [
        "## Performance Metrics Achieved",
        *_performance(document),
        *(text for server in document.servers for text in _server(server)),
        "## Integration Status",
        *_parts(document),
    ]
    for section in document.sections:
        parts += [f"## {escape(section.heading)}", *_section(section)]
    parts += ["## Conflicts", *_conflicts(document), "## Open Items", *_open(document)]
    parts += ["## Task Execution Log", *_log(document), "## Lessons Learned", *_lessons(document)]
    parts += ["## Next Steps", *_steps(document), "## Approval", *_approval(document)]
    return "\n\n".join(parts) + "\n"


def escape(text: object) -> str:
    """A text as inline Markdown without markup: no emphasis, link, tag, entity or table edge."""
    escaped = _SPECIAL.sub(lambda found: "\\" + found.group(), line(text))
    return _NUMBERED.sub(r"\1\\\2", escaped)


def _header(document: ResultDocument) -> Iterator[str]:
    for name, value in document.header:
        yield f"**{name}:** {escape(value)}  "


def _summary(document: ResultDocument) -> Iterator[str]:
    yield "## Implementation Summary"
    yield f"**{_word(document.word)} on {escape(document.engine)}.** {escape(document.tally)}"
    if document.warning:
        yield f"**{escape(document.warning)}**"
    if document.reason:
        yield escape(document.reason)
    if document.reading:
        yield escape(document.reading)
    yield from _table(("Verdict", "Criteria"), ((_word(word), str(count)) for word, count in document.shares))
    yield from _table(("Fact", "Value"), ((name, escape(value)) for name, value in document.facts))


def _performance(document: ResultDocument) -> Iterator[str]:
    yield from _table(
        ("Figure", "Actual", "Target", "Verdict", "Lines"), (_figure(figure) for figure in document.figures)
    )


def _figure(figure: Figure) -> tuple[str, ...]:
    row = figure.first
    if row is None:
        return (figure.label, "not required by this document", "", "", "")
    return (figure.label, _measured(row), escape(row.target), _word(row.word), _lines(figure.rows))


def _server(server: ServerShown) -> Iterator[str]:
    yield f"### {escape(server.title)}"
    yield escape(server.source)
    if server.counts:
        yield from _table(
            ("Count", "Client", "Server", "Difference", "Metric"),
            (
                tuple(escape(cell) for cell in (each.what, each.client, each.server, each.state, each.metric))
                for each in server.counts
            ),
        )
    if server.notes or server.facts:
        yield "\n".join(f"- {escape(text)}" for text in (*server.notes, *server.facts))


def _parts(document: ResultDocument) -> Iterator[str]:
    yield from _table(
        ("Part", "Status", "Criteria", "Lines"),
        (
            (part.label, _word(part.word), escape(part.tally), _lines(part.rows))
            if part.word
            else (part.label, "not required by this document", "", "")
            for part in document.parts
        ),
    )


def _section(section: Section) -> Iterator[str]:
    if not section.rows:
        yield "The document has none of these."
        return
    yield escape(f"{section.tally}.")
    if section.key == "checklist":
        yield "\n".join(_box(statement) for statement in section.statements)
    if section.statements:
        yield from _table(_COLUMNS, (_criterion(row) for item in section.statements for row in item.rows))
    if section.settled:
        yield f"Settings that pass: {len(section.settled)}."
        yield from _table(_COLUMNS, (_criterion(row) for item in section.settled for row in item.rows))


def _box(statement: Statement) -> str:
    return f"- [{'x' if statement.is_met else ' '}] {escape(statement.text)} ({statement.word.word})"


def _criterion(row: Row) -> tuple[str, ...]:
    reason = [row.reason, f"To do: {row.hint}" if row.hint else "", *row.standing, *row.assumed]
    reason += [f"{name}: {value}" for name, value in row.method]
    evidence = [
        f"[{escape(file.text)}](<{file.address}>)" if file.address else escape(file.text) for file in row.evidence
    ]
    return (
        str(row.line),
        escape(row.id),
        _JOIN.join([_demand(row), *_question(row)]),
        escape(row.target),
        _measured(row),
        _word(row.word) + (" (waived)" if row.stored.waiver is not None else ""),
        _JOIN.join(escape(sentence) for sentence in reason if sentence),
        ", ".join(evidence),
    )


def _demand(row: Row) -> str:
    named = f"**{escape(row.heading)}** " if row.heading else ""
    return f"{named}{escape(row.text)} ({escape(row.kind)})"


def _question(row: Row) -> Iterator[str]:
    if row.judged_as:
        yield f"Judged as: {escape(row.judged_as)}"


def _conflicts(document: ResultDocument) -> Iterator[str]:
    if not document.conflicts:
        yield "No two places of the documents contradict each other."
        return
    yield from _table(
        ("Subject", "Kind", "Sides", "Resolution"),
        (
            (
                escape(conflict.subject),
                escape(conflict.kind),
                _JOIN.join(f"{escape(place)}: {escape(value)}" for place, value in conflict.sides),
                escape(conflict.resolution) or "? unresolved",
            )
            for conflict in document.conflicts
        ),
    )


def _open(document: ResultDocument) -> Iterator[str]:
    for group in document.open_groups:
        yield f"### {escape(group.heading)}: {len(group.rows) or 'none'}"
        if group.rows:
            yield "\n".join(_open_item(row) for row in group.rows)


def _open_item(row: Row) -> str:
    said = [row.reason or row.word.word, *row.standing, f"To do: {row.hint}" if row.hint else ""]
    found = _JOIN.join(escape(sentence) for sentence in said if sentence)
    return f"- Line {row.line}: {_demand(row)}: {found}"


def _log(document: ResultDocument) -> Iterator[str]:
    if not document.log:
        yield "The run has no log."
        return
    yield from _table(
        ("Date", "Action", "Result", "Duration", "Notes"),
        (
            tuple(escape(cell) for cell in (entry.at, entry.what, entry.result, entry.took, entry.note))
            for entry in document.log
        ),
    )


def _lessons(document: ResultDocument) -> Iterator[str]:
    yield "Assumptions of the run, and problems found in the document."
    if not document.lessons:
        yield "The run assumed nothing."
        return
    yield "\n".join(
        f"- {escape(lesson.text)}" + (f" (lines {_lines(lesson.rows)})" if lesson.rows else "")
        for lesson in document.lessons
    )


def _steps(document: ResultDocument) -> Iterator[str]:
    yield "\n".join(
        f"{number}. **{escape(step.role.capitalize())}.** {escape(step.text)}"
        + (f" (lines {_lines(step.rows)})" if step.rows else "")
        for number, step in enumerate(document.steps, start=1)
    )


def _approval(document: ResultDocument) -> Iterator[str]:
    if document.approval.blocked_by:
        yield "**Approval is not possible on this run.**"
        yield "\n".join(f"- {escape(reason)}" for reason in document.approval.blocked_by)
    else:
        yield "Nothing blocks a signature."
    yield "\n".join(f"- [ ] {escape(decision)}" for decision in document.approval.decisions)
    yield from _table(("Reviewer (role)", "Signature", "Date"), [("", "", "")])
    run = f" {escape(document.run_id)}" if document.run_id else ""
    yield f"A signature covers the stored run{run}: `results.json` with SHA-256 `{document.digest}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "\n".join(
        [
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
            *(f"| {' | '.join(cells)} |" for cells in rows),
        ]
    )


def _measured(row: Row) -> str:
    return escape(row.measured.text) if row.measured else ""


def _word(word: Word) -> str:
    return f"{word.sign} {word.word}"


def _lines(rows: Sequence[Row]) -> str:
    return ", ".join(dict.fromkeys(str(row.line) for row in rows))
