"""From a position in a block's text to its line and column in the file."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.source import Source


class Places:
    """Where the characters of a paragraph or item stand: its lines lost their markers and indentation."""

    def __init__(self, source: Source, block: Block) -> None:
        """Look at the lines of the block once, so that each position is found quickly."""
        lines = block.text.split("\n")
        self._source = source
        self._first = block.line
        self._begins = list(accumulate((len(line) + 1 for line in lines), initial=0))[:-1]
        below = source.lines[block.line : block.line + len(lines) - 1]
        found = (max(whole.find(line), 0) for whole, line in zip(below, lines[1:], strict=False))
        self._offsets = [block.offset, *found]

    def line(self, position: int) -> int:
        """The line of a position."""
        return self._first + self._index(position)

    def column(self, position: int) -> int:
        """The column of a position in its line of the file."""
        index = self._index(position)
        return self._source.column(self._first + index, self._offsets[index] + position - self._begins[index])

    def lines(self, begin: int, end: int) -> tuple[int, ...]:
        """The lines from one position to the character before another."""
        return tuple(range(self.line(begin), self.line(max(end - 1, begin)) + 1))

    def _index(self, position: int) -> int:
        return min(bisect_right(self._begins, position), len(self._offsets)) - 1
