"""A line of a document with a mark under the place that is meant, aligned whatever the line holds."""

from __future__ import annotations

import unicodedata

from signoff.reports.plain_text import visible

WIDTH = 100
_TAB = 4
_CUT = "…"


def excerpt(line: str, column: int, width: int = 1) -> tuple[str, str]:
    """The line as it can be shown in `WIDTH` columns of a terminal, and the mark under `width` characters.

    Tabs become spaces, what cannot be seen becomes its code point, and a long line is cut around the mark.
    """
    begin = min(max(column - 1, 0), len(line))
    end = min(begin + max(width, 1), len(line))
    # Far from the mark nothing is looked at: a line may be a megabyte long.
    first, last = max(begin - WIDTH, 0), min(max(end, begin) + WIDTH, len(line))
    cells = [_cell(character) for character in line[first:last]]
    left, right = _window(cells, begin - first, end - first)
    before = _CUT if first + left > 0 else ""
    after = _CUT if first + right < len(line) else ""
    shown = before + "".join(cells[left:right]) + after
    offset = _columns(before) + sum(_columns(cell) for cell in cells[left : begin - first])
    marked = sum(_columns(cell) for cell in cells[begin - first : min(end - first, right)])
    return shown, " " * offset + "^" + "~" * (marked - 1)


def _cell(character: str) -> str:
    return " " * _TAB if character == "\t" else visible(character)


def _window(cells: list[str], begin: int, end: int) -> tuple[int, int]:
    """Which cells are shown: all that fit, else those around the mark."""
    widths = [_columns(cell) for cell in cells]
    if sum(widths) <= WIDTH:
        return 0, len(cells)
    left, used = begin, 0
    while left > 0 and used + widths[left - 1] <= WIDTH // 3:
        left -= 1
        used += widths[left]
    right = begin
    while right < len(cells) and used + widths[right] <= WIDTH - 2 * len(_CUT):
        used += widths[right]
        right += 1
    while left > 0 and used + widths[left - 1] <= WIDTH - 2 * len(_CUT):
        left -= 1
        used += widths[left]
    return left, right


def _columns(text: str) -> int:
    """How many columns a terminal gives a text."""
    return sum(_character_columns(character) for character in text)


def _character_columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
