"""One document for the conflict finders: lines, blocks, places and their criteria."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading.source.block import Block, Heading
from signoff.acceptance.reading.source.document import Document, Setting
from signoff.acceptance.reading.source.wording import plain
from signoff.reports.stored.conflict import Conflict, Side

Pair = tuple[str, str]
Place = tuple["Page", Side]
_SHOWN = 160
# Of a longer line only so much is looked at.
_LONGEST = 4_000
# How many blocks may begin inside another one that still holds a line.
_NESTED = 20


class Page:
    """A document with an index over its lines. `number` is its place among the documents of the command."""

    def __init__(self, document: Document, number: int) -> None:
        self.document = document
        self.number = number
        self.path = document.path
        self._lines = tuple(line[:_LONGEST] for line in document.text)
        self.text = "\n".join(self._lines)
        self._headings: dict[tuple[Heading, ...], tuple[str, ...]] = {}
        self._shown: dict[int, str] = {}

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self._lines:
            starts.append(starts[-1] + len(line) + 1)
        return starts

    @cached_property
    def _lower_starts(self) -> list[int]:
        """The same for the text in lower case, which is longer where a letter becomes two."""
        starts = [0]
        for line in self.lower.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts

    @cached_property
    def _first_lines(self) -> list[int]:
        return [block.line for block in self.blocks]

    @cached_property
    def _criteria(self) -> dict[int, list[Criterion]]:
        found: dict[int, list[Criterion]] = {}
        for criterion in self.document.criteria:
            found.setdefault(criterion.line, []).append(criterion)
        return found

    @cached_property
    def _configured(self) -> dict[tuple[int, object], list[Criterion]]:
        """The criteria on configured values, by line and spelling."""
        found: dict[tuple[int, object], list[Criterion]] = {}
        for criterion in self.document.criteria:
            if criterion.kind == "config_value":
                found.setdefault((criterion.line, criterion.parameters.get("spelling")), []).append(criterion)
        return found

    @cached_property
    def on_settings(self) -> list[Criterion]:
        """The criteria on several settings at once that a machine judges."""
        return [
            criterion
            for criterion in self.document.criteria
            if criterion.judge == "machine" and criterion.parameters.get("settings")
        ]

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All blocks in the order of their lines."""
        return tuple(sorted(self.document.blocks, key=lambda block: block.line))

    @cached_property
    def fences(self) -> tuple[Block, ...]:
        """The fenced blocks."""
        return tuple(block for block in self.blocks if block.kind == "fence")

    @cached_property
    def lower(self) -> str:
        """The text in lower case, for cheap questions before dear ones."""
        return self.text.lower()

    def find(self, pattern: re.Pattern[str], *words: str) -> Iterator[tuple[re.Match[str], int]]:
        """Every match with the line where it begins; `words` (lower case) have to be in the same line."""
        if not words:
            yield from ((match, bisect_right(self._starts, match.start())) for match in pattern.finditer(self.text))
            return
        for number in self._lines_with(words):
            yield from ((match, number) for match in pattern.finditer(self.line(number)))

    def _lines_with(self, words: tuple[str, ...]) -> Iterator[int]:
        """The lines that hold all of these words, by way of the rarest of them."""
        rarest = min(words, key=self.lower.count)
        at = self.lower.find(rarest)
        while at >= 0:
            number = bisect_right(self._lower_starts, at)
            if all(word in self.line(number).lower() for word in words):
                yield number
            at = self.lower.find(rarest, self._lower_starts[number]) if number < len(self._lower_starts) else -1

    def line(self, number: int) -> str:
        """The text of a line, from 1."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else ""

    def first_set(self, spelling: str) -> tuple[int, str] | None:
        """Where among its settings one with this spelling comes first, and the value as text."""
        return self._first_set.get(spelling)

    @cached_property
    def _first_set(self) -> dict[str, tuple[int, str]]:
        found: dict[str, tuple[int, str]] = {}
        for index, setting in enumerate(self.document.configuration):
            found.setdefault(setting.spelling, (index, str(setting.value)))
        return found

    def index(self, line: int) -> int:
        """The index of the first block that begins at this line or behind it."""
        return bisect_left(self._first_lines, line)

    def block(self, line: int) -> Block | None:
        """The block that a line belongs to."""
        index = bisect_right(self._first_lines, line) - 1
        for block in reversed(self.blocks[max(index - _NESTED, 0) : index + 1]):
            if block.last_line >= line:
                return block
        return None

    def headings(self, line: int) -> tuple[str, ...]:
        """The headings above a line, the document's title left out, the nearest last."""
        block = self.block(line)
        if block is None:
            return ()
        known = self._headings.get(block.headings)
        if known is None:
            known = tuple(plain(heading.text) for heading in block.headings if heading.level > 1)
            self._headings[block.headings] = known
        return known

    def side(self, line: int, value: object, spelling: str = "") -> Place:
        """A side of a conflict at a line of this document."""
        shown = str(value) if isinstance(value, list | dict) else value
        return self, Side(document=self.path, line=line, value=shown, spelling=spelling or self._as_shown(line))

    def _as_shown(self, line: int) -> str:
        if line not in self._shown:
            self._shown[line] = " ".join(self.line(line).split())[:_SHOWN]
        return self._shown[line]

    def criteria(self, *lines: int) -> tuple[Pair, ...]:
        """The criteria that a machine judges and whose statement begins at one of these lines."""
        at = (criterion for line in dict.fromkeys(lines) for criterion in self._criteria.get(line, ()))
        return tuple((self.path, criterion.id) for criterion in at if criterion.judge == "machine")

    def criteria_of(self, setting: Setting) -> tuple[Pair, ...]:
        """The criteria that judge one configured value."""
        return tuple(
            (self.path, criterion.id) for criterion in self._configured.get((setting.line, setting.spelling), ())
        )


def conflict(kind: str, subject: str, places: Iterable[Place], message: str, criteria: Iterable[Pair] = ()) -> Conflict:
    """A conflict with its sides in the order of the documents and their lines, each once."""
    by_place = {(page.number, side.line, str(side.value)): side for page, side in places}
    sides = tuple(by_place[place] for place in sorted(by_place))
    pairs = tuple(dict.fromkeys(criteria))
    return Conflict(kind=kind, subject=subject, sides=sides, message=message, criteria=pairs)


def listed(values: Iterable[object]) -> str:
    """Values for a sentence, each once: `15 GB, 30 GB`."""
    return ", ".join(dict.fromkeys(str(value) for value in values))
