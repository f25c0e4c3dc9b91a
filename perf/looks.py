"""Several looks at a growing sample, each at a level such that all together err in at most alpha of runs."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

_GRID = 801
_LOWEST = -9.0


@lru_cache(maxsize=64)
def pocock_level(looks: tuple[int, ...], alpha: float) -> float:
    """The one-sided level of each look such that a system on the limit crosses at any of them with `alpha`.

    Pocock, Biometrika 64 (1977): the same level at each look. `looks` are the planned sample sizes, not only
    those that were reached; the crossing probability of the standardised sums is found by the recursive
    integration of Armitage, McPherson and Rowe, J. R. Stat. Soc. A 132 (1969).
    """
    if not looks or list(looks) != sorted(set(looks)) or looks[0] < 1:
        raise ValueError(f"looks are {looks}: they have to be positive and growing")
    if len(looks) == 1:
        return alpha
    bound = brentq(lambda z: _crossing(looks, z) - alpha, ndtri(1 - alpha), ndtri(1 - alpha / len(looks)) + 1e-6)
    return float(1 - ndtr(bound))


def _crossing(looks: tuple[int, ...], bound: float) -> float:
    """P(max of the standardised sums at the looks > bound) for independent samples."""
    z = np.linspace(_LOWEST, bound, _GRID)
    weight = np.full(_GRID, z[1] - z[0])
    weight[0] = weight[-1] = weight[0] / 2
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    crossed = float(1 - ndtr(bound))
    for before, now in pairwise(looks):
        step = np.sqrt(now - before)
        crossed += float(np.sum(weight * density * (1 - ndtr((bound * np.sqrt(now) - z * np.sqrt(before)) / step))))
        gap = (z[:, None] * np.sqrt(now) - z[None, :] * np.sqrt(before)) / step
        kernel = np.exp(-gap * gap / 2) / np.sqrt(2 * np.pi) * np.sqrt(now) / step
        density = kernel @ (weight * density)
    return crossed
