"""Decides whether the mean latency is below its limit.

Batch means carry the autocorrelation of a loaded server, which breaks every method that takes requests for
independent; two corrections carry the skew of latencies. How often it errs, and how many requests it needs, is
simulated by tests/calibration/.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy
from numpy.typing import NDArray

from signoff.perf.decisions.batch_means import lag_1, overlapping, split, upper_reach
from signoff.perf.decisions.betting import log_evidence_below
from signoff.perf.decisions.decision import DETECTED, Decision, DecisionOutcome, check_alpha, flaw_in, undecided
from signoff.perf.decisions.looks import look_levels
from signoff.perf.decisions.warm_up import warm_up_cut

LOOKS: Final = (
    500,
    600,
    700,
    800,
    900,
    1050,
    1200,
    1400,
    1600,
    1850,
    2150,
    2450,
    2800,
    3200,
    3700,
    4250,
    4900,
    5650,
    6500,
    7250,
    8000,
)
BATCH: Final = 50
LEAST_BATCHES: Final = 10
PASS_SHAPE: Final = 0.43
"""Shape of the boundary for a pass: stricter at early looks, when the correlation between requests is poorly known."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Two-sided interval of a mean. `error` is its standard error, `batch` the batches it was taken from."""

    mean: float
    low: float
    high: float
    error: float
    batch: int
    batches: int
    lag_1: float


def decide_mean(
    latencies_ms: Sequence[float],
    limit_ms: float,
    timeout_ms: float,
    alpha: float = 0.01,
    looks: Sequence[int] = LOOKS,
    name: str = "mean",
) -> Decision:
    """Three-way decision on `mean < limit_ms`, in order of intended time, failures charged at `timeout_ms`.

    The planned looks are taken in turn, each at its share of alpha; the first that decides is the decision, unless
    the whole run says the opposite. Pass: the upper bound is below the limit and the betting e-value, with the
    time-out as the largest possible latency, reaches 1/alpha. Fail: the lower bound is above it. Fewer samples than
    the first look are never judged, not even as a fail: shorter samples see neither a slow tail of 2 % nor slow
    swings. A failure in place of any latency never turns another verdict into a pass. `name` is what the reason calls
    the figure.
    """
    check_alpha(alpha)
    planned = tuple(int(look) for look in looks)
    levels = tuple(zip(look_levels(planned, alpha, PASS_SHAPE), look_levels(planned, alpha), strict=True))
    if not (0 < limit_ms < timeout_ms and math.isfinite(timeout_ms)):
        raise ValueError(f"limit {limit_ms} ms, time-out {timeout_ms} ms: 0 < limit < time-out is needed")
    if planned[0] < BATCH * LEAST_BATCHES:
        raise ValueError(f"the first look is at {planned[0]} samples: at least {BATCH * LEAST_BATCHES} are needed")
    flaw = flaw_in(latencies_ms, "latencies")
    if flaw:
        return undecided(flaw, len(latencies_ms))
    values = np.minimum(np.asarray(latencies_ms, dtype=float), timeout_ms)
    detail: dict[str, Any] = {
        "method": "overlapping batch means at planned looks, skew correction, betting e-value",
        "alpha": alpha,
        "looks_planned": list(planned),
        "looks_taken": 0,
        "timeouts": int(np.sum(values >= timeout_ms)),
    }
    if len(values) < planned[0]:
        mean = float(values.mean()) if len(values) else None
        reason = f"{len(values)} samples: the first look is at {planned[0]}"
        return undecided(reason, len(values), mean, **detail)
    decision: Decision | None = None
    held_back = False
    for number, (look, (pass_level, fail_level)) in enumerate(zip(planned, levels, strict=True), 1):
        if look > len(values):
            break
        detail |= {"looks_taken": number, "level_to_pass": pass_level, "level_to_fail": fail_level}
        decision = _look(values[:look], limit_ms, timeout_ms, alpha, (pass_level, fail_level), detail, name)
        if decision.outcome == "pass" and held_back:
            reason = f"{decision.reason}, but an earlier look lay above {limit_ms:g} ms with its failures"
            decision = _withdrawn(decision, reason)
        elif decision.outcome != "inconclusive":
            return _against_the_rest(decision, values, limit_ms)
        # Without its failures, this look might have been a fail; with them, no later one is a pass.
        failed = bool(np.any(values[:look] >= timeout_ms))
        held_back = held_back or (failed and float(values[:look].mean()) > limit_ms)
    assert decision is not None
    return decision


def _against_the_rest(decision: Decision, values: NDArray[np.float64], limit_ms: float) -> Decision:
    """An early decision is withdrawn if the mean of the whole run is on the other side."""
    mean = float(values.mean())
    if (mean < limit_ms) == (decision.outcome == "pass") and mean != limit_ms:
        return decision
    reason = f"{decision.reason}, but the mean of all {len(values)} is {mean:.4g} ms: latency drifts"
    return _withdrawn(decision, reason)


