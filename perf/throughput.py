"""Whether a server keeps up with more requests than its limit asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from perf.decision import Decision, Outcome, check_alpha, flaw_in, undecided

LEAST_WINDOWS = 6


def decide_throughput(
    completions_s: Sequence[float],
    finishes_s: Sequence[float],
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

    All times are offsets from the run's start: good completions, everything that ended, and intended
    arrivals. The rate is taken in windows of `window_s` within the time of the arrivals, without the windows
    in which the first completions were still on their way. `conditions` are outcomes of the same run
    ("latency": "pass"): a rate that is reached only beside a failed one does not count. Pass: the lower bound
    of the rate is above the limit, the backlog does not grow, all conditions pass. Fail: the upper bound is
    not above the limit, or a condition failed.
    """
    check_alpha(alpha)
    if not (limit_per_second > 0 and duration_s > 0 and window_s > 0):
        raise ValueError("limit, duration and window have to be above zero")
    for values, name in ((completions_s, "completions"), (finishes_s, "finishes"), (arrivals_s, "arrivals")):
        flaw = flaw_in(values, name)
        if flaw:
            return undecided(flaw, len(completions_s))
    arrivals = np.sort(np.asarray(arrivals_s, dtype=float))
    completions = np.sort(np.asarray(completions_s, dtype=float))
    finishes = np.sort(np.asarray(finishes_s, dtype=float))
    if not arrivals.size:
        return undecided("no request was offered")
    offered = arrivals.size / duration_s
    first = math.ceil((_first_of(completions, duration_s) + 1e-9) / window_s)
    edges = np.arange(first, math.floor(duration_s / window_s + 1e-9) + 1) * window_s
    conditions = dict(conditions or {})
    detail: dict[str, Any] = {
        "method": "batch means of windows, Student's t; slope of the backlog",
        "alpha": alpha,
        "offered_per_second": round(offered, 4),
        "window_s": window_s,
        "windows": max(0, len(edges) - 1),
        "windows_before_steady": first,
        "conditions": conditions,
    }
    windows = len(edges) - 1
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
    rates = np.diff(np.searchsorted(completions, edges)) / window_s
    value, low, high = _mean_bounds(rates, alpha)
    backlog = np.searchsorted(arrivals, edges, side="right") - np.searchsorted(finishes, edges, side="right")
    growth, growth_low, _ = _mean_bounds(np.diff(backlog.astype(float)) / window_s, alpha)
    growing = growth_low > 0 and growth > 0.01 * offered
    detail |= {
        "backlog_first": int(backlog[0]),
        "backlog_last": int(backlog[-1]),
        "backlog_growth_per_second": round(growth, 4),
        "backlog_growth_low_per_second": round(growth_low, 4),
        "detectable_margin": round(max(high - value, value - low) / limit_per_second, 4),
    }
    failed = sorted(name for name, outcome in conditions.items() if outcome == "fail")
    unproved = sorted(name for name, outcome in conditions.items() if outcome not in ("pass", "fail"))
    found_text = f"{value:.4g}/s in [{low:.4g}, {high:.4g}] of {offered:.4g}/s offered"
    outcome: Outcome = "inconclusive"
    if high <= limit_per_second:
        outcome, reason = "fail", f"{found_text}: not above {limit_per_second:g}/s"
    elif failed:
        outcome, reason = "fail", f"{found_text}, but in the same run failed: {', '.join(failed)}"
    elif low <= limit_per_second:
        reason = f"{found_text}: the interval holds {limit_per_second:g}/s"
    elif growing:
        reason = (
            f"{found_text}, but the backlog grew by {growth:.3g}/s: the rate is not sustained; offer less, for longer"
        )
    elif unproved:
        reason = f"{found_text}, but in the same run undecided: {', '.join(unproved)}"
    else:
        outcome, reason = "pass", f"{found_text}: above {limit_per_second:g}/s, the backlog does not grow"
    return Decision(outcome, value, low, high, total, reason, detail)


def _first_of(completions: NDArray[np.float64], duration_s: float) -> float:
    """When completions flow: the time of the first one, the whole duration where there is none."""
    return float(completions[0]) if completions.size else duration_s


def _mean_bounds(values: NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    """(mean, low, high) of window figures, widened where neighbours are correlated."""
    count = len(values)
    mean = float(values.mean())
    centred = values - mean
    power = float(centred @ centred)
    lag_1 = float(centred[:-1] @ centred[1:]) / power if power > 0 else 0.0
    lag_1 = min(max(lag_1, 0.0), 0.9)
    error = math.sqrt(power / (count - 1) / count * (1 + lag_1) / (1 - lag_1))
    reach = float(student_t.ppf(1 - alpha, count - 1)) * error
    return mean, mean - reach, mean + reach
