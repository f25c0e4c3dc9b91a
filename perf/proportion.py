"""Shares and quantiles: decided by exact binomial bounds (Clopper and Pearson, Biometrika 26, 1934)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, binom

from perf.decision import Decision, Outcome, check_alpha, flaw_in, undecided

_BATCHES = 10


def share_bounds(count: int, total: int, alpha: float) -> tuple[float, float]:
    """Lower and upper bound of a share, each wrong with probability at most `alpha`."""
    low = float(beta.ppf(alpha, count, total - count + 1)) if count > 0 else 0.0
    high = float(beta.ppf(1 - alpha, count + 1, total - count)) if count < total else 1.0
    return low, high


def decide_rate(failures: int, total: int, limit: float, alpha: float = 0.01) -> Decision:
    """Three-way decision on `share of failures < limit`; `total` counts every request that was due."""
    flaw = _check_share(failures, total, limit, alpha)
    if flaw:
        return undecided(flaw, max(total, 0))
    low, high = share_bounds(failures, total, alpha)
    value = failures / total
    outcome: Outcome = "pass" if high < limit else "fail" if low >= limit else "inconclusive"
    found = f"{failures} of {total} failed: {value:.3%}, at most {high:.3%}"
    reason = {
        "pass": f"{found}, below {limit:g}",
        "fail": f"{failures} of {total} failed: {value:.3%}, at least {low:.3%}, not below {limit:g}",
        "inconclusive": f"{found}: the interval holds {limit:g}; {_needed(limit, alpha)}",
    }[outcome]
    return Decision(outcome, value, low, high, total, reason, {"method": "Clopper-Pearson", "alpha": alpha})


def decide_score(successes: int, total: int, limit: float, alpha: float = 0.01) -> Decision:
    """Three-way decision on `share of successes >= limit`; the unit is a whole conversation."""
    flaw = _check_share(successes, total, limit, alpha)
    if flaw:
        return undecided(flaw, max(total, 0))
    low, high = share_bounds(successes, total, alpha)
    value = successes / total
    outcome: Outcome = "pass" if low >= limit else "fail" if high < limit else "inconclusive"
    found = f"{successes} of {total} ({value:.3g}) in [{low:.3g}, {high:.3g}]"
    reason = {
        "pass": f"{found}: not below {limit:g}",
        "fail": f"{found}: below {limit:g}",
        "inconclusive": f"{found}: the interval holds {limit:g}",
    }[outcome]
    return Decision(outcome, value, low, high, total, reason, {"method": "Clopper-Pearson", "alpha": alpha})


def decide_percentile(latencies_ms: Sequence[float], limit_ms: float, quantile: float, alpha: float = 0.01) -> Decision:
    """Three-way decision on `quantile of the latency < limit_ms`, in order of intended time.

    Exact for independent samples by binomial order statistics. Where requests over the limit come in
    clusters, samples and exceedances are first divided by the variance inflation of their batch means,
    because the exact bound covers far less than it says on autocorrelated latencies.
    """
    check_alpha(alpha)
    if not 0 < quantile < 1:
        raise ValueError(f"quantile is {quantile}: it has to lie between 0 and 1")
    flaw = flaw_in(latencies_ms, "latencies")
    if flaw or not len(latencies_ms):
        return undecided(flaw or "no samples", len(latencies_ms))
    values = np.asarray(latencies_ms, dtype=float)
    count = len(values)
    over = values >= limit_ms
    inflation = _inflation(over)
    effective = max(1, math.floor(count / inflation))
    exceeded = float(over.sum()) * effective / count
    share = 1 - quantile
    ordered = np.sort(values)
    low_at, high_at = _order_statistics(effective, quantile, alpha)
    low = float(ordered[min(count - 1, low_at * count // effective)]) if low_at >= 0 else None
    high = float(ordered[min(count - 1, math.ceil((high_at + 1) * count / effective) - 1)]) if high_at >= 0 else None
    value = float(ordered[min(count - 1, math.ceil(quantile * count) - 1)])
    passes = float(binom.cdf(math.ceil(exceeded), effective, share)) <= alpha
    fails = float(binom.sf(math.floor(exceeded) - 1, effective, share)) <= alpha
    outcome: Outcome = "pass" if passes else "fail" if fails else "inconclusive"
    least = math.ceil(math.log(alpha) / math.log(quantile))
    detail: dict[str, Any] = {
        "method": "binomial order statistics",
        "alpha": alpha,
        "quantile": quantile,
        "over_limit": int(over.sum()),
        "variance_inflation": round(inflation, 3),
        "effective_samples": effective,
        "least_samples_to_pass": least,
    }
    name = f"p{quantile * 100:g}"
    found = f"{name} {value:.4g} ms, {int(over.sum())} of {count} samples at or over {limit_ms:g} ms"
    reason = {
        "pass": f"{found}: {name} is below the limit",
        "fail": f"{found}: {name} is not below the limit",
        "inconclusive": f"{found}: too close to tell, or too few (at least {least} samples are needed)",
    }[outcome]
    return Decision(outcome, value, low, high, count, reason, detail)


def _order_statistics(count: int, quantile: float, alpha: float) -> tuple[int, int]:
    """Indices of the order statistics that bound a quantile from below and above; -1 where none does."""
    low = int(binom.ppf(alpha, count, quantile))
    while low > 0 and binom.cdf(low - 1, count, quantile) > alpha:
        low -= 1
    high = int(binom.ppf(1 - alpha, count, quantile))
    while high < count and binom.cdf(high, count, quantile) < 1 - alpha:
        high += 1
    return low - 1, high if high < count else -1


def _inflation(over: NDArray[np.bool_]) -> float:
    """How much more the batch shares vary than those of independent samples would; at least 1."""
    size = len(over) // _BATCHES
    share = float(over.mean())
    if size < 2 or not 0 < share < 1:
        return 1.0
    means = over[len(over) - size * _BATCHES :].reshape(_BATCHES, size).mean(axis=1)
    return max(1.0, float(means.var(ddof=1)) * size / (share * (1 - share)))


def _needed(limit: float, alpha: float) -> str:
    """How many clean requests would be enough."""
    if limit <= 0:
        return "no number of requests shows a rate below zero"
    if limit >= 1:
        return "more requests are needed"
    return f"{math.ceil(math.log(alpha) / math.log1p(-limit))} requests without a failure would be enough"


def _check_share(count: int, total: int, limit: float, alpha: float) -> str:
    check_alpha(alpha)
    if not math.isfinite(limit):
        raise ValueError(f"limit is {limit}: it has to be a number")
    if total <= 0:
        return "no samples"
    if not 0 <= count <= total:
        raise ValueError(f"{count} of {total}: a count lies between 0 and the total")
    return ""
