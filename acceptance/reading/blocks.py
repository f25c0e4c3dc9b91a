"""Text to blocks: headings, paragraphs, list items, table rows and fences, each with its lines.

The tokens come from `markdown.py`; what is kept of them is what statements are made of.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from markdown_it.token import Token

from acceptance.reading.document import Heading
from acceptance.reading.encoding import Flaw
from acceptance.reading.markdown import parse
from acceptance.reading.wording import label_of, slug

BlockKind = Literal["heading", "paragraph", "item", "row", "fence", "other"]
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
    """All blocks in the order of the text, and what is wrong with how it is divided."""

    blocks: tuple[Block, ...]
    flaws: tuple[Flaw, ...] = ()


def read_blocks(lines: Sequence[str]) -> Blocks:
    """Divide the text; `parse` says where an unclosed fence or comment ends."""
    parsed = parse(lines)
    found = list(_walk(parsed.tokens, lines))
    found += [Block("other", first + 1, max(end, first + 1)) for first, end in parsed.definitions]
    return Blocks(tuple(_under_headings(found)), parsed.flaws)


@dataclass
class _Lists:
    """Where the walk stands in nested lists: one entry an open item."""

    labels: list[str] = field(default_factory=list)
    texts: list[bool] = field(default_factory=list)


def _walk(tokens: Sequence[Token], lines: Sequence[str]) -> Iterator[Block]:
    lists = _Lists()
    header: tuple[str, ...] = ()
    for position, token in enumerate(tokens):
        first, end = token.map or (0, 0)
        place = (first + 1, max(end, first + 1))
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
            yield Block("other", first + 2, first + 2)
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
