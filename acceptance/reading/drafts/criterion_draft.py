"""An incomplete criterion, and what its author should know."""

from __future__ import annotations

from dataclasses import dataclass, field

from signoff.acceptance.criterion import Judge, Load, Threshold
from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.source.document import Severity


@dataclass(frozen=True, slots=True)
class Note:
    """A diagnostic that belongs to a statement; its place is the statement's."""

    code: str
    severity: Severity
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A criterion without its identity. `service` is the one of several services that it mentions.

    `borrowed_from` is the line that its figure stands in, where that is the line of another demand.
    """

    kind: str
    threshold: Threshold | None = None
    assumptions: tuple[str, ...] = ()
    parameters: Parameters = field(default_factory=Parameters)
    judge: Judge = "machine"
    reason: str = ""
    notes: tuple[Note, ...] = ()
    service: str = ""
    not_understood: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    """Which parts of the statement it accounts for, beside the words that its check knows."""
    load: Load | None = None
    borrowed_from: int = 0


Placed = tuple[Draft, tuple[int, int]]
"""A draft with where the words or the figure are that ask for it."""


def person(reason: str, threshold: Threshold | None = None, notes: tuple[Note, ...] = ()) -> Draft:
    """A criterion that a person has to judge, and why."""
    return Draft("human_judgement", threshold, judge="person", reason=reason, notes=notes)
