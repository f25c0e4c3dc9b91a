"""Decides whether starts are fast enough: a bound for most future starts from a few measured ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy

from signoff.perf.decisions.decision import Decision, flaw_in, undecided

LEAST: Final = 5


def decide_cold_starts(
    seconds: Sequence[float | None], limit_s: float, coverage: float = 0.9, confidence: float = 0.95
) -> Decision:
    """Three-way decision on `start < limit_s`; None is a failed start.

    Fail: a start failed or took as long as the limit. Pass: at least five, all below, and the one-sided
    lognormal tolerance bound (Hahn and Meeker, Statistical Intervals: noncentral t), which `coverage` of
    starts keep with `confidence`, is below as well.
    """
    if not (0 < coverage < 1 and 0 < confidence < 1 and limit_s > 0):
        raise ValueError("coverage and confidence must be between 0 and 1, the limit above zero")
    times = [each for each in seconds if each is not None]
    count = len(seconds)
    flaw = flaw_in(times, "starts")
    if flaw:
        return undecided(flaw, count)
    detail = {
        "method": "lognormal tolerance bound",
        "alpha": round(1 - confidence, 6),
        "coverage": coverage,
        "confidence": confidence,
    }
    slowest = max(times, default=None)
    if len(times) < count:
        reason = f"{count - len(times)} of {count} starts failed"
        return Decision("fail", slowest, None, None, count, reason, detail)
    if slowest is not None and slowest >= limit_s:
        reason = f"the slowest of {count} starts took {slowest:.4g} s, the limit is {limit_s:g} s"
        return Decision("fail", slowest, None, None, count, reason, detail)
    if count < LEAST or slowest is None or min(times) <= 0:
        reason = f"{count} starts: at least {LEAST} are needed"
        return undecided(reason, count, slowest, **detail)
    logs = np.log(np.asarray(times, dtype=float))
    factor = float(
        scipy.special.nctdtrit(count - 1, scipy.special.ndtri(coverage) * math.sqrt(count), confidence)
    ) / math.sqrt(count)
    high = math.exp(float(logs.mean()) + factor * float(logs.std(ddof=1)))
    median = math.exp(float(logs.mean()))
    detail_with_factor = {
        **detail,
        "factor": round(factor, 4),
        "median_s": median,
        "detectable_margin": round(1 - median / high, 4),  # the median has to lie so far below the limit
    }
    found = f"{count} starts took at most {slowest:.4g} s; {coverage:.0%} of starts take less than {high:.4g} s"
    if high < limit_s:
        reason = f"{found}, below {limit_s:g} s"
        return Decision("pass", slowest, None, high, count, reason, detail_with_factor)
    reason = f"{found}, which is not below {limit_s:g} s: time more starts"
    return Decision("inconclusive", slowest, None, high, count, reason, detail_with_factor)
