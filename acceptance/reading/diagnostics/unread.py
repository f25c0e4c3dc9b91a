"""Tables and lists that are read as asking nothing: said with their place, so that none is left out in silence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from signoff.acceptance.reading.sections.normative import has_figure
from signoff.acceptance.reading.sections.roles import role_of_heading, role_of_label
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.wording import plain, shown_heading

_TABLE_MEND = "if they ask for something, call the column `Target`, `Limit`, `Expected` or `Requirement`"
_LIST_MEND = "if it asks for something, say MUST, or put it below a heading such as `Requirements`"
_MOST_LINES = 10
_ROLES = {
    "story": "a user story",
    "question": "a question",
    "entity": "a term that is explained",
    "assumption": "an assumption",
    "explanation": "an explanation",
    "history": "history",
    "alarm": "an alarm",
}


def find_unread(blocks: Sequence[Block], configured: Iterable[int], statements: Sequence[Statement]) -> Iterator[Flaw]:
    """A note for each table of which no row is a demand, for a row with figures that is none, and for such lists."""
    read = {number for statement in statements for number in statement.lines} | set(configured)
    for kind, group in groupby(blocks, key=lambda block: (block.kind, block.header, block.lead, block.headings)):
        found = list(group)
        left = [block for block in found if not any(line in read for line in range(block.line, block.last_line + 1))]
        if kind[0] == "row" and left:
            yield from _rows(found, left)
        elif kind[0] == "item":
            yield from _items(left)


def _rows(table: Sequence[Block], left: Sequence[Block]) -> Iterator[Flaw]:
    if len(left) == len(table):
        heads = ", ".join(f"`{plain(name)}`" for name in table[0].header if plain(name)) or "empty"
        message = f"no row of this table is read as a demand: its heads are {heads}"
        yield Flaw("not-read", "note", left[0].line, 1, message, _TABLE_MEND, len(left[0].text.rstrip()) or 1)
        return
    for block in left:
        if has_figure(block.text):
            message = "this row is not read as a demand: nothing is under what is a target in the other rows"
            yield Flaw("not-read", "note", block.line, 1, message, _TABLE_MEND, len(block.text.rstrip()) or 1)


def _items(left: Sequence[Block]) -> Iterator[Flaw]:
    """List items with figures that ask for nothing, as one note a list."""
    told = [block for block in left if has_figure(block.text)]
    if not told:
        return
    lines = ", ".join(str(block.line) for block in told[1:_MOST_LINES])
    more = ", ..." if len(told) > _MOST_LINES else ""
    also = f" (and {'lines' if len(told) > 2 else 'line'} {lines}{more})" if lines else ""
    message = f"this item{also} has a figure and is not read as a demand: {_why(told[0])}"
    yield Flaw("not-read", "note", told[0].line, told[0].offset + 1, message, _LIST_MEND)


def _why(block: Block) -> str:
    above = [block.lead, *block.labels, *(heading.text for heading in reversed(block.headings[-1:]))]
    for text in filter(None, above):
        role = role_of_label(plain(text)) or role_of_heading(text)
        if role in _ROLES:
            return f"below `{shown_heading(text)}` it is {_ROLES[role]}"
    return "its words ask for nothing"
