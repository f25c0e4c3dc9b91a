"""Blocks to statements: each demand once, with its place, its lines and the command that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from acceptance.criterion import Statement as StatementType
from acceptance.reading.blocks import Block
from acceptance.reading.commands import SHELL_LANGUAGES, Expected, read_commands
from acceptance.reading.configuration import Configuration
from acceptance.reading.document import Command, Diagnostic, Statement
from acceptance.reading.sections import is_smart, role_of_bullet, role_of_paragraph
from acceptance.reading.shell import is_expected
from acceptance.reading.source import Source
from acceptance.reading.wording import box_of, label_of, plain

_CRITERIA_COLUMN = re.compile(r"\b(?:success|acceptance) criteri", re.IGNORECASE)
_TARGET_COLUMN = re.compile(r"^\s*(?:targets?|thresholds?|limits?|expected|required)\s*$", re.IGNORECASE)
_TARGET = re.compile(r"\(\s*(?:target|goal|limit)\s*:\s*(?P<text>[^)]*)\)|\b(?:target|goal)\s*:\s", re.IGNORECASE)
_EXPECTED = re.compile(
    r"^\s*expected(?:\s+(?:output|result|response))?\s*:?\s*(?P<text>.*)$", re.IGNORECASE | re.DOTALL
)
_RESPONSE = re.compile(r"\bresponse\b(?:.*?\b(?P<status>[1-5]\d\d)\b)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """What the blocks of a document hold."""

    statements: tuple[Statement, ...]
    commands: tuple[Command, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_statements(source: Source, blocks: Sequence[Block], configuration: Configuration, folder: Path) -> Found:
    """All statements in the order of the document."""
    statements: list[Statement] = list(_settings(source, blocks, configuration))
    commands: list[Command] = []
    diagnostics: list[Diagnostic] = []
    for block in blocks:
        if block.kind == "item":
            statements += _item(source, block)
        elif block.kind == "row":
            statements += _row(source, block)
        elif block.kind == "paragraph":
            statements += _paragraph(source, block)
        elif block.kind == "fence" and block.line not in configuration.blocks:
            statements += _fence(source, block, folder, commands, diagnostics)
    ordered = sorted(statements, key=lambda statement: (statement.line, statement.column))
    return Found(tuple(ordered), tuple(commands), tuple(diagnostics))


def _settings(source: Source, blocks: Sequence[Block], configuration: Configuration) -> Iterator[Statement]:
    fences = [block for block in blocks if block.line in configuration.blocks and block.kind == "fence"]
    for line, group in groupby(configuration.settings, key=lambda setting: setting.line):
        settings = tuple(group)
        fence = next(fence for fence in fences if fence.line <= line <= fence.last_line)
        text = "; ".join(source.lines[line - 1].strip().rstrip(",").split(";"))
        yield Statement("config", line, settings[0].column, (line,), text, fence.headings, settings=settings)


def _item(source: Source, block: Block) -> Iterator[Statement]:
    lines = tuple(range(block.line, block.last_line + 1))
    boxed = box_of(block.text)
    body = block.text if boxed is None else boxed
    label, rest = label_of(body)
    text = plain(body)
    column = source.column(block.line, block.offset)
    if boxed is not None:
        yield Statement("checkbox", block.line, column, lines, text, block.headings, "", label)
        return
    role = role_of_bullet(rest, label, block.labels, block.headings)
    if role == "none":
        return
    statement: StatementType = "bullet"
    if _TARGET.search(text) and role in ("metric", "demand"):
        statement = "target"
    yield Statement(statement, block.line, column, lines, text, block.headings, role, label)


def _row(source: Source, block: Block) -> Iterator[Statement]:
    header = [plain(name) for name in block.header]
    cells = dict(zip(header, block.cells, strict=False))
    texts = {name: plain(cell.text) for name, cell in cells.items()}
    statement: StatementType
    if header and (header[0].lower() == "principle" or is_smart(block.headings)):
        statement = "smart"
        name = next((name for name in header[1:] if re.search(r"notes|validation", name, re.IGNORECASE)), header[-1])
        label = texts.get(header[0], "")
        context = "; ".join(texts.get(other, "") for other in header[1:] if other not in (name, "Status"))
    elif name := next((name for name in header if _CRITERIA_COLUMN.search(name)), ""):
        statement, label = "subtask", texts.get(header[0], "")
        context = "; ".join(texts.get(other, "") for other in header[1:] if other != name)
    elif name := next((name for name in header[1:] if _TARGET_COLUMN.match(name)), ""):
        statement, label, context = "target", texts.get(header[0], ""), ""
    else:
        return
    if not texts.get(name):
        return
    column = source.column(block.line, cells[name].offset)
    text = f"{label}: {texts[name]}" if statement == "target" else texts[name]
    yield Statement(statement, block.line, column, (block.line,), text, block.headings, "", label, context)


def _paragraph(source: Source, block: Block) -> Iterator[Statement]:
    lines = tuple(range(block.line, block.last_line + 1))
    column = source.column(block.line, block.offset)
    expected = _EXPECTED.match(plain(block.text)) if _is_expectation(block.text) else None
    if expected is not None:
        yield Statement("expected", block.line, column, lines, expected["text"], block.headings)
    elif role_of_paragraph(block.headings) == "objective":
        yield Statement("prose", block.line, column, lines, plain(block.text), block.headings, "objective")


def _is_expectation(text: str) -> bool:
    return re.match(r"^\s*\**expected(?:\s+(?:output|result|response))?\**\s*:", text, re.IGNORECASE) is not None


def _fence(
    source: Source, block: Block, folder: Path, commands: list[Command], diagnostics: list[Diagnostic]
) -> Iterator[Statement]:
    language = block.info.split()[0].lower() if block.info else ""
    expects = any(is_expected(line) for line in block.text.splitlines())
    if language in SHELL_LANGUAGES and (language or expects):
        found = read_commands(block, folder)
        commands += found.commands
        for line in found.open_quotes:
            text = source.raw[line - 1]
            diagnostics.append(
                Diagnostic(
                    *("quote-unclosed", "warning", source.path, line, 1, text),
                    "a quote is opened and not closed before the fence or its expectation ends",
                    "close the quote",
                )
            )
        taken: set[int] = set()
        for expected in found.expected:
            yield _expected(source, block, expected, taken)
    elif language == "json" and block.headings and _RESPONSE.search(block.headings[-1].text):
        yield _shape(source, block, commands)


def _expected(source: Source, block: Block, expected: Expected, taken: set[int]) -> Statement:
    command = expected.command
    own = [] if command is None else range(command.line, command.last_line + 1)
    lines = [line for line in [*own, *range(expected.line, expected.last_line + 1)] if line not in taken]
    taken.update(lines)
    text = source.lines[expected.line - 1]
    offset = text.find(expected.text) if expected.text and expected.text in text else max(text.find(":") + 1, 0)
    column = source.column(expected.line, min(offset, len(text)))
    return Statement("expected", expected.line, column, tuple(lines), expected.text, block.headings, command=command)


def _shape(source: Source, block: Block, commands: Sequence[Command]) -> Statement:
    """A JSON body under a heading that calls it a response, to the last request before it."""
    command = next((command for command in reversed(commands) if command.request is not None), None)
    heading = block.headings[-1]
    status = _RESPONSE.search(heading.text)
    return Statement(
        "shape",
        block.line,
        source.column(block.line, block.offset),
        tuple(range(block.line, block.last_line + 1)),
        " ".join(block.text.split()),
        block.headings,
        label=(status["status"] or "200") if status else "200",
        context=plain(heading.text),
        command=command,
    )
