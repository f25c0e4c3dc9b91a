"""A row of a table with its head, and statements at its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from signoff.acceptance.criterion import Statement as StatementType
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row as plain texts: one for each head and each cell."""

    block: Block
    header: tuple[str, ...]
    texts: tuple[str, ...]

    def text(self, index: int | None) -> str:
        """The text of a cell; "" where the row has none there, or one that says that there is none."""
        if index is None or index >= len(self.texts) or self.texts[index] in ("-", "–", "—", "n/a", "none"):
            return ""
        return self.texts[index]

    @property
    def heading(self) -> str:
        """The heading that the table stands under."""
        return self.block.headings[-1].text if self.block.headings else ""


def at_cell(
    source: Source,
    row: TableRow,
    index: int,
    kind: StatementType,
    text: str,
    label: str = "",
    limits: tuple[int, int] | None = None,
    population: str = "",
) -> Statement:
    """A statement whose place is a cell of a row, on all of the row's lines."""
    cell = row.block.cells[index]
    line = cell.line or row.block.line
    lines: Sequence[int] = range(row.block.line, row.block.last_line + 1)
    role = "demand" if kind == "bullet" else ""
    return Statement(
        kind,
        line,
        source.column(line, cell.offset),
        tuple(lines),
        text,
        row.block.headings,
        role,
        label,
        limits=limits,
        population=population,
    )


def at_figure(
    source: Source, row: TableRow, index: int, name: str, shown: str, narrowed: str, population: str = ""
) -> Statement:
    """A target that is named, shown, and narrowed by other cells: only what is shown is its limit."""
    begin = len(name) + 2
    text = f"{name}: {shown}{narrowed}"
    return at_cell(source, row, index, "target", text, name, (begin, begin + len(shown)), population)
