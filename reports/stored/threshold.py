"""A limit as the document states it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any, Literal

from signoff.reports.units import SCALE

Comparator = Literal["<", "<=", "==", ">=", ">"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A limit as the document states it: `1500 ms`, `15 GB`, `20 requests/s`, `0.7 ratio`.

    `unit` is spelled in one way only (SI and binary kept apart); `statistic` is what the limit is put on
    (`mean`, `max`, `p99`, `rate`, `each`), or None if the document says nothing and no rule decides.
    """

    value: float
    unit: str
    comparator: Comparator
    statistic: str | None = None
    subject: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)

    def base(self) -> tuple[float, str]:
        """The limit in base units: seconds, bytes, ratio; other units are unchanged."""
        scale, unit = SCALE.get(self.unit, (1.0, self.unit))
        return self.value * scale, unit

    def holds(self, found: float) -> bool:
        """Whether a figure in base units meets the limit."""
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
