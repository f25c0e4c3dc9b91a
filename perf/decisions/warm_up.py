"""Finds the end of the warm-up of a series."""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from signoff.perf.decisions.batch_means import overlapping

SHARE = 0.1
"""At most this share of a series may be warm-up."""
_BATCH = 5
_SURE = 1e-4
_ERRORS = 4.0


def warm_up_cut(values: NDArray[np.float64]) -> int:
    """The number of leading warm-up values: a slow start that does not recur.

    MSER-5 (White, Cobb and Spratt, WSC 2000) proposes the place: the truncation that minimises the squared
    standard error of the rest, in batches of 5. It is taken only up to a tenth of the series, only where the
    head is slower, and only where both a rank test and the long-run variance of the rest say with near certainty
    that it is: a truncation that merely follows chance, or the swings of a loaded server, would drop what a
    verdict has to see.
    """
    batches = len(values) // _BATCH
    most = int(batches * SHARE)
    if most < 1:
        return 0
    means = values[: batches * _BATCH].reshape(batches, _BATCH).mean(axis=1)
    left = np.arange(batches, 0, -1)
    sums = np.cumsum(means[::-1])[::-1]
    squares = np.cumsum((means * means)[::-1])[::-1]
    error = (squares - sums * sums / left) / (left * left)
    cut = int(np.argmin(error[: most + 1])) * _BATCH
    if cut == 0:
        return 0
    head, rest = values[:cut], values[cut:]
    usual = overlapping(rest, max(_BATCH, len(rest) // 10)).error
    if head.mean() - rest.mean() <= _ERRORS * usual * math.sqrt(1 + len(rest) / cut):
        return 0
    test = scipy.stats.mannwhitneyu(head, rest, alternative="greater", method="asymptotic")
    return cut if float(test.pvalue) < _SURE else 0
