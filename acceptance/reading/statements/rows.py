"""Rows of tables to statements: criteria, targets, requirements, boxes, routes, figures under a metric's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from signoff.acceptance.criterion import Statement as StatementType
from signoff.acceptance.reading.sections.normative import is_normative
from signoff.acceptance.reading.sections.sections import is_aside, is_identified, is_smart
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import BOX, box_of, plain
from signoff.acceptance.reading.statements.heads import roles_of
from signoff.acceptance.reading.statements.row_frames import framed
from signoff.acceptance.reading.statements.table_row import TableRow
from signoff.acceptance.reading.statements.workload import limited, workload

_CRITERIA = re.compile(r"\b(?:success|acceptance) criteri", re.IGNORECASE)
_TARGET = re.compile(
    r"^\W*(?:(?:[\w-]+ ){0,2}(?:target|threshold|limit|goal|objective|slo|sla|budget|minimum|maximum|min|max|must have"
    r"|recommended)s?"
    r"|expected(?: (?:result|results|output|outcome|value|behaviou?r|response|status|code))?|required(?: value)?"
    r"|pass(?:es)? (?:if|when)|then|(?:must|should|to) (?:see|show|hold|be))"
    r"(?:\.|\s*[(\[/,].*|\s+(?:value|time|level|p\d\d|per \w+))?\W*$",
    re.IGNORECASE,
)
_DEMAND = re.compile(
    r"^\W*(?:(?:functional |non-functional )?requirements?|criteri(?:on|a)|demands?|rules?|acceptance|checks?"
    r"|what has to hold|verification|expectations?|obligations?|acceptance test|must)\W*$",
    re.IGNORECASE,
)
_DESCRIPTION = re.compile(r"^\W*(?:description|text|statement|requirement|details?|summary)\W*$", re.IGNORECASE)
_IDENTIFIER = re.compile(
    r"^\W*(?:id|no\.?|nr\.?|#|key|ref\.?|number|req(?:uirement)? ?id|step)\W*$|^\W*$", re.IGNORECASE
)
_OTHER = re.compile(
    r"\b(?:risk|likelihood|mitigation|symptom|resolution|actual|(?<!how )(?<!is )measured"
    r"|result|observed|author|changed?|before|after"
    r"|issue|cause|owner of|meaning|term|definition|abbreviation|contact|phone|e-?mail)\b",
    re.IGNORECASE,
)
_METRIC = re.compile(
    r"\b(?:latency|p\d{2}|percentile|throughput|rps|qps|tps|memory|ram|vram|disk|storage|cpu|cores?|ports?|context"
    r"|availability|uptime|errors?(?=\W*$|\s+(?:rate|ratio|share))"
    r"|time-?out|ttft|tokens?|concurren\w+|load time|response time|size)\b",
    re.IGNORECASE,
)
# A value is a demand where it is a bound: `Memory (peak) | < 2 GB`.
_NAMED_METRIC = re.compile(r"^\W*(?:metric|indicator|kpi|sli|measure|quantity)s?\W*$", re.IGNORECASE)
_VALUE = re.compile(r"^\W*(?:value|figure|bound|number)s?\W*$", re.IGNORECASE)
_BOUND = re.compile(r"^\W*?(?:[<>\u2264\u2265]|max\b|min\b|at (?:most|least)\b|under\b|below\b|up to\b)", re.IGNORECASE)
_STATE = re.compile(
    r"^\W*(?:status|done|state|check(?:ed)?|ok|complete[d]?|pass(?:ed)?|met|verified|ready|y/n)?\W*$", re.IGNORECASE
)
_UNIT = re.compile(r"[(\[]\s*(?P<unit>[A-Za-z%/]{1,12})\s*[)\]]\s*$")
_BOX_ONLY = re.compile(rf"^(?:{BOX})$")
_METHOD = re.compile(r"^\W*(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WSS?)\b")
_ROUTE = re.compile(r"^\W*(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WSS?)\s+)?/[\w{}<>:/.*-]*\W*$")
_NOTHING = re.compile(
    r"^\W*(?:no|none|n/?a|tbd|optional|not (?:required|needed|applicable)|won['\u2019]?t(?: have)?)?\W*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with its header: plain texts, and the cells that they are in."""

    block: Block
    header: list[str]
    texts: list[str]

    @property
    def label(self) -> str:
        """What the row is about: its first cell that is no number or identifier."""
        for name, text in zip(self.header, self.texts, strict=False):
            if text and not _IDENTIFIER.match(name) and not _BOX_ONLY.match(text):
                return text
        return self.texts[0] if self.texts else ""

    def others(self, *without: int) -> str:
        """The other cells, joined."""
        cells = [
            text
            for index, text in enumerate(self.texts)
            if index not in (0, *without) and text and index < len(self.header) and self.header[index] != "Status"
        ]
        return "; ".join(cells)


