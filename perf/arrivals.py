"""When requests are due: absolute offsets in integer nanoseconds, all decided before the run starts."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from perf.errors import PlanInvalid

MOST: Final = 5_000_000
"""More arrivals than this are refused: their records would not fit into the memory of a usual machine."""


def constant(rate_per_second: float, duration_s: float) -> tuple[int, ...]:
    """Evenly spaced arrivals; the first is due at once. Raises PlanInvalid (a ValueError)."""
    _check(rate_per_second, duration_s)
    count = max(1, math.floor(rate_per_second * duration_s + 1e-9))
    return tuple(round(number * 1e9 / rate_per_second) for number in range(count))


def poisson(rate_per_second: float, duration_s: float, seed: int) -> tuple[int, ...]:
    """A Poisson process: exponential gaps, not rescaled, so that the count varies as it does in the field.

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
    return tuple(int(each) for each in np.rint(times * 1e9))


def _enough(expected: float) -> int:
    """So many gaps that the duration is filled but once in far more runs than anyone makes (10 sigma)."""
    return math.ceil(expected + 10 * math.sqrt(expected) + 20)


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
