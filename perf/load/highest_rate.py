"""The highest rate at which a server still meets its limits (goodput): doubling, then bisection.

Each rate is measured in a separate run and decided by perf/decisions/statistics.py, each limit at an error rate of
`ALPHA` shared by all looks of a search. A rate that stays undecided after one longer run is not counted as
met: the search goes below it, and the result says that it was not shown to fail either.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from signoff.perf.client.exchange import Exchange
from signoff.perf.decisions.decision import Decision, DecisionOutcome
from signoff.perf.decisions.statistics import decide_mean, decide_percentile, decide_rate, decide_throughput
from signoff.perf.load.load_run import LoadRun

ALPHA: Final = 0.05
MOST_LOOKS: Final = 16
LEVEL: Final = ALPHA / MOST_LOOKS
"""The error rate of one limit at one look; of all looks together it is at most ALPHA a limit (Bonferroni)."""
KEEPS_UP: Final = 0.95
WINDOWS: Final = 10
LEAST_FOR_MEAN: Final = 500
DOWN: Final = 64
"""The search ends below this share of its first rate."""


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit: of the time to the first token, between tokens or to the end, in ms; or of the share of errors."""

    what: Literal["ttft", "itl", "e2e", "error_rate"]
    statistic: str
    value: float

    @property
    def name(self) -> str:
        if self.what == "error_rate":
            return f"error rate < {self.value:g}"
        return f"{self.what} {self.statistic} < {self.value:g} ms"

    def samples_needed(self) -> int:
        """The number of requests below which even a run without failures is undecided."""
        if self.what == "error_rate":
            return math.ceil(math.log(LEVEL) / math.log1p(-self.value))
        if self.statistic == "mean":
            return LEAST_FOR_MEAN
        return math.ceil(math.log(LEVEL) / math.log(self.quantile))

    @property
    def quantile(self) -> float:
        return int(self.statistic[1:]) / 100

    def decide(self, exchanges: Sequence[Exchange], timeout_ms: float) -> Decision:
        """Three-way, on all requests that were due; failures count as the time-out."""
        if self.what == "error_rate":
            marks = [not each.ok for each in exchanges]
            return decide_rate(sum(marks), len(marks), self.value, LEVEL, marks)
        times_ms = np.minimum(self._times_ms(exchanges, timeout_ms), timeout_ms)
        if self.statistic == "mean":
            return decide_mean(times_ms.tolist(), self.value, timeout_ms, LEVEL, (max(len(times_ms), LEAST_FOR_MEAN),))
        return decide_percentile(times_ms.tolist(), self.value, self.quantile, LEVEL, timeout_ms)

    def _times_ms(self, exchanges: Sequence[Exchange], timeout_ms: float) -> NDArray[np.float64]:
        if self.what == "itl":
            gaps = [
                np.diff(np.asarray(each.token_ns, dtype=float)) / 1e6 if each.ok else np.array([timeout_ms])
                for each in exchanges
            ]
            return np.concatenate(gaps) if gaps else np.empty(0)
        times = [each.ttft_ms if self.what == "ttft" else each.latency_ms for each in exchanges]
        return np.array(
            [
                timeout_ms if time_ms is None or not each.ok else time_ms
                for each, time_ms in zip(exchanges, times, strict=True)
            ]
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One look at one rate. `invalid` is the reason why the client's figures are invalid, else ""."""

    rate_per_second: float
    outcome: DecisionOutcome
    reason: str
    achieved_per_second: float
    requests: int
    duration_s: float
    figures: dict[str, float | None]
    invalid: str = ""
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a search. `highest` meets all limits; `next_above` does not, and `next_outcome` says how.

    `ended_by`: "resolution" if both are within the resolution, else "client", "looks", "most_rate", "least_rate",
    "interrupted".
    """

    highest: float | None
    next_above: float | None
    next_outcome: DecisionOutcome | None
    ended_by: str
    steps: tuple[Step, ...]


def judge_step(run: LoadRun, limits: Sequence[Limit], rate_per_second: float, warm_up_s: float) -> Step:
    """The decision from a run at one rate, without its first `warm_up_s`."""
    begin_ns = run.started_ns + round(warm_up_s * 1e9)
    kept = [each for each in run.exchanges if each.intended_ns >= begin_ns and each.outcome != "interrupted"]
    decisions = {limit.name: limit.decide(kept, run.plan.timeout_s * 1e3) for limit in limits}
    figures = {name: decision.value for name, decision in decisions.items()}
    keeps_up = decide_throughput(
        run.completions_s(),
        run.arrivals_s(),
        limit_per_second=KEEPS_UP * rate_per_second,
        duration_s=run.plan.duration_s,
        alpha=LEVEL,
        window_s=run.plan.duration_s / (WINDOWS + 2),
    )
    outcomes: dict[str, tuple[DecisionOutcome, str]] = {
        name: (decision.outcome, decision.reason) for name, decision in decisions.items()
    }
    growing = keeps_up.detail.get("backlog_growth_low_per_second", 0.0) > 0.01 * rate_per_second
    if keeps_up.outcome == "fail" or growing:
        outcomes["completions keep up"] = "fail", keeps_up.reason
    elif not any(limit.what == "e2e" for limit in limits):  # whoever ends in time keeps up
        outcomes["completions keep up"] = keeps_up.outcome, keeps_up.reason
    order: tuple[DecisionOutcome, ...] = ("fail", "inconclusive", "pass")
    outcome = next(each for each in order if any(found == each for found, _ in outcomes.values()) or each == "pass")
    reasons = [f"{name}: {reason}" for name, (found, reason) in outcomes.items() if found == outcome]
    return Step(
        rate_per_second,
        outcome,
        "; ".join(reasons) if outcome != "pass" else "all limits hold",
        run.achieved_per_second,
        len(kept),
        run.plan.duration_s,
        figures,
        "" if run.valid else run.reason,
        run.interrupted,
    )


def find_highest(
    measure: Callable[[float, int], Step],
    start_per_second: float,
    *,
    resolution: float = 0.05,
    most_per_second: float = math.inf,
) -> Found:
    """The highest rate that meets the limits, to within the factor 1 + resolution.

    `measure(rate, length)` makes one look, `length` times the usual duration. A look with a slow client is
    repeated once; if the client is slow again, it is the limit and the search ends.
    """
    steps: list[Step] = []
    highest: float | None = None
    above: float | None = None
    above_outcome: DecisionOutcome | None = None
    rate = min(start_per_second, most_per_second)

    def found(ended_by: str) -> Found:
        return Found(highest, above, above_outcome, ended_by, tuple(steps))

    length, tries = 1, 1
    while len(steps) < MOST_LOOKS:
        step = measure(rate, length)
        steps.append(step)
        if step.interrupted:
            return found("interrupted")
        if step.invalid:
            if tries == 2:
                return found("client")
            tries = 2
            continue
        if step.outcome == "inconclusive" and length == 1:
            length, tries = 2, 1
            continue
        length, tries = 1, 1
        if step.outcome == "pass":
            highest = rate
            if rate >= most_per_second:
                return found("most_rate")
        else:
            above, above_outcome = rate, step.outcome
        if highest is not None and above is not None:
            if above <= highest * (1 + resolution):
                return found("resolution")
            rate = math.sqrt(highest * above)
        elif highest is not None:
            rate = min(2 * highest, most_per_second)
        else:
            rate = rate / 2
            if rate < start_per_second / DOWN:
                return found("least_rate")
    return found("looks")
