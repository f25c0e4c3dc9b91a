"""The figures of a run against their limits, with drawings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signoff.reports.document.demands import Row
from signoff.reports.document.quantity import convert
from signoff.reports.plain_text import line
from signoff.reports.stored.stored_run import StoredCriterion

IN_THE_TEMPLATE = (
    "Latency",
    "Throughput",
    "Memory usage",
    "CPU usage",
    "Model load time",
    "Context length",
    "Coherence",
)
"""Shown even without criteria; other figures only with criteria."""
PICTURE_WIDTH = 200.0
_ROOM = 1.2


@dataclass(frozen=True, slots=True)
class Picture:
    """Value, interval and limit on one scale from 0; positions in units of a drawing 200 wide."""

    value: float
    low: float
    high: float
    limit: float
    allowed_from: float
    allowed_width: float

    @property
    def interval_width(self) -> float:
        """At least one unit, so that a narrow interval can be seen."""
        return max(self.high - self.low, 1.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and its criteria; without rows the document has no such criterion."""

    label: str
    rows: tuple[Row, ...]
    picture: Picture | None

    @property
    def first(self) -> Row | None:
        """The representative row: all share limit, measurement and verdict."""
        return self.rows[0] if self.rows else None


def figures(all_rows: Iterable[Row]) -> tuple[Figure, ...]:
    """A line for each figure of the template, then for each other; criteria that ask a service the same share one."""
    headings: dict[str, list[Row]] = {label: [] for label in IN_THE_TEMPLATE}
    for row in all_rows:
        if label := row.stored.figure:
            headings.setdefault(label, []).append(row)
    found: list[Figure] = []
    for label, rows in headings.items():
        groups: dict[tuple[object, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault((row.stored.service, row.target, row.measured, row.outcome, row.reason), []).append(row)
        for group in groups.values():
            service = group[0].stored.service
            named = f"{line(label, 60)} ({line(service, 60)})" if service else line(label, 60)
            found.append(Figure(named, tuple(group), picture(group[0].stored)))
        if not groups:
            found.append(Figure(label, (), None))
    return tuple(found)


def picture(criterion: StoredCriterion) -> Picture | None:
    """The drawing of one figure, or None if value and limit share no unit or no scale from 0."""
    measured, threshold = criterion.measured, criterion.threshold
    if measured is None or threshold is None:
        return None
    points = [
        convert(point, measured.unit, threshold.unit)
        for point in (
            measured.value,
            measured.value if measured.low is None else measured.low,
            measured.value if measured.high is None else measured.high,
        )
    ]
    known = [point for point in points if point is not None]
    if len(known) < len(points) or min([*known, threshold.value]) < 0:
        return None
    return _drawn(known, threshold.value, threshold.comparator)


def _drawn(points: Sequence[float], limit: float, comparator: str) -> Picture | None:
    top = max(*points, limit) * _ROOM
    if top <= 0:
        return None
    value, low, high, mark = (round(point / top * PICTURE_WIDTH, 1) for point in (*points, limit))
    start, end = {"<": (0.0, mark), "<=": (0.0, mark), "==": (mark, mark)}.get(comparator, (mark, PICTURE_WIDTH))
    return Picture(value, low, high, mark, start, round(end - start, 1))
