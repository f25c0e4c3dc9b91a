"""Whether the mean latency lies below its limit.

Batch means carry the autocorrelation of a loaded server, which breaks every method that takes requests for
independent; Hall's transformation carries the skew of latencies. Simulated in worlds of lognormal,
slow-tailed and autocorrelated latencies: see tests/perf/test_mean_latency.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

from perf.betting import log_evidence_below
from perf.decision import Decision, check_alpha, flaw_in, undecided
from perf.looks import pocock_level
from perf.warm_up import warm_up_cut

LOOKS: Final = (500, 1000, 2000, 4000, 8000)
BATCH: Final = 50
LEAST_BATCHES: Final = 10


@dataclass(frozen=True, slots=True)
class Bounds:
    """Two-sided interval of a mean: the wider of Student's t and Hall's skew-corrected one."""

    mean: float
    low: float
    high: float
    batch: int
    batches: int
    lag_1: float


def decide_mean(
    latencies_ms: Sequence[float],
    limit_ms: float,
    timeout_ms: float,
    alpha: float = 0.01,
    looks: Sequence[int] = LOOKS,
) -> Decision:
    """Three-way decision on `mean < limit_ms`, in order of intended time, failures charged at `timeout_ms`.

    The planned looks are taken in turn at Pocock's level; the first that decides ends it, later samples are
    not used. Pass: both upper bounds are below the limit and the betting e-value, with the time-out as the
    largest possible latency, reaches 1/alpha. Fail: both lower bounds are above it. Fewer samples than the
    first look are never judged, not even as a fail: shorter samples see neither a slow tail of 2 % nor slow
    swings.
    """
    check_alpha(alpha)
    planned = tuple(int(look) for look in looks)
    level = pocock_level(planned, alpha)
    if not (0 < limit_ms < timeout_ms and math.isfinite(timeout_ms)):
        raise ValueError(f"limit {limit_ms} ms, time-out {timeout_ms} ms: 0 < limit < time-out is needed")
    if planned[0] < BATCH * LEAST_BATCHES:
        raise ValueError(f"the first look is at {planned[0]} samples: at least {BATCH * LEAST_BATCHES} are needed")
    flaw = flaw_in(latencies_ms, "latencies")
    if flaw:
        return undecided(flaw, len(latencies_ms))
    values = np.minimum(np.asarray(latencies_ms, dtype=float), timeout_ms)
    detail: dict[str, Any] = {
        "method": "batch means, Student's t and Hall's skew correction, betting e-value",
        "alpha": alpha,
        "level_of_each_look": level,
        "looks_planned": list(planned),
        "looks_taken": 0,
        "timeouts": int(np.sum(values >= timeout_ms)),
    }
    if len(values) < planned[0]:
        mean = float(values.mean()) if len(values) else None
        reason = f"{len(values)} samples: the first look is at {planned[0]}"
        return undecided(reason, len(values), mean, **detail)
    decision: Decision | None = None
    for number, look in enumerate(planned, 1):
        if look > len(values):
            break
        detail["looks_taken"] = number
        decision = _look(values[:look], limit_ms, timeout_ms, alpha, level, detail)
        if decision.outcome != "inconclusive":
            break
    assert decision is not None
    return decision


def _look(
    values: NDArray[np.float64],
    limit_ms: float,
    timeout_ms: float,
    alpha: float,
    level: float,
    detail: dict[str, Any],
) -> Decision:
    cut = warm_up_cut(values)
    head = values[:cut]
    kept = np.concatenate((head[head >= timeout_ms], values[cut:]))  # a failure is never warm-up
    bounds = batch_mean_bounds(kept, level)
    evidence = log_evidence_below(kept, limit_ms, timeout_ms)
    enough = evidence >= math.log(1 / alpha)
    margin = max(bounds.high - bounds.mean, bounds.mean - bounds.low) / limit_ms
    detail = {
        **detail,
        "batch_size": bounds.batch,
        "batches": bounds.batches,
        "lag_1_of_batch_means": round(bounds.lag_1, 4),
        "warm_up_cut": len(values) - len(kept),
        "log10_e_value": round(evidence / math.log(10), 3),
        "log10_e_value_needed": round(math.log10(1 / alpha), 3),
        "detectable_margin": round(margin, 4) if math.isfinite(margin) else None,
    }
    low, high = max(0.0, bounds.low), min(bounds.high, timeout_ms)
    interval = f"{bounds.mean:.4g} ms in [{low:.4g}, {high:.4g}]"
    if bounds.low > limit_ms:
        outcome, reason = "fail", f"mean {interval}: above {limit_ms:g} ms"
    elif bounds.high < limit_ms and enough:
        outcome, reason = "pass", f"mean {interval}: below {limit_ms:g} ms"
    elif bounds.high < limit_ms:
        outcome = "inconclusive"
        reason = (
            f"mean {interval}: below {limit_ms:g} ms, but too few samples to exclude rare ones of up to "
            f"{timeout_ms:g} ms"
        )
    else:
        outcome, reason = "inconclusive", f"mean {interval}: the interval holds {limit_ms:g} ms"
    return Decision(
        outcome,  # type: ignore[arg-type]
        bounds.mean,
        low,
        high,
        len(kept),
        f"{reason} ({len(kept)} samples)",
        detail,
    )


def batch_mean_bounds(values: NDArray[np.float64], level: float) -> Bounds:
    """Bounds of the mean, each crossed with probability `level`.

    Batches of 50 (a little less after a warm-up cut); where neighbouring batch means are still correlated,
    the batch is doubled, and where ten batches would no longer be left, the bounds are widened by the
    correlation.
    """
    batches = max(LEAST_BATCHES, round(len(values) / BATCH))
    while True:
        size = len(values) // batches
        means = values[len(values) - size * batches :].reshape(batches, size).mean(axis=1)
        lag_1 = _lag_1(means)
        if lag_1 <= 1.645 / math.sqrt(batches) or batches // 2 < LEAST_BATCHES:
            break
        batches //= 2
    mean = float(values.mean())
    inflation = math.sqrt((1 + lag_1) / (1 - lag_1)) if 0 < lag_1 < 0.95 else 1.0 if lag_1 <= 0 else 6.3
    deviation = float(means.std(ddof=1)) * inflation
    reach = float(student_t.ppf(1 - level, batches - 1)) / math.sqrt(batches)
    low, high = mean - reach * deviation, mean + reach * deviation
    if deviation > 0:
        centred = means - means.mean()
        skew = float(np.mean(centred**3) / np.mean(centred**2) ** 1.5)
        low = min(low, mean - deviation * _hall(reach, skew, batches))
        high = max(high, mean - deviation * _hall(-reach, skew, batches))
    return Bounds(mean, low, high, size, batches, lag_1)


def _hall(reach: float, skew: float, count: int) -> float:
    """Inverse of Hall's transformation (J. R. Stat. Soc. B 54, 1992) of a mean in units of its deviation."""
    if abs(skew) < 1e-6:
        return reach
    return float((3 / skew) * (np.cbrt(1 + skew * (reach - skew / (6 * count))) - 1))


def _lag_1(values: NDArray[np.float64]) -> float:
    centred = values - values.mean()
    power = float(centred @ centred)
    return float(centred[:-1] @ centred[1:]) / power if power > 0 else 0.0
