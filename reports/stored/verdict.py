"""The parts of a verdict: its outcome and the measured figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

Outcome = Literal["pass", "fail", "inconclusive", "not_measurable", "error", "not_run", "awaiting_person", "attested"]
RunOutcome = Literal["passed", "failed", "undecided", "invalid"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure with its unit, its interval, if any, and its number of samples."""

    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    samples: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