def _withdrawn(decision: Decision, reason: str) -> Decision:
    detail = {**decision.detail, "withdrawn": decision.outcome}
    return Decision("inconclusive", decision.value, decision.low, decision.high, decision.samples, reason, detail)


def _look(
    values: NDArray[np.float64],
    limit_ms: float,
    timeout_ms: float,
    alpha: float,
    levels: tuple[float, float],
    detail: dict[str, Any],
    name: str,
) -> Decision:
    """One look. A slow start is removed only without failures: it may turn into a pass, a fail holds with it too."""
    failed = values >= timeout_ms
    cut = 0 if failed.any() else warm_up_cut(values)
    whole = mean_bounds(values, failed, *levels, limit_ms)
    bounds = mean_bounds(values[cut:], failed[cut:], *levels, limit_ms) if cut else whole
    if cut and whole.high < limit_ms:
        cut, bounds = 0, whole  # nothing has to be left out for it to pass
    kept = values[cut:]
    evidence = log_evidence_below(kept, limit_ms, timeout_ms) if bounds.high < limit_ms else 0.0
    enough = evidence >= math.log(1 / alpha)
    margin = (bounds.high - bounds.mean + float(scipy.special.ndtri(DETECTED)) * bounds.error) / limit_ms
    detail = {
        **detail,
        "batch_size": bounds.batch,
        "batches": bounds.batches,
        "batch_correlation": round(bounds.lag_1, 4),
        "warm_up_cut": cut,
        "log10_e_value": round(evidence / math.log(10), 3),
        "log10_e_value_needed": round(math.log10(1 / alpha), 3),
        "detectable_margin": round(margin, 4),
    }
    low, high = max(0.0, bounds.low), min(bounds.high, timeout_ms)
    interval = f"{bounds.mean:.4g} ms in [{low:.4g}, {high:.4g}]"
    outcome: DecisionOutcome = "inconclusive"
    if bounds.low > limit_ms and whole.low > limit_ms:
        outcome, reason = "fail", f"{name} {interval}: above {limit_ms:g} ms"
    elif bounds.high < limit_ms and enough:
        outcome, reason = "pass", f"{name} {interval}: below {limit_ms:g} ms"
    elif bounds.high < limit_ms:
        reason = (
            f"{name} {interval}: below {limit_ms:g} ms, but too few samples to exclude rare ones of up to "
            f"{timeout_ms:g} ms"
        )
    else:
        reason = f"{name} {interval}: the interval holds {limit_ms:g} ms"
    return Decision(outcome, bounds.mean, low, high, len(kept), reason, detail)


def mean_bounds(
    values: NDArray[np.float64],
    failed: NDArray[np.bool_],
    above_level: float,
    below_level: float,
    limit: float = math.inf,
) -> Bounds:
    """The mean lies above `high` with probability `above_level`, below `low` with `below_level`.

    Batches of a 24th of the series, at least 50, for the lower bound; of a twentieth and of a tenth, and the wider
    of the two, for the upper one: a wrong pass weighs more. That one is widened for skew by Johnson's correction
    (J. Am. Stat. Assoc. 73, 1978); the lower one is Hall's (J. R. Stat. Soc. B 54, 1992). The possible latencies of
    failures widen the upper bound only if it would be below `limit` without them.
    """
    count, mean = len(values), float(values.mean())
    shortest, short, long = (max(BATCH, count // parts // 10 * 10) for parts in (24, 20, 10))
    error = overlapping(values, shortest)
    batches = count // max(BATCH, count // 40)
    means = split(values, batches)
    centred = means - means.mean()
    square, cube = float(np.mean(centred**2)), float(np.mean(centred**3))
    # With failures, no skew can be larger, whatever they would have been: cube / square is at most this.
    skewed = float(means.max()) - mean if failed.any() else max(0.0, cube / square) if square > 0 else 0.0
    share = (2 * float(scipy.special.ndtri(above_level)) ** 2 + 1) / 6 / batches
    above = max(overlapping(values, size).reach(above_level) for size in {short, long}) + share * skewed
    if failed.any():
        for size in {short, long}:
            if mean + above < limit:
                above = max(above, upper_reach(values, size, above_level, failed, 1 - share) + share * skewed)
    below = error.reach(below_level)
    if square > 0 and error.error > 0:
        below = error.error * _hall(below / error.error, cube / square**1.5 / math.sqrt(batches))
    neighbours = split(values, count // shortest)
    return Bounds(mean, mean - below, mean + above, error.error, shortest, count // shortest, lag_1(neighbours))


def _hall(reach: float, skew: float) -> float:
    """Inverse of Hall's transformation of a mean with this skewness, in units of its error."""
    if abs(skew) < 1e-6:
        return reach
    return float((3 / skew) * (np.cbrt(1 + skew * (reach - skew / 6)) - 1))
