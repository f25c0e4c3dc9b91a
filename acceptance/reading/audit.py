"""The account of lines: each belongs to one statement, a configuration block, or prose; nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acceptance.reading.blocks import Block
from acceptance.reading.configuration import Configuration
from acceptance.reading.document import LineKind, Statement
from acceptance.reading.shell import is_expected
from acceptance.reading.wording import BOX

_BOX_LINE = re.compile(rf"^\s*(?:>\s*)*(?:[-*+]|\d+[.)])\s+(?:{BOX})(?:\s|$)")
_WORD = re.compile(r"\w")


def line_kinds(
    lines: Sequence[str],
    blocks: Sequence[Block],
    configuration: Configuration,
    statements: Sequence[Statement],
) -> tuple[LineKind, ...]:
    """What each line belongs to; "" where no block of the parser claims a line that has words."""
    kinds: list[LineKind] = ["" if _WORD.search(line) else "prose" for line in lines]
    for block in blocks:
        for number in range(block.line, min(block.last_line, len(lines)) + 1):
            kinds[number - 1] = "prose"
    for number in configuration.lines:
        kinds[number - 1] = "configuration"
    for statement in statements:
        for number in statement.lines:
            kinds[number - 1] = "statement"
    return tuple(kinds)


def hidden_demands(lines: Sequence[str], statements: Sequence[Statement]) -> tuple[int, ...]:
    """Lines that look like a check box or an expectation and belong to no statement (code, comments)."""
    owned = {number for statement in statements for number in statement.lines}
    return tuple(
        number
        for number, line in enumerate(lines, 1)
        if number not in owned and (_BOX_LINE.match(line) or is_expected(line))
    )
