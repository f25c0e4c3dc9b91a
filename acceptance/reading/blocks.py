"""Text to blocks: headings, paragraphs, list items, table rows and fences, each with its lines.

CommonMark and tables come from markdown-it-py. It accepts a fence that nobody closes without a word; here such a
fence ends where the document visibly goes on, and is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

from acceptance.reading.document import Heading
from acceptance.reading.wording import label_of, slug

BlockKind = Literal["heading", "paragraph", "item", "row", "fence", "other"]
_FENCE = re.compile(r"^(?P<indent>\s*)(?:[-*+]\s+|\d+[.)]\s+)?(?P<marks>`{3,}|~{3,})\s*(?P<info>[^`]*)$")
# A single # is a comment in most fenced languages; two or more are a heading in none of them.
_GOES_ON = re.compile(r"^#{2,6}\s+\S|^\s*[-*+]\s+\[[ xX]\]\s")
_EXPECTED_HEADING = re.compile(r"^expected\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A table cell: its text and where it begins in the line."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the document, lines from 1. `offset` is where its text begins in its first line."""

    kind: BlockKind
    line: int
    last_line: int
    text: str = ""
    offset: int = 0
    info: str = ""
    headings: tuple[Heading, ...] = ()
    labels: tuple[str, ...] = ()
    header: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks in the order of the text, and the lines of fences that nobody closed."""

    blocks: tuple[Block, ...]
    unclosed: tuple[int, ...]


def read_blocks(lines: Sequence[str]) -> Blocks:
    """Divide the text. After a fence that is not closed, reading goes on at the next heading, fence or box."""
    found: list[Block] = []
    unclosed: list[int] = []
    begin = 0
    while begin < len(lines):
        blocks = list(_parse(lines[begin:], begin))
        broken = next(
            ((block, end) for block in blocks if block.kind == "fence" and (end := _breaks(block, lines))), None
        )
        if broken is None:
            found += blocks
            break
        block, end = broken
        unclosed.append(block.line)
        if end >= len(lines):
            found += blocks
            break
        found += _parse(lines[begin:end], begin)
        begin = end
    return Blocks(tuple(_under_headings(found)), tuple(unclosed))


def _breaks(block: Block, lines: Sequence[str]) -> int:
    """The index of the line at which an unclosed fence has to end; 0 where the fence is closed well."""
    opening = _FENCE.match(lines[block.line - 1])
    if opening is None:
        return 0
    marks = opening["marks"]
    for index in range(block.line, block.last_line):
        inner = _FENCE.match(lines[index])
        if inner is None or inner["marks"][0] != marks[0] or len(inner["marks"]) < len(marks):
            continue
        if inner["info"].strip():
            # The same fence opened again inside: its author believed the first one closed.
            return _goes_on(block.line, index, lines)
        return 0
    return _goes_on(block.line, len(lines), lines)


def _goes_on(begin: int, end: int, lines: Sequence[str]) -> int:
    return next((index for index in range(begin, end) if _GOES_ON.match(lines[index])), end)


def _parse(lines: Sequence[str], begin: int) -> Iterator[Block]:
    """The blocks of some lines; `begin` lines stand before them."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").disable("code")
    environment: dict[str, Any] = {}
    # Only the block structure is needed; inline markup is taken off by `wording`.
    parser.disable("inline")
    tokens = parser.parse("\n".join(lines), environment)
    yield from _walk(tokens, lines, begin)
    definitions = [*environment.get("references", {}).values(), *environment.get("duplicate_refs", [])]
    for definition in definitions:
        first, end = definition["map"]
        yield Block("other", begin + first + 1, begin + max(end, first + 1))


@dataclass
class _Lists:
    """Where the walk stands in nested lists: one entry an open item."""

    labels: list[str] = field(default_factory=list)
    texts: list[bool] = field(default_factory=list)


def _walk(tokens: Sequence[Token], lines: Sequence[str], begin: int) -> Iterator[Block]:
    lists = _Lists()
    header: tuple[str, ...] = ()
    for position, token in enumerate(tokens):
        first, end = token.map or (0, 0)
        place = (begin + first + 1, begin + max(end, first + 1))
        if token.type == "list_item_open":
            lists.labels.append("")
            lists.texts.append(False)
        elif token.type == "list_item_close":
            lists.labels.pop()
            lists.texts.pop()
        elif token.type == "heading_open":
            text = tokens[position + 1].content
            yield Block("heading", *place, text=text, info=token.tag[1:], offset=_offset(lines, first, text))
        elif token.type == "paragraph_open":
            text = tokens[position + 1].content
            labels = tuple(lists.labels[:-1])
            if lists.texts and not lists.texts[-1]:
                lists.texts[-1] = True
                lists.labels[-1] = label_of(text)[0]
                yield Block("item", *place, text=text, offset=_offset(lines, first, text), labels=labels)
            else:
                yield Block("paragraph", *place, text=text, offset=_offset(lines, first, text), labels=labels)
        elif token.type == "fence":
            yield Block("fence", *place, text=token.content, info=token.info.strip())
        elif token.type == "tr_open":
            cells = _cells(lines[first])
            if tokens[position + 1].type == "th_open":
                header = tuple(cell.text for cell in cells)
                yield Block("other", *place)
            else:
                yield Block("row", *place, text=lines[first], header=header, cells=cells)
        elif token.type == "table_open":
            yield Block("other", begin + first + 2, begin + first + 2)
        elif token.type in ("hr", "html_block"):
            yield Block("other", *place)


def _offset(lines: Sequence[str], index: int, text: str) -> int:
    first = text.split("\n", 1)[0]
    return max(lines[index].find(first), 0) if first else 0


def _cells(line: str) -> tuple[Cell, ...]:
    """The cells of a table row, divided at pipes that are not escaped (GitHub's rule)."""
    cells = []
    body = line.strip()
    position = line.index(body) if body else 0
    inner = body.removeprefix("|")
    position += len(body) - len(inner)
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    for part in re.split(r"(?<!\\)\|", inner):
        text = part.strip()
        cells.append(Cell(text.replace("\\|", "|"), position + (part.index(text) if text else 0)))
        position += len(part) + 1
    return tuple(cells)


def _under_headings(blocks: Sequence[Block]) -> Iterator[Block]:
    """Each block with the headings that it stands under; `# Expected:` outside a fence is no heading."""
    ordered = sorted(blocks, key=lambda block: block.line)
    names = Counter(slug(block.text) for block in ordered if block.kind == "heading")
    stack: list[Heading] = []
    for block in ordered:
        if block.kind == "heading" and _EXPECTED_HEADING.match(block.text):
            yield replace(block, kind="paragraph", headings=tuple(stack))
            continue
        if block.kind == "heading":
            level = int(block.info)
            stack = [heading for heading in stack if heading.level < level]
            name = slug(block.text)
            if names[name] > 1 and stack:
                name = f"{stack[-1].slug}-{name}"
            stack.append(Heading(level, block.text, block.line, name))
        yield replace(block, headings=tuple(stack))
