"""A statistical decision: pass, fail, or undecided."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

DecisionOutcome = Literal["pass", "fail", "inconclusive"]

DETECTED = 0.9
"""The share of runs of this length that would have decided a detectable margin."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision with its figure, the interval that led to it, and one sentence why.

    `low` and `high` are the bounds that were compared with the limit, None if there is no such bound.
    `detail` holds the rest in plain JSON: alpha, looks, batches, correlation, warm-up, detectable margin (how far
    below the limit, as a share of it, a figure must be for nine of ten such runs to pass).
    """

    outcome: DecisionOutcome
    value: float | None
    low: float | None
    high: float | None
    samples: int
    reason: str
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def basis(self) -> str:
        """The basis of the decision in one short line: "alpha 1 %, 650 samples, ..."."""
        detail = self.detail
        parts = [f"alpha {detail['alpha'] * 100:.3g} %"] if "alpha" in detail else []
        parts.append(f"{self.samples} sample{'' if self.samples == 1 else 's'}")
        if (correlation := detail.get("batch_correlation")) is not None:
            parts.append(f"batch correlation {correlation:.2f}")
        if (cut := detail.get("warm_up_cut")) is not None:
            parts.append(f"{cut} cut as warm-up")
        if (margin := detail.get("detectable_margin")) is not None:
            parts.append(f"a margin of {margin * 100:.2g} % detectable" if margin < 1 else "no margin detectable")
        return ", ".join(parts)

    def as_record(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"record": "decision", **asdict(self)}


def undecided(reason: str, samples: int = 0, value: float | None = None, **detail: Any) -> Decision:
    """An undecided decision."""
    return Decision("inconclusive", value, None, None, samples, reason, detail)


def flaw_in(samples: Iterable[float], name: str) -> str:
    """The reason why these samples cannot be judged (not finite, below zero), or ""."""
    values = np.asarray(samples if isinstance(samples, Sequence | np.ndarray) else tuple(samples), dtype=float)
    if bool(np.all((values >= 0) & (values < math.inf))):
        return ""
    for number, value in enumerate(values):
        if not math.isfinite(value):
            return f"sample {number} of the {name} is {value}: not a number that can be judged"
        if value < 0:
            return f"sample {number} of the {name} is {value:g}: below zero"
    return ""


def check_alpha(alpha: float) -> None:
    """Raises ValueError for an invalid error rate."""
    if not 0 < alpha < 0.5:
        raise ValueError(f"alpha is {alpha}: it must be between 0 and 0.5")
