"""Tables that Markdown reads as text: no empty line above them, or a row of dashes that does not fit the head."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.block_parser import cells_of
from signoff.acceptance.reading.source.encoding import Flaw

_DASHES = re.compile(r"\s*\|(?:\s*:?-+:?\s*\|)+\s*$")


def free_tables(blocks: Sequence[Block], lines: Sequence[str]) -> tuple[tuple[Block, ...], tuple[Flaw, ...]]:
    """The blocks with the rows of swallowed tables as rows, and what was done."""
    flaws: list[Flaw] = []
    found: list[Block] = []
    for block in blocks:
        index = _head(block)
        if index is None:
            found.append(block)
        else:
            found += _divided(block, index, lines)
            flaws.append(_flaw(block, index, lines))
    return tuple(found), tuple(flaws)


def _head(block: Block) -> int | None:
    """The index of the text line that is the head of a table."""
    if block.kind not in ("item", "paragraph") or "|" not in block.text or "\n" not in block.text:
        return None
    texts = block.text.split("\n")
    if len(texts) != block.last_line - block.line + 1:
        return None
    return next(
        (
            index
            for index, (text, following) in enumerate(pairwise(texts))
            if text.lstrip().startswith("|") and _DASHES.match(following)
        ),
        None,
    )


def _divided(block: Block, index: int, lines: Sequence[str]) -> Iterator[Block]:
    texts = block.text.split("\n")
    head = block.line + index
    if index:
        yield replace(block, text="\n".join(texts[:index]), last_line=head - 1)
    yield Block("other", head, head + 1, headings=block.headings)
    header = tuple(cell.text for cell in cells_of(lines[head - 1]))
    rest = index + 2
    while rest < len(texts) and texts[rest].lstrip().startswith("|"):
        number = block.line + rest
        line = lines[number - 1]
        yield Block("row", number, number, line, headings=block.headings, header=header, cells=cells_of(line))
        rest += 1
    if rest < len(texts):
        text = "\n".join(texts[rest:]).strip()
        number = block.line + rest
        offset = max(lines[number - 1].find(texts[rest].strip()), 0)
        yield Block("paragraph", number, block.last_line, text, offset, headings=block.headings)


def _flaw(block: Block, index: int, lines: Sequence[str]) -> Flaw:
    head = block.line + index
    line = lines[head - 1]
    counts = [len(cells_of(text)) for text in lines[head - 1 : head + 1]]
    if counts[0] != counts[1]:
        why = f"its head has {counts[0]} cells and the row of dashes {counts[1]}"
        hint = "write one `---|` in the row of dashes for each cell of the head"
    else:
        why = f"it takes it for the text of line {block.line}"
        hint = "put an empty line above the table, and indent it as what stands above"
    message = f"Markdown reads no table here: {why}; its rows are read all the same"
    offset = len(line) - len(line.lstrip())
    return Flaw("table-broken", "warning", head, offset + 1, message, hint, len(line.strip()))
