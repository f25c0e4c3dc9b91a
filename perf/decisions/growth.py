"""Decides whether memory stays below its limit: by its high-water mark and its growth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import scipy
from numpy.typing import NDArray

from signoff.perf.decisions.batch_means import lag_1
from signoff.perf.decisions.decision import Decision, check_alpha, flaw_in, undecided

WARM_UP: Final = 0.25
"""The first share of a series is not asked about growth: caches and pools fill then."""
BLOCKS: Final = 12
LEAST_SAMPLES: Final = 48


def decide_growth(
    times_s: Sequence[float],
    bytes_used: Sequence[float],
    limit_bytes: float,
    peak_bytes: float | None,
    alpha: float = 0.01,
    horizon_s: float = 86_400.0,
) -> Decision:
    """Three-way decision on `memory < limit_bytes`, now and after `horizon_s` of the same load.

    `peak_bytes` is the system's high-water mark; if it is None, the largest sample replaces it and the
    polling interval is stated. Fail: the peak reaches the limit, or even the lower bound of the growth
    reaches it within the horizon. Growth is judged by the increments between blocks of the series, which is
    robust against random walks, over the whole series and over its last half, so that a start-up that levels
    off is not a leak.
    """
    check_alpha(alpha)
    if len(times_s) != len(bytes_used):
        raise ValueError(f"{len(times_s)} times for {len(bytes_used)} figures")
    if not (limit_bytes > 0 and horizon_s > 0):
        raise ValueError("limit and horizon must be above zero")
    count = len(bytes_used)
    peak_given = [] if peak_bytes is None else [peak_bytes]
    flaw = flaw_in(bytes_used, "memory") or flaw_in(times_s, "times") or flaw_in(peak_given, "peak")
    if flaw:
        return undecided(flaw, count)
    times, used = np.asarray(times_s, dtype=float), np.asarray(bytes_used, dtype=float)
    if count > 1 and not np.all(np.diff(times) > 0):
        raise ValueError("times must increase")
    peak = max([*peak_given, float(used.max()) if count else 0.0])
    detail: dict[str, Any] = {
        "method": "high-water mark; increments between blocks, Student's t",
        "alpha": alpha,
        "peak_from": "high-water mark" if peak_given else "largest sample",
        "horizon_s": horizon_s,
    }
    if count > 1:
        detail["polling_interval_s"] = round(float(np.median(np.diff(times))), 4)
    if peak >= limit_bytes:
        reason = f"the peak of {peak / 1e9:.4g} GB is not below {limit_bytes / 1e9:.4g} GB"
        return Decision("fail", peak, None, None, count, reason, detail)
    if count < LEAST_SAMPLES:
        reason = f"{count} samples of memory: growth cannot be judged from fewer than {LEAST_SAMPLES}"
        return undecided(reason, count, peak if peak > 0 else None, **detail)
    if peak <= 0:
        return undecided("the memory was read as zero throughout", count, **detail)
    late = times >= times[0] + WARM_UP * (times[-1] - times[0])
    slope, low, high, correlation = _slope(times[late], used[late], alpha)
    end = float(used[late][-max(1, int(late.sum()) // BLOCKS) :].mean())
    projected = end + low * horizon_s
    detail |= {
        "growth_bytes_per_second": slope,
        "growth_low_bytes_per_second": low,
        "growth_high_bytes_per_second": high,
        "projected_low_bytes": projected,
        "projected_high_bytes": end + high * horizon_s,
        "detectable_growth_bytes_per_second": (limit_bytes - end) / horizon_s + (slope - low),
        "batch_correlation": round(correlation, 4),
    }
    hours = horizon_s / 3600
    if low > 0 and projected >= limit_bytes:
        reason = (
            f"the peak is {peak / 1e9:.4g} GB, but memory grows by at least {low / 1e6:.4g} MB/s: "
            f"{projected / 1e9:.4g} GB after {hours:g} h, the limit is {limit_bytes / 1e9:.4g} GB"
        )
        return Decision("fail", peak, None, projected, count, reason, detail)
    reason = (
        f"the peak of {peak / 1e9:.4g} GB is below {limit_bytes / 1e9:.4g} GB; "
        f"no growth that leads there in {hours:g} h"
    )
    if not peak_given:
        reason += f" (polled each {detail['polling_interval_s']:g} s: shorter peaks are not seen)"
    return Decision("pass", peak, None, None, count, reason, detail)


def _slope(times: NDArray[np.float64], used: NDArray[np.float64], alpha: float) -> tuple[float, float, float, float]:
    """(slope, low, high) in bytes a second, and the correlation of increments.

    The low bound is the smaller of the whole's and the last half's.
    """
    edges = np.linspace(times[0], times[-1], BLOCKS + 1)
    at = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, BLOCKS - 1)
    filled = [index for index in range(BLOCKS) if np.any(at == index)]
    levels = np.array([used[at == index].mean() for index in filled])
    middles = np.array([times[at == index].mean() for index in filled])
    rates = np.diff(levels) / np.diff(middles)
    slope, low, high = _bounds(rates, alpha)
    _, late_low, _ = _bounds(rates[len(rates) // 2 :], alpha)
    return slope, min(low, late_low), high, lag_1(rates)


def _bounds(rates: NDArray[np.float64], alpha: float) -> tuple[float, float, float]:
    count = len(rates)
    mean = float(rates.mean())
    if count < 3:
        return mean, -math.inf, math.inf
    reach = float(scipy.special.stdtrit(count - 1, 1 - alpha)) * float(rates.std(ddof=1)) / math.sqrt(count)
    return mean, mean - reach, mean + reach
