"""Evidence that a bounded mean is below a limit, by betting on it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STAKES = 0.9 * 0.5 ** np.arange(7)


def log_evidence_below(values: NDArray[np.float64], limit: float, upper: float) -> float:
    """The largest log e-value against `mean >= limit` for values in [0, upper], over all times so far.

    The mean of wealth processes of Waudby-Smith and Ramdas (J. R. Stat. Soc. B 86, 2024), each with a fixed bet:
    its factors are 1 + bet * (limit - value). Where the mean is not below the limit, exp of it passes 1/alpha in
    at most alpha of runs (Ville). Bets that do not follow the values make it fall with each of them: no value
    that rises adds evidence.
    """
    if len(values) == 0 or not 0 < limit < upper:
        return 0.0
    bets = _STAKES / (upper - limit)
    wealth = np.cumsum(np.log1p(bets[:, None] * (limit - values)[None, :]), axis=1)
    most = wealth.max(axis=0)
    return float(max(0.0, np.max(most + np.log(np.mean(np.exp(wealth - most), axis=0)))))
