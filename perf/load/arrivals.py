"""When requests are due: absolute offsets in integer nanoseconds, all decided before the run starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from signoff.perf.errors import PlanInvalid

MOST: Final = 5_000_000
"""More arrivals than this are refused: their records would not fit into the memory of a usual machine."""


def constant(rate_per_second: float, duration_s: float) -> tuple[int, ...]:
    """Evenly spaced arrivals; the first is due at once. Raises PlanInvalid (a ValueError)."""
    _check(rate_per_second, duration_s)
    count = max(1, math.floor(rate_per_second * duration_s + 1e-9))
    return tuple(round(number * 1e9 / rate_per_second) for number in range(count))


def poisson(rate_per_second: float, duration_s: float, seed: int) -> tuple[int, ...]:
    """A Poisson process: exponential gaps, not rescaled, so that the count varies as in production.

    The same seed gives the same schedule (numpy's PCG64). Raises PlanInvalid (a ValueError).
    """
    _check(rate_per_second, duration_s)
    generator = np.random.Generator(np.random.PCG64(seed))
    gaps = generator.exponential(1.0 / rate_per_second, _enough(rate_per_second * duration_s))
    times = np.cumsum(gaps)
    times = times[times < duration_s]
    if not times.size:
        raise PlanInvalid(
            f"no arrival falls into {duration_s:g} s at {rate_per_second:g} requests/s with seed {seed}",
            "raise the rate or the duration",
        )
    return _in_ns(times)


def ramp(from_per_second: float, to_per_second: float, duration_s: float) -> tuple[int, ...]:
    """A rate that grows (or falls) evenly: arrival n is due when the integral of the rate reaches n.

    Raises PlanInvalid (a ValueError).
    """
    if not (math.isfinite(from_per_second) and from_per_second >= 0):
        raise PlanInvalid(f"a ramp from {from_per_second:g} requests/s: it must not be below zero")
    _check(to_per_second, duration_s)
    _check(max(from_per_second, to_per_second), duration_s)
    growth = (to_per_second - from_per_second) / duration_s
    numbers = np.arange(_count((from_per_second + to_per_second) / 2 * duration_s), dtype=float)
    # The root of from * t + growth * t^2 / 2 = n, in the form that does not cancel.
    below = from_per_second + np.sqrt(np.maximum(0.0, from_per_second**2 + 2 * growth * numbers))
    times = np.divide(2 * numbers, below, out=np.zeros_like(numbers), where=below > 0)
    return _in_ns(times)


def steps(rates_per_second: Sequence[float], duration_s: float) -> tuple[int, ...]:
    """Constant rates one after the other, each for an equal share of the duration. Raises PlanInvalid."""
    if not rates_per_second:
        raise PlanInvalid("steps without a rate", "give rates such as step:10,20,40")
    for rate in rates_per_second:
        _check(rate, duration_s)
    share_s = duration_s / len(rates_per_second)
    due = np.concatenate(([0.0], np.cumsum(np.asarray(rates_per_second, dtype=float) * share_s)))
    times = np.interp(np.arange(_count(float(due[-1])), dtype=float), due, np.arange(len(due)) * share_s)
    return _in_ns(times)


def _count(expected: float) -> int:
    return max(1, math.floor(expected + 1e-9))


def _in_ns(times_s: NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(np.rint(times_s * 1e9).astype(np.int64).tolist())


def _enough(expected: float) -> int:
    """Enough gaps to fill the duration except with negligible probability (10 sigma)."""
    return math.ceil(expected + 10 * math.sqrt(expected) + 20)


def check_duration(duration_s: float) -> None:
    """Raises PlanInvalid (a ValueError) for an invalid duration."""
    _check(1.0, duration_s)


def _check(rate_per_second: float, duration_s: float) -> None:
    for name, value, unit in (("rate", rate_per_second, "requests/s"), ("duration", duration_s, "s")):
        if not (math.isfinite(value) and value > 0):
            raise PlanInvalid(f"a {name} of {value:g} {unit}: it must be above zero", f"give a {name} above zero")
    expected = rate_per_second * duration_s
    if expected > MOST:
        raise PlanInvalid(
            f"{rate_per_second:g} requests/s for {duration_s:g} s: {expected:.0f} requests, more than {MOST}",
            "lower the rate or the duration, or split the run",
        )
