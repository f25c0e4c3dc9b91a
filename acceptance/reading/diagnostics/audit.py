"""The account of lines: each belongs to a statement, a configuration block, or prose."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.settings.configuration import Configuration
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import LineKind, Statement
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.expected_line import is_expected
from signoff.acceptance.reading.source.wording import BOX

_BOX_LINE = re.compile(rf"^[\s>]*(?:(?:[-*+]|\d{{1,9}}[.)])\s+)+(?:{BOX})(?:\s|$)")
_TARGET_LINE = re.compile(r"^[\s>]*[-*+]\s.*\((?:target|goal|limit)\s*:", re.IGNORECASE)
_CRITERIA = re.compile(r"\b(?:success|acceptance) criteri", re.IGNORECASE)
_DASHES = re.compile(r"^[\s>]*\|?(?:\s*:?-+:?\s*\|)+[\s:-]*$")
_ONLY_MARKS = re.compile(r"^(?:[\s>]|[-*+](?=\s|$)|\d{1,9}[.)](?=\s|$))*$")
_WORD = re.compile(r"\w")


def line_kinds(
    lines: Sequence[str],
    blocks: Sequence[Block],
    configuration: Configuration,
    statements: Sequence[Statement],
) -> tuple[LineKind, ...]:
    """What each line belongs to; "" where no block of the parser claims a line that has words."""
    kinds: list[LineKind] = ["" if _WORD.search(line) and not _ONLY_MARKS.match(line) else "prose" for line in lines]
    for block in blocks:
        for number in range(block.line, min(block.last_line, len(lines)) + 1):
            kinds[number - 1] = "prose"
    for number in configuration.lines:
        kinds[number - 1] = "configuration"
    for statement in statements:
        for number in statement.lines:
            kinds[number - 1] = "statement"
    return tuple(kinds)


def hidden_demands(lines: Sequence[str], blocks: Sequence[Block], statements: Sequence[Statement]) -> Iterator[Flaw]:
    """Lines that look like a demand, begin no statement and are in code, in a comment or in HTML."""
    begins = {statement.line for statement in statements}
    suspects = [
        number
        for number, line in enumerate(lines, 1)
        if number not in begins and (_BOX_LINE.match(line) or is_expected(line) or _TARGET_LINE.match(line))
    ]
    suspects += [number for number in _rows(lines) if number not in begins]
    if not suspects:
        return
    inside = {
        number: block
        for block in blocks
        if block.kind in ("fence", "other")
        for number in range(block.line, block.last_line + 1)
    }
    comments: dict[int, int] = {}
    for number in sorted(set(suspects)):
        if number in inside:
            block = inside[number]
            if block.line not in comments:
                comments[block.line] = _first_comment(lines, block)
            yield _hidden(number, lines, block, in_comment=comments[block.line] <= number)


def _first_comment(lines: Sequence[str], block: Block) -> int:
    """The first line of a block at which a comment begins; a line behind the text where there is none."""
    numbers = range(block.line, block.last_line + 1)
    return next((number for number in numbers if "<!--" in lines[number - 1]), len(lines) + 1)


def _hidden(number: int, lines: Sequence[str], block: Block, *, in_comment: bool) -> Flaw:
    line = lines[number - 1].rstrip()
    where, hint = f"the HTML of line {block.line}", "if it is a demand, write it as Markdown"
    if block.kind == "fence":
        language = f" ({block.info.split()[0]})" if block.info else ""
        where = f"the code block of line {block.line}{language}"
        hint = "if it is a demand, move it out of the block; an example may stay"
    elif in_comment:
        where, hint = f"the comment of line {block.line}", "if it is a demand, move it out of the comment"
    message = f"this looks like a demand, but is in {where}, so it is not judged"
    offset = len(line) - len(line.lstrip())
    return Flaw("demand-hidden", "warning", number, offset + 1, message, hint, len(line) - offset)


def _rows(lines: Sequence[str]) -> Iterator[int]:
    """Rows of tables that have a column of criteria, wherever such a table stands."""
    for index in range(len(lines) - 1):
        if "|" in lines[index] and _CRITERIA.search(lines[index]) and _DASHES.match(lines[index + 1]):
            for number in range(index + 2, len(lines)):
                if "|" not in lines[number] or not _WORD.search(lines[number]):
                    break
                yield number + 1
