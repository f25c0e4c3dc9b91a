"""Evidence that a bounded mean lies below a limit, by betting on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def log_evidence_below(values: NDArray[np.float64], limit: float, upper: float) -> float:
    """The largest log e-value against `mean >= limit` for values in [0, upper], over all times so far.

    A wealth process of Waudby-Smith and Ramdas (J. R. Stat. Soc. B 86, 2024): each factor is
    1 + bet * (limit - value) with a bet that depends on earlier values only. Where the mean is not below the
    limit, exp of it passes 1/alpha in at most alpha of runs (Ville).
    """
    count = len(values)
    if count == 0 or not 0 < limit < upper:
        return 0.0
    ahead = np.arange(1, count + 1)
    sums = np.concatenate(([0.0], np.cumsum(values)[:-1]))
    mean = (sums + limit) / ahead  # one imagined value on the limit to begin with
    deviations = (values - mean) ** 2
    variance = (np.concatenate(([0.0], np.cumsum(deviations)[:-1])) + (upper / 4) ** 2) / ahead
    margin = limit - mean
    bet = np.clip(margin / (variance + margin * margin), 0.0, 0.9 / (upper - limit))
    return float(max(0.0, np.max(np.cumsum(np.log1p(bet * (limit - values))))))
