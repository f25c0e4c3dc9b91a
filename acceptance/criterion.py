"""A criterion: one demand of a task document, made typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any, Literal

from reports.units import SCALE

Statement = Literal["checkbox", "expected", "subtask", "smart", "bullet", "target", "config", "shape", "prose"]
Judge = Literal["machine", "person", "template"]
Comparator = Literal["<", "<=", "==", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit as the document states it: `1500 ms`, `15 GB`, `20 requests/s`, `0.7 ratio`.

    `unit` is spelled in one way only (SI and binary kept apart); `statistic` is what the limit is put on
    (`mean`, `max`, `p99`, `rate`, `each`), or None where the document says nothing and no rule decides.
    """

    value: float
    unit: str
    comparator: Comparator
    statistic: str | None
    subject: str

    def base(self) -> tuple[float, str]:
        """The limit in base units: seconds, bytes, ratio; other units stay as they are."""
        scale, unit = SCALE.get(self.unit, (1.0, self.unit))
        return self.value * scale, unit

    def holds(self, found: float) -> bool:
        """Whether a figure in base units keeps the limit."""
        limit = self.base()[0]
        return {
            "<": found < limit,
            "<=": found <= limit,
            "==": isclose(found, limit),
            ">=": found >= limit,
            ">": found > limit,
        }[self.comparator]

    def text(self) -> str:
        """For people: `mean latency < 1500 ms`."""
        words = (
            self.statistic,
            self.subject.replace("_", " "),
            self.comparator,
            f"{self.value:g}",
            self.unit,
        )
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to judge, with the place in the document that asks for it.

    `id` is section/kind/ordinal and stays when other lines move. `line` and `column` count from 1 in the file
    as it lies on disk. `fingerprint` is the SHA-256 of the statement's words, numbers and comparators, blind to
    reflow, emoji, list markers and bold. `parameters` is what the check of this `kind` needs, plain JSON.
    `service` is the one of several services of a document that it mentions, else empty.
    """

    id: str
    document: str
    line: int
    column: int
    text: str
    section: str
    statement: Statement
    kind: str
    judge: Judge
    fingerprint: str
    threshold: Threshold | None = None
    assumptions: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    """Why a person has to judge it, where `judge` is `person`."""
    service: str = ""
