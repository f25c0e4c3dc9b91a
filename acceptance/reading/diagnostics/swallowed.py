"""Demands that Markdown swallows: boxes and expectations in bare code blocks and in the middle of paragraphs.

CommonMark reads them as code or as the text above. Their author saw a demand, so each becomes a block of its own
and is reported. In a code block that names a language a box is an example, and stays one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.expected_line import is_expected
from signoff.acceptance.reading.source.wording import BOX, box_of

_MARKER = r"(?:[-*+•–]|\d{1,9}[.)])"
_BOX_LINE = re.compile(rf"^[\s>]*(?:{_MARKER}\s+)+(?P<box>{BOX})(?:\s+(?P<text>\S.*)?)?$")
# Spellings that no renderer takes for a box: no blank beside it, or no list marker before it.
_LIKE_BOX = re.compile(
    rf"^[\s>]*(?:{_MARKER}\s*(?P<box>\[[ xX]?\])(?![(\[:])|(?P<bare>\[[ xX]\])(?=\s))\s*(?P<text>\S.*)$"
)
_READ_AS = "it is read as a demand all the same"


@dataclass(frozen=True, slots=True)
class _Lost:
    """A line that asks for something and begins no block; `text` is what its own block will hold."""

    line: int
    offset: int
    text: str
    kind: str


def free_demands(blocks: Sequence[Block], lines: Sequence[str]) -> tuple[tuple[Block, ...], tuple[Flaw, ...]]:
    """The blocks with one more for each swallowed demand, in the order of the text, and what was done."""
    lost = list(_lost(blocks, lines))
    if not lost:
        return tuple(blocks), ()
    owner = {number: block for block in blocks for number in range(block.line, block.last_line + 1)}
    kept = {id(block): block for block in blocks}
    texts: dict[int, list[str]] = {}
    flaws: list[Flaw] = []
    added: list[Block] = []
    # From below, so that what stands behind a demand goes to the last one before it.
    for found in reversed(lost):
        block = owner.get(found.line)
        if block is None or not _may_hold(block, found):
            continue
        held = texts.setdefault(id(block), block.text.split("\n"))
        rest, behind = _divided(kept[id(block)], held, found)
        if rest is None:
            del kept[id(block)], texts[id(block)]
        else:
            kept[id(block)] = rest
        added.append(
            Block(
                "paragraph" if found.kind == "expected" else "item",
                found.line,
                found.line + len(behind),
                "\n".join([found.text, *behind]),
                found.offset,
                headings=block.headings,
                labels=block.labels,
            )
        )
        flaws.append(_flaw(found, block, len(lines[found.line - 1].rstrip()) - found.offset))
    cut = [_with_text(block, texts.get(key)) for key, block in kept.items()]
    return tuple(sorted([*cut, *added], key=lambda block: block.line)), tuple(reversed(flaws))


def _with_text(block: Block, lines: list[str] | None) -> Block:
    return block if lines is None else replace(block, text="\n".join(lines))


def _may_hold(block: Block, found: _Lost) -> bool:
    """Whether a demand in such a block was meant: not in comments, nor in code that says what language it is."""
    if block.kind == "fence":
        return not block.info and found.kind == "box"
    return block.kind != "other"


def _lost(blocks: Sequence[Block], lines: Sequence[str]) -> Iterator[_Lost]:
    boxes = {block.line for block in blocks if block.kind == "item" and box_of(block.text) is not None}
    expected = {block.line for block in blocks if block.kind == "paragraph"}
    fences = [block for block in blocks if block.kind == "fence"]
    expected |= {number for fence in fences for number in range(fence.line, fence.last_line + 1)}
    for number, line in enumerate(lines, 1):
        if number not in boxes and (found := _box(number, line)):
            yield found
        elif number not in expected and is_expected(line):
            offset = len(line) - len(line.lstrip("#/> \t-*+0123456789.)"))
            yield _Lost(number, offset, line[offset:].strip(), "expected")


def _box(number: int, line: str) -> _Lost | None:
    match, kind = _BOX_LINE.match(line), "box"
    if match is None:
        match, kind = _LIKE_BOX.match(line), "spelling"
    if match is None:
        return None
    begin = match.start("box") if match["box"] else match.start("bare")
    return _Lost(number, begin, f"[ ] {(match['text'] or '').rstrip()}".rstrip(), kind)


def _divided(block: Block, texts: list[str], found: _Lost) -> tuple[Block | None, list[str]]:
    """What stays of the block, and the lines of text that go with the demand; they are taken out of `texts`."""
    index = found.line - block.line
    if block.kind == "fence":
        texts[index - 1 : index] = [""]
        return block, []
    if block.kind in ("item", "paragraph") and len(texts) == block.last_line - block.line + 1:
        behind = texts[index + 1 :]
        del texts[index:]
        return replace(block, last_line=found.line - 1) if index else None, behind
    return None if block.kind == "row" else block, []


def _flaw(found: _Lost, block: Block, width: int) -> Flaw:
    what = "expectation" if found.kind == "expected" else "check box"
    place = (found.line, found.offset + 1)
    if block.kind == "fence":
        message = f"this {what} is in the code block of line {block.line}, which names no language; {_READ_AS}"
        hint = "close that block above it; if this is an example, name a language: ```text"
        return Flaw("demand-in-code", "warning", *place, message, hint, width)
    if found.kind == "spelling" or found.line == block.line:
        message = f"Markdown shows no check box here; {_READ_AS}"
        return Flaw("box-misspelled", "note", *place, message, "write it as `- [ ] text`", width)
    message = f"Markdown reads this {what} as part of the text above it (line {block.line}); {_READ_AS}"
    hint = "put an empty line above it, and indent it as its neighbours"
    return Flaw("demand-swallowed", "warning", *place, message, hint, width)
