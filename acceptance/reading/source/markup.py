"""HTML in a document to blocks: rows of tables, list items, paragraphs, and Markdown lists that are in it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from signoff.acceptance.reading.source.block import Block, BlockKind, Cell

_TAG = re.compile(r"<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]{0,10})(?=[\s/>])(?P<rest>[^<>]{0,2000})>")
_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+(?P<text>\S.*)$")
_INLINE = frozenset(
    ("a b i u s em strong code span small sub sup mark kbd del ins abbr br img input label time").split()
)
_CHECKED = re.compile(r"\btype\s*=\s*[\"']?checkbox", re.IGNORECASE)


@dataclass
class _Table:
    """The row that is being read: its cells, and the header of its table."""

    header: tuple[str, ...] = ()
    cells: list[Cell] = field(default_factory=list)
    is_header: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Text:
    """The lines of some HTML with their offsets, so that every piece of text is led back to its place."""

    text: str
    begins: tuple[int, ...]
    first: int

    def place(self, position: int) -> tuple[int, int]:
        """Line and offset in it of a position of the text."""
        low, high = 0, len(self.begins)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.begins[middle] <= position else (low, middle)
        return self.first + low, position - self.begins[low]


def read_markup(lines: Sequence[str], first: int) -> list[Block]:
    """The blocks of some lines of HTML that begin at line `first`; comments hold nothing that is asked for."""
    text = "\n".join(lines)
    if "<!--" in text:
        text = _without_comments(text)
    begins = tuple(accumulate((len(line) + 1 for line in lines), initial=0))[:-1] or (0,)
    return list(_walk(_Text(text, begins, first)))


def _without_comments(text: str) -> str:
    """The text with spaces where comments stand, so that no place moves."""
    parts: list[str] = []
    begin = 0
    while (opening := text.find("<!--", begin)) >= 0:
        closing = text.find("-->", opening)
        end = len(text) if closing < 0 else closing + 3
        parts += [text[begin:opening], re.sub(r"[^\n]", " ", text[opening:end])]
        begin = end
    return "".join([*parts, text[begin:]])


def _walk(source: _Text) -> Iterator[Block]:
    table = _Table()
    where: BlockKind = "paragraph"
    is_code = False
    begin = 0
    for tag in [*_TAG.finditer(source.text), None]:
        name = tag["name"].lower() if tag is not None else ""
        if name in _INLINE:
            continue
        end = len(source.text) if tag is None else tag.start()
        if not is_code:
            yield from _pieces(source, begin, end, where, table)
        begin = end if tag is None else tag.end()
        opens = tag is not None and not tag["close"]
        if name in ("pre", "script", "style", "textarea"):
            is_code = opens
        elif name == "table":
            table = _Table()
            where = "paragraph"
        elif name == "tr" and opens:
            table.cells, table.is_header, table.line = [], False, source.place(begin)[0]
        elif name == "tr":
            yield from _row(table, source.place(begin - 1)[0])
        elif name in ("td", "th"):
            where = "row" if opens else "paragraph"
            table.is_header = table.is_header or name == "th"
        elif name == "li":
            where = "item" if opens else "paragraph"


def _row(table: _Table, last: int) -> Iterator[Block]:
    if table.is_header and not table.header:
        table.header = tuple(cell.text for cell in table.cells)
    elif table.cells:
        text = " ".join(cell.text for cell in table.cells)
        yield Block("row", table.line, last, text=text, header=table.header, cells=tuple(table.cells))
    table.cells = []


def _pieces(source: _Text, begin: int, end: int, where: BlockKind, table: _Table) -> Iterator[Block]:
    """What the text between two tags is: a cell, an item, Markdown items, a paragraph."""
    raw = source.text[begin:end]
    body = raw.strip()
    if not body:
        return
    start = begin + len(raw) - len(raw.lstrip())
    line, offset = source.place(start)
    last = source.place(start + len(body) - 1)[0]
    if where == "row":
        table.cells.append(Cell(_plain(body), offset, line))
        return
    items = [(_ITEM.match(piece), piece) for piece in raw.split("\n")]
    if where == "paragraph" and any(found for found, _ in items):
        position = begin
        for found, piece in items:
            number, column = source.place(position)
            if found is not None:
                yield Block("item", number, number, text=_plain(found["text"]), offset=column + found.start("text"))
            elif piece.strip():
                yield Block("paragraph", number, number, text=_plain(piece), offset=column)
            position += len(piece) + 1
        return
    yield Block(where, line, last, text=_plain(body), offset=offset)


def _plain(text: str) -> str:
    """Words without inline tags; the boxes of a form become Markdown's. Line ends stay where they are."""
    boxed = _TAG.sub(lambda tag: _box(tag["rest"]) if tag["name"].lower() == "input" else "", text)
    return html.unescape("\n".join(line.strip() for line in boxed.split("\n"))).strip()


def _box(attributes: str) -> str:
    if not _CHECKED.search(attributes):
        return ""
    return "[x] " if re.search(r"\bchecked\b", attributes, re.IGNORECASE) else "[ ] "