def row_statements(source: Source, block: Block) -> Iterator[Statement]:
    """What a row asks for; rows of risks, remedies and results ask for nothing."""
    row = _Row(block, [plain(name) for name in block.header], [plain(cell.text) for cell in block.cells])
    header = row.header
    if header and (header[0].lower() == "principle" or is_smart(block.headings)):
        index = _index(header, re.compile(r"notes|validation", re.IGNORECASE), 1)
        yield from _cell(source, row, len(header) - 1 if index is None else index, "smart", row.texts[:1])
        return
    index = _index(header, _CRITERIA, 0)
    if index is not None:
        yield from _cell(source, row, index, "subtask", row.texts[:1])
        return
    boxed = _boxed(row)
    if boxed is not None:
        yield from _cell(source, row, boxed, "checkbox", [])
        return
    if not is_aside(block.headings):
        by_heads = list(framed(source, TableRow(block, tuple(header), tuple(row.texts))))
        if by_heads:
            yield from by_heads
            return
    if is_aside(block.headings) or _is_other(header):
        yield from _normative(source, row)
        return
    yield from _demands(source, row)


def _demands(source: Source, row: _Row) -> Iterator[Statement]:
    header = row.header
    roles = roles_of(tuple(header))
    targets = [
        index
        for index, (name, role) in enumerate(zip(header, roles, strict=True))
        if index and (_TARGET.match(name) or (role == "target" and not _DEMAND.match(name)))
    ]
    if not targets and header and _NAMED_METRIC.match(header[0]):
        targets = [
            index
            for index, name in enumerate(header)
            if index and _VALUE.match(name) and index < len(row.texts) and _BOUND.match(row.texts[index])
        ]
    wanted = next((index for index, name in enumerate(header) if _DEMAND.match(name)), None)
    if wanted is None and row.texts and is_identified(f"{row.texts[0]}: x"):
        wanted = next((index for index, name in enumerate(header) if index and _DESCRIPTION.match(name)), None)
    is_refused = any(re.fullmatch(r"\W*won['\u2019]?t(?: have)?\W*", text, re.IGNORECASE) for text in row.texts)
    if wanted is not None and not (targets and wanted == 0) and not is_refused:
        yield from _cell(source, row, wanted, "bullet", row.texts[:1] if wanted else [])
    for index in targets:
        # `TTFT p95 target` says what is limited as well as that it is.
        yield from _cell(source, row, index, "target", [], header[index] if _METRIC.search(header[index]) else "")
    if targets:
        yield from _measured(
            source, row, [index for index, name in enumerate(header) if index and _UNIT.search(name)], targets
        )
    if wanted is not None or targets:
        return
    if any(_ROUTE.match(text) and (_METHOD.match(text) or _has_method(row)) for text in row.texts):
        yield _whole(source, row)
        return
    figures = list(_measured(source, row, range(1, len(header)), []))
    yield from figures
    if not figures:
        yield from _normative(source, row)


def _measured(source: Source, row: _Row, columns: Iterable[int], without: Sequence[int]) -> Iterator[Statement]:
    """Figures in columns that are named after a metric."""
    for index in columns:
        is_figure = index < len(row.texts) and any(map(str.isdigit, row.texts[index]))
        if (
            is_figure
            and index not in without
            and (name := limited(row.header[index], _heading(row)) or _metric(row.header[index]))
        ):
            yield from _cell(source, row, index, "target", [], name)


