"""Where in a statement a note points: at the part that its message quotes, else at where the statement begins."""

from __future__ import annotations

import re

from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.source import Source

_QUOTED = re.compile(r'^"(?P<part>.+?)" (?:is|are|may|can)\b', re.DOTALL)


def span_of(message: str, statement: Statement, source: Source) -> tuple[int, int, int]:
    """Line, column and width of the part, as they are on disk."""
    match = _QUOTED.match(message)
    if match is not None:
        for line in dict.fromkeys((statement.line, *statement.lines)):
            if match["part"] in source.lines[line - 1]:
                return part_in_line(match["part"], line, source)
    return statement.line, statement.column, 1


def part_in_line(part: str, line: int, source: Source) -> tuple[int, int, int]:
    """The same for a part of one line; where the line does not hold it, where its text begins."""
    line = min(line, len(source.lines))
    text = source.lines[line - 1]
    offset = text.find(part) if part.strip() else -1
    if offset < 0:
        return line, source.column(line, len(text) - len(text.lstrip())), 1
    column = source.column(line, offset)
    return line, column, source.column(line, offset + len(part.rstrip())) - column
