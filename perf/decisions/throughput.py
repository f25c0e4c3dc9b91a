"""Decides whether a server keeps up with more requests than its limit requires."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from signoff.perf.decisions.batch_means import MeanError, apart, lag_1
from signoff.perf.decisions.decision import DETECTED, Decision, DecisionOutcome, check_alpha, flaw_in, undecided

LEAST_WINDOWS = 6


def decide_throughput(
    completions_s: Sequence[float],
    arrivals_s: Sequence[float],
    *,
    limit_per_second: float,
    duration_s: float,
    alpha: float = 0.01,
    window_s: float = 5.0,
    conditions: Mapping[str, str] | None = None,
) -> Decision:
    """Three-way decision on `good completions per second > limit_per_second` at an offered rate above the
    limit.

    All times are offsets from the run's start: good completions and intended arrivals. The rate is taken in
    windows of `window_s` within the time of the arrivals, from when completions flow (half a window of the limit
    was completed). `conditions` are outcomes of the same run ("latency": "pass"): a rate that is reached only
    beside a failed one does not count. Pass: the lower bound of the rate is above the limit, the backlog does not
    grow, all conditions pass. Fail: the upper bound is not above the limit, or a condition failed. A failure in
    place of any completion never turns another verdict into a pass.
    """
    check_alpha(alpha)
    if not (limit_per_second > 0 and duration_s > 0 and window_s > 0):
        raise ValueError("limit, duration and window must be above zero")
    for values, name in ((completions_s, "completions"), (arrivals_s, "arrivals")):
        flaw = flaw_in(values, name)
        if flaw:
            return undecided(flaw, len(completions_s))
    arrivals = np.sort(np.asarray(arrivals_s, dtype=float))
    completions = np.sort(np.asarray(completions_s, dtype=float))
    if not arrivals.size:
        return undecided("no request was offered")
    offered = arrivals.size / duration_s
    failures = max(0, arrivals.size - completions.size)
    flowing = max(1, round(limit_per_second * window_s / 2))
    first = _window_of(completions, flowing, duration_s, window_s)
    last = math.floor(duration_s / window_s + 1e-9)
    conditions = dict(conditions or {})
    detail: dict[str, Any] = {
        "method": "batch means of windows, Student's t; slope of the backlog",
        "alpha": alpha,
        "offered_per_second": round(offered, 4),
        "window_s": window_s,
        "windows": max(0, last - first),
        "windows_before_steady": first,
        "conditions": conditions,
    }
    windows = last - first
    total = int(completions.size)
    if offered <= limit_per_second:
        return undecided(
            f"{offered:.4g} requests/s were offered: to show more than {limit_per_second:g}/s, offer more",
            total,
            **detail,
        )
    if not total:
        found = Decision("fail", 0.0, 0.0, 0.0, int(arrivals.size), "no request was completed", detail)
        return found if duration_s >= LEAST_WINDOWS * window_s else undecided("no request was completed", 0, **detail)
    if windows < LEAST_WINDOWS:
        return undecided(
            f"{max(0, windows)} windows of {window_s:g} s: at least {LEAST_WINDOWS} are needed",
            total,
            **detail,
        )
    flow = _flow(completions, arrivals, np.arange(first, last + 1, dtype=np.float64) * window_s, failures, alpha)
    value, low, high = flow.rate, flow.low, flow.high
    growing = flow.growth_low > 0 and flow.growth > 0.01 * offered
    # With its failures answered, the flow might have begun sooner: what is claimed holds from there as well.
    for start in range(_window_of(completions, flowing - failures, duration_s, window_s), first):
        sooner = _flow(completions, arrivals, np.arange(start, last + 1, dtype=np.float64) * window_s, failures, alpha)
        low = min(low, sooner.low)
        growing = growing or (sooner.growth_low > 0 and sooner.growth > 0.01 * offered)
    backlog = [
        int(np.searchsorted(arrivals, at, "right") - np.searchsorted(completions, at))
        for at in (first * window_s, last * window_s)
    ]
    detail |= {
        "failures": failures,
        "backlog_first": backlog[0],
        "backlog_last": backlog[1],
        "batch_correlation": round(flow.lag_1, 4),
        "backlog_growth_per_second": round(flow.growth, 4),
        "backlog_growth_low_per_second": round(flow.growth_low, 4),
        "detectable_margin": round(
            (value - low + float(scipy.special.ndtri(DETECTED)) * flow.error) / limit_per_second, 4
        ),
    }
    failed = sorted(name for name, outcome in conditions.items() if outcome == "fail")
    unproved = sorted(name for name, outcome in conditions.items() if outcome not in ("pass", "fail"))
    found_text = f"{value:.4g}/s in [{low:.4g}, {high:.4g}] of {offered:.4g}/s offered"
    outcome: DecisionOutcome = "inconclusive"
    if high <= limit_per_second:
        outcome, reason = "fail", f"{found_text}: not above {limit_per_second:g}/s"
    elif failed:
        outcome, reason = "fail", f"{found_text}, but in the same run failed: {', '.join(failed)}"
    elif low <= limit_per_second:
        reason = f"{found_text}: the interval holds {limit_per_second:g}/s"
    elif growing:
        grew = f"the backlog grew by {flow.growth:.3g}/s"
        reason = f"{found_text}, but {grew}: the rate is not sustained; offer less, for longer"
    elif unproved:
        reason = f"{found_text}, but in the same run undecided: {', '.join(unproved)}"
    else:
        outcome, reason = "pass", f"{found_text}: above {limit_per_second:g}/s, the backlog does not grow"
    return Decision(outcome, value, low, high, total, reason, detail)


@dataclass(frozen=True, slots=True)
class _Flow:
    """Completions per second with their bounds, and the growth rate of the backlog."""

    rate: float
    low: float
    high: float
    error: float
    growth: float
    growth_low: float
    lag_1: float


def _window_of(completions: NDArray[np.float64], number: int, duration_s: float, window_s: float) -> int:
    """The first whole window after this number of completions; the first judged window is 1."""
    if number < 1:
        return 1
    at_s = float(completions[number - 1]) if number <= completions.size else duration_s
    return max(1, math.ceil((at_s + 1e-9) / window_s))


def _flow(
    completions: NDArray[np.float64],
    arrivals: NDArray[np.float64],
    edges: NDArray[np.float64],
    failures: int,
    alpha: float,
) -> _Flow:
    """Rates between the edges. What failed is not finished: it stays in the backlog.

    The error is that of the windows, or of pairs of them where it is larger. `spare` is by how much answers in
    place of the failures could have widened it (each is at most one more in some window): it is taken from what
    speaks for a pass.
    """
    window_s, count = float(edges[1] - edges[0]), len(edges) - 1
    rates = np.diff(np.searchsorted(completions, edges)) / window_s
    due = np.diff(np.searchsorted(arrivals, edges, side="right")) / window_s
    rate, growth = float(rates.mean()), float((due - rates).mean())
    rate_reach, sure_reach, growth_reach = [], [], []
    for part in (count, count // 2) if count >= 2 * LEAST_WINDOWS else (count,):
        spare = failures / (part * (count // part) * window_s)
        of_rate, of_growth = apart(rates, part), apart(due - rates, part)
        rate_reach.append(of_rate.reach(alpha))
        sure_reach.append(MeanError(of_rate.error + spare, of_rate.freedom).reach(alpha))
        growth_reach.append(MeanError(max(0.0, of_growth.error - spare), of_growth.freedom).reach(alpha))
    error = apart(rates, count).error
    low, high = rate - max(sure_reach), rate + max(rate_reach)
    return _Flow(rate, low, high, error, growth, growth - max(growth_reach), lag_1(rates))