def _metric(name: str) -> str:
    return name if _METRIC.search(name) else ""


def _heading(row: _Row) -> str:
    return row.block.headings[-1].text if row.block.headings else ""


def _is_other(header: list[str]) -> bool:
    """Whether a table is about risks, remedies, results or words: an expected result is none of these."""
    return any(_OTHER.search(name) and not _TARGET.match(name) for name in header)


def _has_method(row: _Row) -> bool:
    return any(_METHOD.match(text) for text in row.texts)


def _index(header: list[str], pattern: re.Pattern[str], begin: int) -> int | None:
    return next((index for index, name in enumerate(header) if index >= begin and pattern.search(name)), None)


def _boxed(row: _Row) -> int | None:
    """The cell that a box of this row belongs to: its own, or the first that says something beside it."""
    boxes = [index for index, text in enumerate(row.texts) if box_of(text) is not None]
    if len(boxes) != 1:
        return None
    index = boxes[0]
    if not _BOX_ONLY.match(row.texts[index]):
        return index
    if index and index < len(row.header) and not _STATE.match(row.header[index]):
        return None
    named = [
        other
        for other, text in enumerate(row.texts)
        if other != index and text and not (other < len(row.header) and _IDENTIFIER.match(row.header[other]))
    ]
    return named[0] if named else None


def _cell(
    source: Source, row: _Row, index: int, kind: StatementType, label: list[str], name: str = ""
) -> Iterator[Statement]:
    if index >= len(row.texts) or not row.texts[index]:
        return
    text = row.texts[index]
    if kind == "checkbox":
        text = box_of(text) or text
    elif kind in ("target", "bullet") and _NOTHING.match(text):
        return
    about = label[0] if label else row.label if kind == "target" else ""
    if kind == "target":
        text = f"{about}: {_with_unit(name or row.header[index], text, bool(name))}"
    cell = row.block.cells[index]
    line = cell.line or row.block.line
    context = row.others(index) if kind in ("smart", "subtask", "bullet") else row.others(index) if not name else ""
    role = "demand" if kind == "bullet" else ""
    lines = tuple(range(row.block.line, row.block.last_line + 1))
    column = source.column(line, cell.offset)
    yield Statement(
        kind,
        line,
        column,
        lines,
        text,
        row.block.headings,
        role,
        about,
        "" if kind == "target" and not context else context,
        population=workload(row.header, row.texts, _heading(row)) if kind == "target" else "",
    )


def _with_unit(name: str, text: str, is_named: bool) -> str:
    """A cell's text with what its column says of it: `P95 latency (ms)` over 200 is `P95 latency 200 ms`."""
    unit = _UNIT.search(name)
    bare = unit is not None and re.fullmatch(r"[<>\u2264\u2265=~ ]*\d[\d.,]*", text) is not None
    shown = f"{text} {unit['unit']}" if unit is not None and bare else text
    if not is_named:
        return shown
    return f"{name[: unit.start()].rstrip() if unit is not None and bare else name} {shown}"


def _whole(source: Source, row: _Row) -> Statement:
    """A row that is one demand: a route with what it does."""
    cell = next(cell for cell, text in zip(row.block.cells, row.texts, strict=True) if text)
    line = cell.line or row.block.line
    text = " ".join(text for text in row.texts if text)
    lines = tuple(range(row.block.line, row.block.last_line + 1))
    return Statement("bullet", line, source.column(line, cell.offset), lines, text, row.block.headings, "demand")


def _normative(source: Source, row: _Row) -> Iterator[Statement]:
    """Cells that ask by their words, whatever their column is called."""
    strong = is_aside(row.block.headings) or _is_other(row.header)
    for index, text in enumerate(row.texts):
        if is_normative(text, strong):
            yield from _cell(source, row, index, "bullet", row.texts[:1] if index else [])
