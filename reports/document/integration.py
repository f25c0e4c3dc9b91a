"""The state of each part of the deployment, from the criteria that mention it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from signoff.reports.document.demands import Row, tally
from signoff.reports.document.outcome import OUTCOME_WORDS, Word, worst
from signoff.reports.plain_text import line

IN_THE_TEMPLATE = (
    "Database connectivity",
    "Vector database connectivity",
    "Metrics integration",
    "Health monitoring",
    "Service",
    "Sessions",
    "Library",
    "Unit file",
    "Model files",
    "Configuration",
    "Judged by a person",
)
"""Shown even without criteria; other parts only with criteria."""
OTHER = "Other"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the deployment; `word` is None without criteria."""

    label: str
    word: Word | None
    tally: str
    rows: tuple[Row, ...]


def parts(all_rows: Iterable[Row]) -> tuple[Part, ...]:
    """A line for each part of the template, then for each other part; criteria without a part come last."""
    found: dict[str, list[Row]] = {label: [] for label in IN_THE_TEMPLATE}
    rest: list[Row] = []
    for row in all_rows:
        if label := row.stored.part:
            found.setdefault(line(label, 60), []).append(row)
        elif not row.stored.figure:
            rest.append(row)
    if rest:
        found[OTHER] = [*found.pop(OTHER, []), *rest]
    return tuple(_part(label, rows) for label, rows in found.items())


def _part(label: str, chosen: list[Row]) -> Part:
    outcome = worst(row.outcome for row in chosen)
    return Part(label, OUTCOME_WORDS[outcome] if outcome else None, tally(chosen), tuple(chosen))
