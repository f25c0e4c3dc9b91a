"""What was found about one criterion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from signoff.perf.decisions.decision import Decision
from signoff.reports.model import Key
from signoff.reports.stored.verdict import Measured, Outcome

__all__ = ["Measured", "Outcome", "Verdict", "measured"]


def measured(decision: Decision, unit: str) -> Measured | None:
    """The figure of a statistical decision, in this unit; None if there was nothing to measure."""
    if decision.value is None:
        return None
    return Measured(decision.value, unit, decision.low, decision.high, decision.samples)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, and one sentence that says why.

    `hint` says what would make a criterion measurable, or what to look at when it failed. `detail` holds what a
    statistician asks for (alpha, looks, batch correlation, warm-up cut, detectable margin).
    """

    outcome: Outcome
    reason: str
    measured: Measured | None = None
    hint: Annotated[str, Key("mend")] = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
