"""The figures of a run against their limits, and the pictures that show how far apart they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.document.demands import Row
from reports.document.quantity import convert
from reports.plain_text import line
from reports.stored.stored_run import StoredCriterion

KINDS: tuple[tuple[str, str], ...] = (
    ("latency", "Latency"),
    ("throughput", "Throughput"),
    ("memory", "Memory usage"),
    ("cpu", "CPU usage"),
    ("load_time", "Model load time"),
    ("context_length", "Context length"),
    ("coherence", "Coherence"),
)
# Shown where a document asks for them; the template does not name them.
MORE_KINDS: tuple[tuple[str, str], ...] = (
    ("ttft", "Time to first token"),
    ("inter_token_latency", "Inter-token latency"),
    ("token_rate", "Token rate"),
    ("error_rate", "Error rate"),
    ("concurrency_limit", "Concurrency"),
    ("disk", "Disk"),
    ("coverage", "Code coverage"),
)
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
    """One figure and the criteria that share it; without rows the document does not ask for it."""

    label: str
    rows: tuple[Row, ...]
    picture: Picture | None

    @property
    def first(self) -> Row | None:
        """The row that speaks for all: they share limit, measurement and verdict."""
        return self.rows[0] if self.rows else None


def figures(all_rows: Iterable[Row]) -> tuple[Figure, ...]:
    """A line for each figure that the template names; criteria that ask the same thing of a service share one."""
    every = list(all_rows)
    found: list[Figure] = []
    for kind, label in (*KINDS, *MORE_KINDS):
        groups: dict[tuple[object, ...], list[Row]] = {}
        for row in every:
            if row.stored.kind == kind:
                groups.setdefault((row.stored.service, row.target, row.measured, row.outcome, row.reason), []).append(
                    row
                )
        for group in groups.values():
            service = group[0].stored.service
            named = f"{label} ({line(service, 60)})" if service else label
            found.append(Figure(named, tuple(group), picture(group[0].stored)))
        if not groups and (kind, label) in KINDS:
            found.append(Figure(label, (), None))
    return tuple(found)


def picture(criterion: StoredCriterion) -> Picture | None:
    """The drawing of one figure, or None where value and limit share no unit or no scale from 0."""
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
