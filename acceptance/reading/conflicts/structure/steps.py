"""Steps of a procedure that take longer than the procedure may.

The steps are the rows of one table or the items of one list; the whole is a sentence of the same section.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from math import inf

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.wording import plain
from signoff.reports.stored.conflict import Conflict

KIND = "duration"
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = r"(?P<value>\d+(?:\.\d+)?)\s*(?P<unit>s|secs?|seconds?|min|mins|minutes?|h|hours?)\b"
_CELL = re.compile(rf"^\W*(?:max\.?\s+|about\s+|~\s*|up to\s+|<=?\s*)?{_TIME}\W*$", re.IGNORECASE)
_STEP = re.compile(
    rf"\((?:about\s+|~\s*|takes\s+)?{_TIME}\)"
    rf"|\b(?:takes|lasts|needs)\s+(?:about\s+|~\s*)?{_TIME.replace('<', '<late_')}",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    r"^(?:max(?:imum)?\.? time|time|duration|takes|time needed|expected time|estimated time)$", re.IGNORECASE
)
_NUMBER = re.compile(r"^(?:step|#|no\.?|nr\.?)$", re.IGNORECASE)
_WHOLE = re.compile(
    r"\b(?:(?:the|a)\s+(?:whole|entire|complete)|altogether|all steps|(?:the|this) procedure)\b[^.\n]{0,60}?"
    r"\b(?:(?:not|never|no)\b[^.\n]{0,20}?\b(?:longer than|more than|exceed)|at most|within|under|below|less than)\s+"
    rf"{_TIME}",
    re.IGNORECASE,
)
_IF = re.compile(r"\b(?:if|when|where|unless)\b", re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(r"\b(?:parallel|side by side|same time|concurrently|meanwhile|background)\b", re.IGNORECASE)
_MIN_STEPS = 2
_LONGEST = 200


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Each section with a bound on the whole, against the sum of its one table or list of steps."""
    for page in corpus.pages:
        judged = set()
        for match, line in page.find(_WHOLE):
            block = page.block(line)
            if block is None or block.kind not in ("paragraph", "item") or not block.headings:
                continue
            if _IF.search(page.line(line)) or block.headings[-1].line in judged:
                continue
            judged.add(block.headings[-1].line)
            section = _section(page, block)
            if any(_SIDE_BY_SIDE.search(other.text) for other in (*section, block)):
                continue
            steps = list(_rows(page, section)) or list(_items(page, section))
            whole = _seconds(match["value"], match["unit"])
            total = sum(seconds for seconds, _ in steps)
            if len(steps) >= _MIN_STEPS and whole < total < inf:
                yield conflict(
                    KIND,
                    "steps",
                    [*(place for _, place in steps), page.side(line, f"{match['value']} {match['unit']}")],
                    f"the {len(steps)} steps may take {_shown(total)} one after the other, the whole {_shown(whole)}: "
                    "who keeps to each of them is late all the same",
                )


def _section(page: Page, block: Block) -> list[Block]:
    """The other blocks below the nearest heading of a block."""
    first = block.headings[-1].line
    index = page.index(first) % max(len(page.blocks), 1)
    below = takewhile(lambda other: other.kind == "heading" or other.headings == block.headings, page.blocks[index:])
    return [other for other in below if other is not block and other.kind != "heading"]


def _rows(page: Page, section: list[Block]) -> Iterator[tuple[float, Place]]:
    rows = [block for block in section if block.kind == "row"]
    if len({tuple(row.header) for row in rows}) != 1 or not any(_NUMBER.match(plain(name)) for name in rows[0].header):
        return
    for row in rows:
        for name, cell in zip(row.header, row.cells, strict=False):
            match = _CELL.match(plain(cell.text)[:_LONGEST]) if _COLUMN.match(plain(name).strip()) else None
            if match is not None:
                yield _seconds(match["value"], match["unit"]), page.side(row.line, plain(cell.text))


def _items(page: Page, section: list[Block]) -> Iterator[tuple[float, Place]]:
    """Numbered items: they are done one after the other."""
    for block in section:
        if block.kind != "item" or not re.match(r"\d+[.)]\s", page.line(block.line)):
            continue
        match = _STEP.search(plain(block.text))
        if match is not None:
            value, unit = match["value"] or match["late_value"], match["unit"] or match["late_unit"]
            yield _seconds(value, unit), page.side(block.line, f"{value} {unit}")


def _seconds(value: str, unit: str) -> float:
    return float(value) * _SECONDS[unit[0].lower()]


def _shown(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return " ".join(f"{count} {unit}" for count, unit in ((minutes, "min"), (rest, "s")) if count) or "0 s"
