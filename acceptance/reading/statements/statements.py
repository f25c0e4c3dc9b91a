"""Blocks to statements: each demand once, with its place, its lines and the command that it mentions."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from signoff.acceptance.criterion import Statement as StatementType
from signoff.acceptance.reading.sections.normative import is_normative, sentences
from signoff.acceptance.reading.sections.scenario import Scenario, demands_of, is_whole, leads_to_then, step_of
from signoff.acceptance.reading.sections.sections import role_of_bullet
from signoff.acceptance.reading.settings.configuration import Configuration
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Command, Diagnostic, Statement
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.source.wording import box_of, label_of, plain
from signoff.acceptance.reading.statements.fences import Surroundings, fence_statements
from signoff.acceptance.reading.statements.paragraphs import paragraph_statements
from signoff.acceptance.reading.statements.places import Places
from signoff.acceptance.reading.statements.route_headings import of_routes
from signoff.acceptance.reading.statements.rows import row_statements

_LINK_ONLY = re.compile(r"^\s*!?\[[^\[\]]*\]\([^()]*\)\W*$")
_TARGET = re.compile(r"\(\s*(?:target|goal|limit)\s*:\s*(?P<text>[^)]*)\)|\b(?:target|goal)\s*:\s", re.IGNORECASE)
# How many characters the criteria of one line of settings have together, at most.
_MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Found:
    """What the blocks of a document hold."""

    statements: tuple[Statement, ...]
    commands: tuple[Command, ...]
    diagnostics: tuple[Diagnostic, ...]


def read_statements(source: Source, blocks: Sequence[Block], configuration: Configuration, folder: Path) -> Found:
    """All statements in the order of the document."""
    statements: list[Statement] = list(_settings(source, blocks, configuration))
    around = Surroundings(folder, configured=frozenset(setting.line for setting in configuration.settings))
    items = [block for block in blocks if block.kind == "item"]
    steps = _Steps([block.text for block in items])
    position = 0
    above: Block | None = None
    for block in blocks:
        if block.kind == "item":
            lead = plain(block.lead)
            statements += (replace(statement, lead=lead) for statement in _item(source, block, steps, position))
            position += 1
        elif block.kind == "row" and block.line not in configuration.blocks:
            statements += (_with_cells(statement, block) for statement in row_statements(source, block))
        elif block.kind == "paragraph":
            statements += paragraph_statements(source, block, around)
        elif block.kind == "fence" and block.line not in configuration.blocks:
            statements += fence_statements(source, block, above, around)
        above = block if block.kind != "other" else above
    ordered = sorted(of_routes(statements), key=lambda statement: (statement.line, statement.column))
    return Found(tuple(ordered), tuple(around.commands), tuple(around.diagnostics))


def _with_cells(statement: Statement, block: Block) -> Statement:
    """A statement of a row with the cells that are no part of it: a comment may say that it does not hold."""
    cells = (plain(cell.text) for cell in block.cells)
    return replace(statement, beside=tuple(cell for cell in cells if cell and cell not in statement.text))


def _settings(source: Source, blocks: Sequence[Block], configuration: Configuration) -> Iterator[Statement]:
    """A statement for each line that gives settings."""
    holders = [block for block in blocks if block.kind in ("fence", "row", "heading")]
    begins = [block.line for block in holders]
    for line, group in groupby(configuration.settings, key=lambda setting: setting.line):
        settings = tuple(group)
        holder = holders[bisect_right(begins, line) - 1]
        text = "; ".join(source.lines[line - 1].strip().rstrip(",").split(";"))
        if len(text) * len(settings) > _MOST_CHARACTERS:
            # Each setting of a line has the line as its text: a file on one line would be kept for each of its values.
            text = f"{text[: _MOST_CHARACTERS // len(settings)]}…"
        yield Statement("config", line, settings[0].column, (line,), text, holder.headings, settings=settings)


class _Steps:
    """The steps of scenarios among list items: what is before `then` belongs to what is behind it."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._scenario: Scenario | None = None

    def role(self, index: int) -> tuple[str, str]:
        """`condition` or `asked` for an item that is a step, else "", and the whole demand where it is asked."""
        text = self._texts[index]
        word = step_of(text)
        scenario = self._scenario
        if scenario is not None and (word == "then" or (word in ("and", "but") and scenario.has_asked)):
            return "asked", scenario.demand(text)
        if word in ("and", "but") and scenario is not None:
            scenario.condition(word, text)
            return "condition", ""
        if word in ("given", "when") and not is_whole(text) and leads_to_then(self._texts, index):
            self._scenario = scenario = scenario or Scenario()
            scenario.condition(word, text)
            return "condition", ""
        self._scenario = None
        return "", ""


def _item(source: Source, block: Block, steps: _Steps, position: int) -> Iterator[Statement]:
    lines = tuple(range(block.line, block.last_line + 1))
    boxed = box_of(block.text)
    body = block.text if boxed is None else boxed
    label, rest = label_of(body)
    text = plain(body)
    column = source.column(block.line, block.offset)
    step, demand = steps.role(position)
    if boxed is not None:
        yield Statement("checkbox", block.line, column, lines, text, block.headings, "", label)
        return
    if step == "condition" or _LINK_ONLY.match(body):
        return
    if step == "asked" or is_whole(text):
        role = role_of_bullet(rest, "", block.labels, block.headings, block.lead)
        yield from _scenario(source, block, (demand if step == "asked" else ""), role if role != "none" else "demand")
        return
    if label and not rest and not body.rstrip().rstrip("*_ ").endswith(":"):
        # All of the item is bold: that is its text, and no label of what stands below it.
        label, rest = "", label
    role = role_of_bullet(rest, label, block.labels, block.headings, block.lead)
    if role == "none":
        return
    asking = [sentence for sentence in sentences(body) if is_normative(sentence.text)]
    if len(asking) > 1:
        yield from _parts(source, block, [0, *(sentence.begin for sentence in asking[1:])], role, label)
        return
    statement: StatementType = "bullet"
    if _TARGET.search(text) and role in ("metric", "demand"):
        statement = "target"
    yield Statement(statement, block.line, column, lines, text, block.headings, role, label)


def _scenario(source: Source, block: Block, demand: str, role: str) -> Iterator[Statement]:
    """An item that is a step, or a scenario in one line: a statement for each thing that it asks for."""
    places = Places(source, block)
    lines = tuple(range(block.line, block.last_line + 1))
    for text, begin in ((demand, 0),) if demand else demands_of(block.text):
        place = (places.line(begin), places.column(begin), lines)
        yield Statement("bullet", *place, plain(text), block.headings, role)


def _parts(source: Source, block: Block, begins: Sequence[int], role: str, label: str) -> Iterator[Statement]:
    """An item in which several sentences ask: a statement each, with what is said about it behind it."""
    places = Places(source, block)
    for begin, end in zip(begins, [*begins[1:], len(block.text)], strict=True):
        text, stop = plain(block.text[begin:end]), begin + len(block.text[begin:end].rstrip())
        lines = places.lines(begin, stop)
        yield Statement(
            "bullet", lines[0], places.column(begin), lines, text, block.headings, role, "" if begin else label
        )
