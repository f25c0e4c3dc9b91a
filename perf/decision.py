"""What a statistic decides: pass, fail, or that it cannot decide."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Outcome = Literal["pass", "fail", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision with its figure, the interval that led to it, and one sentence why.

    `low` and `high` are the bounds that were compared with the limit, None where there is no such bound.
    `detail` holds the rest in plain JSON: alpha, looks, batches, correlation, warm-up, detectable margin.
    """

    outcome: Outcome
    value: float | None
    low: float | None
    high: float | None
    samples: int
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"record": "decision", **asdict(self)}


def undecided(reason: str, samples: int = 0, value: float | None = None, **detail: Any) -> Decision:
    """A decision that decides nothing."""
    return Decision("inconclusive", value, None, None, samples, reason, detail)


def flaw_in(values: Iterable[float], name: str) -> str:
    """Why these samples cannot be judged (not finite, below zero); empty where they can."""
    for number, value in enumerate(values):
        if not math.isfinite(value):
            return f"sample {number} of the {name} is {value}: not a number that can be judged"
        if value < 0:
            return f"sample {number} of the {name} is {value:g}: below zero"
    return ""


def check_alpha(alpha: float) -> None:
    """Raises ValueError for an error rate that is none."""
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}: it has to lie between 0 and 0.5")
