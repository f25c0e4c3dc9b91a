"""The error of a mean of correlated samples, from the means of its batches.

A failure has no latency: it counts as a charged value, and its real value is unknown. If samples are
marked `failed`, the upper bound is the largest over everything that they could have been, so that a failure never
narrows an interval, whatever replaces it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy
from numpy.typing import NDArray

Values = NDArray[np.float64]
Marks = NDArray[np.bool_]
_STEPS: Final = 10
"""Batches overlap in tenths: nearly the information of full overlap, with far fewer batches."""


@dataclass(frozen=True, slots=True)
class MeanError:
    """Standard error of a mean, and its degrees of freedom."""

    error: float
    freedom: float

    def reach(self, level: float) -> float:
        """The one-sided error of the mean at probability `level`."""
        return -float(scipy.special.stdtrit(self.freedom, level)) * self.error


def overlapping(values: Values, batch: int) -> MeanError:
    """By overlapping batch means (Meketon and Schmeiser, WSC 1984): 1.5 times the information of disjoint ones."""
    means, factor = _sliding(values, batch)
    centred = means - means.mean()
    return MeanError(math.sqrt(float(centred @ centred) * factor), 1.5 * (len(values) / batch - 1))


def upper_reach(values: Values, batch: int, level: float, failed: Marks, share: float = 1.0) -> float:
    """The distance of `share` of the mean to its upper bound, by overlapping batch means.

    With failures, the maximum over all values from zero to the charged one in their place: the sum over batches is
    convex in each batch mean, so that the end points suffice, for any centre and any scale of the squares; the best
    of those gives the bound. It grows with every failure.
    """
    usual = overlapping(values, batch)
    high, factor = _sliding(values, batch)
    low, _ = _sliding(np.where(failed, 0.0, values), batch)
    wide = -float(scipy.special.stdtrit(usual.freedom, level)) * math.sqrt(factor)
    # No request is in more than _STEPS batches, so what a lower value takes from the mean is at least this.
    lost = share * (batch // _STEPS) / len(values) * (high - low)

    def at(centre: float, scale: float) -> float:
        weight = wide / (2 * scale)
        ends = np.maximum(weight * (high - centre) ** 2, weight * (low - centre) ** 2 - lost)
        return float(ends.sum()) + wide * scale / 2

    spread = float(np.sqrt(np.sum((high - high.mean()) ** 2) + np.sum((high - low) ** 2)))

    def best(centre: float) -> float:
        return _least(lambda log_scale: at(centre, math.exp(log_scale)), math.log(spread) - 7, math.log(spread) + 1)

    return _least(best, float(low.min()), float(high.max()))


def apart(values: Values, batches: int, failed: Marks | None = None) -> MeanError:
    """With this number of disjoint batches; with `failed`, the maximum over all values from zero on in their place."""
    high = split(values, batches)
    low = high if failed is None or not failed.any() else split(np.where(failed, 0.0, values), batches)
    return MeanError(math.sqrt(_squares(low, high) / (batches * (batches - 1))), batches - 1)


def split(values: Values, batches: int) -> Values:
    """The means of this number of batches; the remainder is dropped at the start."""
    size = len(values) // batches
    means: Values = values[len(values) - size * batches :].reshape(batches, size).mean(axis=1)
    return means


def lag_1(values: Values) -> float:
    """Correlation of neighbours; 0 for constant values."""
    centred = values - values.mean()
    power = float(centred @ centred)
    return float(centred[:-1] @ centred[1:]) / power if power > 0 else 0.0


def _sliding(values: Values, batch: int) -> tuple[Values, float]:
    """Means of overlapping batches, and the factor from their squares to the variance of the overall mean."""
    step = max(1, batch // _STEPS)
    sums = np.concatenate(([0.0], np.cumsum(values)))
    means: Values = (sums[batch::step] - sums[:-batch:step]) / batch
    return means, batch / ((len(values) - batch) * len(means))


def _squares(low: Values, high: Values) -> float:
    """Squares about the mean; if batch means are only known within [low, high], an upper bound."""
    if low is high:
        centred = high - high.mean()
        return float(centred @ centred)
    order = np.argsort(low + high)
    middle, half = ((high + low) / 2)[order], ((high - low) / 2)[order]
    # The centre of the least squares: a middle, or where the slope is zero between two of them.
    left = np.concatenate(([0.0], np.cumsum(half)))
    centres = np.concatenate((middle, (middle.sum() + half.sum() - 2 * left) / len(middle)))
    return float(np.min(np.sum((np.abs(middle - centres[:, None]) + half) ** 2, axis=1)))


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """The minimum of a convex function; it is flat near its minimum, so a rough position suffices."""
    tolerance = 1e-4 * (high - low)
    return float(
        scipy.optimize.minimize_scalar(function, bounds=(low, high), method="bounded", options={"xatol": tolerance}).fun
    )
