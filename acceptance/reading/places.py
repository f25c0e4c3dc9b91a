"""From a position in a block's text to its line and column in the file."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from acceptance.reading.block import Block
from acceptance.reading.source import Source


class Places:
    """Where the characters of a paragraph or item stand: its lines lost their markers and indentation."""

    def __init__(self, source: Source, block: Block) -> None:
        """Look at the lines of the block once, so that each position is found quickly."""
        self._source = source
        self._block = block
        self._lines = block.text.split("\n")
        self._begins = list(accumulate((len(line) + 1 for line in self._lines), initial=0))[:-1]

    def line(self, position: int) -> int:
        """The line of a position."""
        return self._block.line + self._index(position)

    def column(self, position: int) -> int:
        """The column of a position in its line of the file."""
        index = self._index(position)
        number = self._block.line + index
        found = max(self._source.lines[number - 1].find(self._lines[index]), 0)
        offset = found if index else self._block.offset
        return self._source.column(number, offset + position - self._begins[index])

    def lines(self, begin: int, end: int) -> tuple[int, ...]:
        """The lines from one position to the character before another."""
        return tuple(range(self.line(begin), self.line(max(end - 1, begin)) + 1))

    def _index(self, position: int) -> int:
        return bisect_right(self._begins, position) - 1
