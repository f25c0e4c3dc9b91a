"""Shares and quantiles: decided by exact binomial bounds (Clopper and Pearson, Biometrika 26, 1934)."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from signoff.perf.decisions.batch_means import apart, lag_1, split
from signoff.perf.decisions.decision import DETECTED, Decision, DecisionOutcome, check_alpha, flaw_in, undecided

_BATCHES = 10
_MANY = 1000
"""Samples from which on there are twice as many batches."""


def share_bounds(count: int, total: int, alpha: float) -> tuple[float, float]:
    """Lower and upper bound of a share, each wrong with probability at most `alpha`."""
    low = float(scipy.special.betaincinv(count, total - count + 1, alpha)) if count > 0 else 0.0
    high = float(scipy.special.betaincinv(count + 1, total - count, 1 - alpha)) if count < total else 1.0
    return low, high


def decide_rate(
    failures: int, total: int, limit: float, alpha: float = 0.01, failed: Sequence[bool] | None = None
) -> Decision:
    """Three-way decision on `share of failures < limit`; `total` counts every request that was due.

    `failed` has one flag per request, in order of intended time. Failures come in outages, and a few outages carry
    little information, so a pass must clear the bound of the batches too. A fail need not: a server that was down for
    a fifth of a run failed. Raises ValueError if `failed` does not count `failures` of `total`.
    """
    flaw = _check_share(failures, total, limit, alpha)
    if flaw:
        return undecided(flaw, max(total, 0))
    low, high = share_bounds(failures, total, alpha)
    value = failures / total
    detail: dict[str, Any] = {"method": "Clopper-Pearson", "alpha": alpha}
    if failed is not None:
        marks = np.asarray(failed, dtype=bool)
        if len(marks) != total or int(marks.sum()) != failures:
            raise ValueError(f"{int(marks.sum())} of {len(marks)} marked as failed, not {failures} of {total}")
        _, above, correlation = _batch_bounds(marks, marks, alpha)
        high = max(high, above)
        detail |= {"method": "Clopper-Pearson and batch means", "batch_correlation": round(correlation, 4)}
    detail["detectable_margin"] = _detectable(total, limit, alpha)
    outcome: DecisionOutcome = "pass" if high < limit else "fail" if low >= limit else "inconclusive"
    found = f"{failures} of {total} failed: {value:.3%}, at most {high:.3%}"
    reason = {
        "pass": f"{found}, below {limit:g}",
        "fail": f"{failures} of {total} failed: {value:.3%}, at least {low:.3%}, not below {limit:g}",
        "inconclusive": f"{found}: the interval holds {limit:g}; {_needed(limit, alpha)}",
    }[outcome]
    return Decision(outcome, value, low, high, total, reason, detail)


def decide_score(successes: int, total: int, limit: float, alpha: float = 0.01) -> Decision:
    """Three-way decision on `share of successes >= limit`; the unit is a whole conversation."""
    flaw = _check_share(successes, total, limit, alpha)
    if flaw:
        return undecided(flaw, max(total, 0))
    low, high = share_bounds(successes, total, alpha)
    value = successes / total
    outcome: DecisionOutcome = "pass" if low >= limit else "fail" if high < limit else "inconclusive"
    found = f"{successes} of {total} ({value:.3g}) in [{low:.3g}, {high:.3g}]"
    reason = {
        "pass": f"{found}: not below {limit:g}",
        "fail": f"{found}: below {limit:g}",
        "inconclusive": f"{found}: the interval holds {limit:g}",
    }[outcome]
    missed = _detectable(total, 1 - limit, alpha)
    margin = None if missed is None else round(missed * (1 - limit) / limit, 4)  # of the limit, not of what it leaves
    detail = {"method": "Clopper-Pearson", "alpha": alpha, "detectable_margin": margin}
    return Decision(outcome, value, low, high, total, reason, detail)


def decide_percentile(
    latencies_ms: Sequence[float],
    limit_ms: float,
    quantile: float,
    alpha: float = 0.01,
    timeout_ms: float | None = None,
    name: str = "",
) -> Decision:
    """Three-way decision on `quantile of the latency < limit_ms`, in order of intended time, failures charged at
    `timeout_ms`.

    Exact for independent samples by binomial order statistics. Requests over the limit that come in clusters
    carry less information than scattered ones: the bound of the batches' shares must hold too, because the exact
    one has too little coverage for autocorrelated latencies. `name` is what the reason calls the figure.
    """
    check_alpha(alpha)
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}: it must be between 0 and 1")
    flaw = flaw_in(latencies_ms, "latencies")
    if flaw or not len(latencies_ms):
        return undecided(flaw or "no samples", len(latencies_ms))
    values = np.asarray(latencies_ms, dtype=float)
    failed = values >= (math.inf if timeout_ms is None else timeout_ms)
    count, share = len(values), 1 - quantile
    ordered = np.sort(values)

    def bounds(limit: float) -> tuple[float, float, float]:
        over = values >= limit
        low, high = share_bounds(int(over.sum()), count, alpha)
        below, above, correlation = _batch_bounds(over, failed & over, alpha)
        return min(low, below), max(high, above), correlation

    low_share, high_share, correlation = bounds(limit_ms)
    outcome: DecisionOutcome = "pass" if high_share <= share else "fail" if low_share >= share else "inconclusive"
    over = int((values >= limit_ms).sum())
    at_least = bisect_left(range(count), 1, key=lambda at: bounds(float(ordered[at]))[0] < share) - 1
    at_most = bisect_left(
        range(count), 1, key=lambda at: bounds(math.nextafter(float(ordered[at]), math.inf))[1] <= share
    )
    value = float(ordered[min(count - 1, math.ceil(quantile * count) - 1)])
    low = min(value, float(ordered[at_least])) if at_least >= 0 else None
    high = max(value, float(ordered[at_most])) if at_most < count else None
    if high is not None and outcome == "pass" and high >= limit_ms:
        high = float(ordered[count - over - 1])
    if low is not None and outcome == "fail" and low < limit_ms:
        low = float(ordered[count - over])
    least = math.ceil(math.log(alpha) / math.log(quantile))
    detail: dict[str, Any] = {
        "method": "binomial order statistics and batch means",
        "alpha": alpha,
        "quantile": quantile,
        "over_limit": over,
        "share_over_limit_low": round(low_share, 6),
        "share_over_limit_high": round(high_share, 6),
        "batch_correlation": round(correlation, 4),
        "least_samples_to_pass": least,
        "detectable_margin": None if high is None else round((high - value) / limit_ms, 4),
    }
    name = name or f"p{quantile * 100:g}"
    found = f"{name} {value:.4g} ms, {over} of {count} samples at or over {limit_ms:g} ms"
    reason = {
        "pass": f"{found}: {name} is below the limit",
        "fail": f"{found}: {name} is not below the limit",
        "inconclusive": f"{found}: too close to decide, or too few (at least {least} samples are needed)",
    }[outcome]
    return Decision(outcome, value, low, high, count, reason, detail)


def _batch_bounds(marks: NDArray[np.bool_], failed: NDArray[np.bool_], alpha: float) -> tuple[float, float, float]:
    """(low, high, correlation of neighbours) of the share of marks, by the shares of batches.

    The upper error is the maximum over all possible values of the failed ones.
    """
    share = float(marks.mean())
    many = (_BATCHES,) if len(marks) < _MANY else (_BATCHES, 2 * _BATCHES)
    if len(marks) < 2 * many[-1] or not marks.any():
        return share, share, 0.0
    values = marks.astype(float)
    below = max(apart(values, batches).reach(alpha) for batches in many)
    above = max(apart(values, batches, failed).reach(alpha) for batches in many)
    return (
        share - below,
        _most_of(share, above / -float(scipy.special.ndtri(alpha)), alpha),
        lag_1(split(values, many[-1])),
    )


def _most_of(share: float, error: float, alpha: float) -> float:
    """Upper bound of a share with this error: that of as many independent clusters, by the gamma distribution.

    A share of a few clusters is skewed, and the normal bound misses by far. It is held at its least where the error
    is as large as the share (all in one cluster), so that it falls with neither.
    """
    if error <= 0:
        return share
    one = error * float(scipy.special.gammaincinv(2.0, 1 - alpha))
    clusters = (share / error) ** 2
    return (
        max(one, share / clusters * float(scipy.special.gammaincinv(clusters + 1, 1 - alpha))) if clusters > 1 else one
    )


def _detectable(total: int, limit: float, alpha: float) -> float | None:
    """The distance below the limit, as a share of it, at which DETECTED of the runs pass."""
    if not 0 < limit < 1 or share_bounds(0, total, alpha)[1] >= limit:
        return None
    most = bisect_left(range(total), 1, key=lambda count: share_bounds(count, total, alpha)[1] >= limit) - 1
    return round(1 - float(scipy.special.betaincinv(most + 1, total - most, 1 - DETECTED)) / limit, 4)


def _needed(limit: float, alpha: float) -> str:
    """The number of requests without failure that would suffice."""
    if limit <= 0:
        return "no number of requests shows a rate below zero"
    if limit >= 1:
        return "more requests are needed"
    return f"{math.ceil(math.log(alpha) / math.log1p(-limit))} requests without a failure would be enough"


def _check_share(count: int, total: int, limit: float, alpha: float) -> str:
    check_alpha(alpha)
    if not math.isfinite(limit):
        raise ValueError(f"limit is {limit}: it must be a number")
    if total <= 0:
        return "no samples"
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total}: a count must be between 0 and the total")
    return ""
