"""Parts of a task that take longer than the task.

A day of work is 8 hours and a week 5 days. Parts are read at their shorter end and the whole at its longer one, so
that a range contradicts only where no reading of it fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus
from signoff.acceptance.reading.conflicts.evidence.page import Page, Place, conflict
from signoff.acceptance.reading.source.wording import label_of, plain
from signoff.reports.stored.conflict import Conflict

KIND = "duration"
_HOURS = {"m": 1 / 60, "h": 1.0, "d": 8.0, "w": 40.0}
_SPAN = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)(?:\s*(?:-|\u2013|to)\s*(\d+(?:\.\d+)?))?[\s-]*"
    r"(minutes?|mins?|hours?|hrs?|h|days?|d|weeks?|w)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"^(?:estimated|expected|total|planned)\s+(?:duration|effort|time)$|^(?:duration|effort)$", re.IGNORECASE
)
_PART = re.compile(r"^(?:estimated\s+)?(?:duration|effort|estimate)$", re.IGNORECASE)
_DAY = re.compile(r"^(?P<unit>day|week)\s+(?P<number>\d+)\s*[:\u2013-]\s*(?P<name>.+)$", re.IGNORECASE)
_FILLERS = frozenset("and the a of for implementation service module modules services features validation".split())
_LOOK = re.compile(r"\bduration\b|\beffort\b|\bestimate\b", re.IGNORECASE)
_MIN_PARTS = 2
# How many days of a timeline are looked at.
_MOST_DAYS = 200
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class _Part:
    hours: float
    place: Place
    group: str


def hours(text: str, longest: bool) -> float | None:
    """The hours of work that a text states; of a range its longer or its shorter end."""
    match = _SPAN.search(text)
    if match is None:
        return None
    value = float(match[2]) if longest and match[2] else float(match[1])
    return value * _HOURS[match[3][0].lower()]


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Sums above the whole, and days of a timeline that are given more than they hold."""
    for page in corpus.pages:
        parts = _parts(page)
        if len(parts) < _MIN_PARTS:
            continue
        total = sum(part.hours for part in parts)
        whole = _whole(page)
        if whole is not None and total > whole[0] + _SLACK:
            stated, line, text = whole
            yield conflict(
                KIND,
                "estimated duration",
                [page.side(line, text), *(part.place for part in parts)],
                f"the {len(parts)} parts take {_shown(total)}, the whole {_shown(stated)} (a day of work is 8 h): "
                "it cannot be done in time unless parts are done side by side",
            )
        yield from _timeline(page, parts)


def _whole(page: Page) -> tuple[float, int, str] | None:
    for name, value in page.document.header.items():
        stated = hours(value, longest=True) if _WHOLE.match(name) else None
        if stated is not None:
            line = next((n for n, text in enumerate(page.document.text, 1) if name in text and value[:12] in text), 1)
            return stated, line, value
    return None


def _parts(page: Page) -> list[_Part]:
    """Cells of a duration column, else items with a duration; a heading that has parts below it counts by them."""
    cells = []
    for block in page.blocks:
        if block.kind != "row":
            continue
        for name, cell in zip(block.header, block.cells, strict=False):
            value = hours(cell.text, longest=False) if _PART.match(name.strip(" *_:")) else None
            if value is not None:
                cells.append(_Part(value, page.side(block.line, plain(cell.text)), _above(block.headings)))
    if cells:
        return cells
    items = []
    for block in page.blocks:
        if block.kind != "item" or block.labels or len(block.headings) < _MIN_PARTS or not _LOOK.search(block.text):
            continue
        label, rest = label_of(block.text)
        value = hours(rest, longest=False) if _PART.match(label) else None
        if value is not None:
            items.append((block, value, rest))
    parents = {heading.line for block, _, _ in items for heading in block.headings[:-1]}
    header = _whole(page)
    return [
        _Part(value, page.side(block.line, rest), _above(block.headings[:-1]))
        for block, value, rest in items
        if block.headings[-1].line not in parents and (header is None or block.line != header[1])
    ]


def _above(headings: tuple[object, ...]) -> str:
    return plain(headings[-1].text) if headings else ""  # type: ignore[attr-defined]


def _timeline(page: Page, parts: list[_Part]) -> Iterator[Conflict]:
    """`Day 1: X`, where the parts under the heading that mentions X take longer than a day."""
    groups = {part.group: _words(part.group) for part in parts if part.group}
    over: list[Place] = []
    crowded: list[str] = []
    days = (
        (block, match)
        for block in page.blocks
        if block.kind == "heading" and groups and (match := _DAY.match(plain(block.text))) is not None
    )
    for block, match in islice(days, _MOST_DAYS):
        words = _words(match["name"])
        best = max(groups, key=lambda group: len(words & groups[group]), default="")
        took = sum(part.hours for part in parts if part.group == best)
        if best and words & groups[best] and took > _HOURS[match["unit"][0].lower()] + _SLACK:
            over.append(page.side(block.line, f"{match['unit'].lower()} {match['number']}"))
            over += [part.place for part in parts if part.group == best]
            crowded.append(f"{match['unit'].lower()} {match['number']} holds {_shown(took)} of work")
    if crowded:
        message = f"{'; '.join(crowded)}: the timeline cannot be kept unless several people share a day"
        yield conflict(KIND, "timeline", over, message)


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z][a-z0-9.]*", text.lower())) - _FILLERS


def _shown(value: float) -> str:
    return f"{value:g} h" if value < _HOURS["d"] * 2 else f"{value / _HOURS['d']:g} days"
