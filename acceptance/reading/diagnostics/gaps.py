"""Empty, repeated or partly unreadable parts of a document."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.commands.expectation import shown_json
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Command, Setting, Statement
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.wording import has_placeholder

_LIKE_HEADING = re.compile(r"#{2,6}[^\W\d_]")
# Where the next document of a YAML stream begins, or the next table of an array in TOML: names may repeat there.
_PART = re.compile(r"\s*(?:---(?:\s|$)|\[\[[^\[\]]+\]\])")
_ASKS = re.compile(r"criteri|target|threshold|limit|expected|required|requirement|notes|validation", re.IGNORECASE)


def find_gaps(
    blocks: Sequence[Block],
    settings: Sequence[Setting],
    statements: Sequence[Statement],
    commands: Sequence[Command],
) -> Iterator[Flaw]:
    """Every gap with its place in the text as it was read."""
    fenced = {number for block in blocks if block.kind == "fence" for number in range(block.line, block.last_line + 1)}
    for block in blocks:
        if block.kind == "heading" and not block.text.strip():
            message = "a heading without text, so that what is below it has no section of its own"
            yield Flaw("heading-empty", "note", block.line, 1, message, "name the section, or delete the marks")
        elif block.kind == "row":
            yield from _row(block)
        elif block.kind == "paragraph":
            yield from _unread_table(block)
            yield from _unread_heading(block)
        elif block.kind == "fence" and block.info.lower() == "json" and not has_placeholder(block.text):
            yield from _unread_json(block)
    for statement in statements:
        yield from _statement(statement, statement.line in fenced)
    for command in commands:
        # A template is not filled in yet: its placeholders are no mistakes.
        if command.problem and not has_placeholder(command.text):
            hint = "write it as it could be sent: a whole URL, literal headers, a body that is in the document"
            width = len(command.text.split("\n", 1)[0])
            yield Flaw("command-unread", "warning", command.line, 1, command.problem, hint, width)
    yield from _repeated_settings(blocks, settings)
    yield from _repeated_headings(statements)


def _row(block: Block) -> Iterator[Flaw]:
    """A row of a table that asks for something, with another number of cells than its head, or an empty one."""
    asks = any(_ASKS.search(name) for name in block.header)
    if not asks:
        return
    if len(block.cells) == len(block.header):
        for name, cell in zip(block.header, block.cells, strict=True):
            if re.search("criteri", name, re.IGNORECASE) and not cell.text:
                message = f"nothing is under {name.strip('* ')} in this row, so it asks for nothing"
                hint = "say what has to hold, or delete the row"
                yield Flaw("table-cell-empty", "note", block.line, cell.offset + 1, message, hint)
        return
    counts = f"{len(block.cells)} cells, and the head of the table {len(block.header)}"
    if len(block.cells) < len(block.header):
        missing = ", ".join(name.strip("* ") for name in block.header[len(block.cells) :])
        message, hint = f"this row has {counts}: nothing is under {missing}", "add the missing cells"
    else:
        message = f"this row has {counts}: the last cells are not read"
        hint = r"write a pipe that belongs to the text as \|, or delete the cells"
    yield Flaw("table-row", "warning", block.line, 1, message, hint)


def _unread_table(block: Block) -> Iterator[Flaw]:
    lines = block.text.split("\n")
    if len(lines) > 1 and all(line.lstrip().startswith("|") for line in lines[:2]):
        last = f" to {block.last_line}" if block.last_line > block.line else ""
        message = (
            f"lines {block.line}{last} look like a table without a row of dashes below its head: no row is a demand"
        )
        hint = "write `|---|` below the head, once for each of its cells"
        yield Flaw("table-unread", "error", block.line, 1, message, hint, len(lines[0].rstrip()))


def _unread_json(block: Block) -> Iterator[Flaw]:
    _, problem = shown_json(block.text)
    if problem:
        message = problem.replace("the expected JSON", "this JSON")
        hint = "write JSON, with ... where any value will do"
        yield Flaw("json-unreadable", "warning", block.line, 1, message, hint, len(block.info) + 3)


def _unread_heading(block: Block) -> Iterator[Flaw]:
    for index, line in enumerate(block.text.split("\n")):
        if _LIKE_HEADING.match(line):
            message = "Markdown shows no heading here: no space follows the marks"
            width = len(line.rstrip())
            yield Flaw("heading-misspelled", "warning", block.line + index, 1, message, "write `## Name`", width)


def _statement(statement: Statement, is_fenced: bool) -> Iterator[Flaw]:
    if statement.type == "checkbox" and not statement.text:
        message = "a check box without text asks for nothing that anybody can judge"
        yield Flaw("box-empty", "warning", statement.line, statement.column, message, "say what has to hold, or delete")
    elif statement.type == "expected" and statement.command is None and is_fenced:
        message = "no command stands above this expectation in its code block, so it is not known what is expected"
        hint = "write the command whose output this is above it, in the same block"
        yield Flaw("expectation-alone", "note", statement.line, statement.column, message, hint, len(statement.text))


def _repeated_settings(blocks: Sequence[Block], settings: Sequence[Setting]) -> Iterator[Flaw]:
    fences = [block for block in blocks if block.kind == "fence"]
    parts = [[number for number, line in fence.content() if _PART.match(line)] for fence in fences]
    first: dict[tuple[int, int, str], int] = {}
    position = 0
    for setting in sorted(settings, key=lambda found: found.line):
        while position < len(fences) and fences[position].last_line < setting.line:
            position += 1
        begins = parts[position] if position < len(fences) else []
        key = (position, bisect_right(begins, setting.line), setting.spelling)
        if key not in first:
            first[key] = setting.line
        elif first[key] != setting.line:
            name = setting.spelling.rsplit(".", 1)[-1]
            message = f"{setting.spelling} is set in line {first[key]} of the same block already; each is a demand"
            place = (setting.line, setting.column)
            yield Flaw("setting-repeated", "warning", *place, message, "keep one of them", len(name))


def _repeated_headings(statements: Sequence[Statement]) -> Iterator[Flaw]:
    """Sections of one name: their criteria are counted on, so an id depends on what stands above it."""
    first: dict[str, int] = {}
    reported: set[int] = set()
    for statement in statements:
        if not statement.headings:
            continue
        heading = statement.headings[-1]
        begin = first.setdefault(heading.slug, heading.line)
        if begin != heading.line and heading.line not in reported:
            reported.add(heading.line)
            message = f"a section of this name is in line {begin} already; the ids of both are counted together"
            hint = "give it a name of its own, so that ids stay when lines move"
            yield Flaw("heading-repeated", "note", heading.line, 1, message, hint)
