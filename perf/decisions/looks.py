"""Several looks at a growing sample with a joint error rate of at most alpha."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy
from numpy.typing import NDArray

LEVEL_SHAPE = 0.5
"""Pocock's: the same level at each look."""
_LOWEST = -9.0


@lru_cache(maxsize=64)
def look_levels(looks: tuple[int, ...], alpha: float, shape: float = LEVEL_SHAPE) -> tuple[float, ...]:
    """The one-sided level of each look such that a system on the limit crosses at any of them with `alpha`.

    `looks` are the planned sample sizes, not only those that were reached. The boundary is
    bound * (look / last look) ** (shape - 0.5) (Wang and Tsiatis, Biometrics 43, 1987): with 0.5 that of Pocock,
    Biometrika 64 (1977), below it stricter at early looks. The crossing probability of the standardised sums is
    found by the recursive integration of Armitage, McPherson and Rowe, J. R. Stat. Soc. A 132 (1969).
    """
    if not looks or list(looks) != sorted(set(looks)) or looks[0] < 1:
        raise ValueError(f"looks are {looks}: they must be positive and increasing")
    if len(looks) == 1:
        return (alpha,)
    form = (np.asarray(looks, dtype=float) / looks[-1]) ** (shape - 0.5)
    bound = scipy.optimize.brentq(
        lambda z: _crossing(looks, z * form) - alpha, 0.0, scipy.special.ndtri(1 - alpha / len(looks)) + 1.0, xtol=1e-6
    )
    return tuple(float(level) for level in scipy.special.ndtr(-bound * form))


@lru_cache(maxsize=4)
def _quadrature(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Nodes and weights of Gauss and Legendre: an eigenvalue problem, and the search for a bound needs them often."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return nodes, weights


def _crossing(looks: tuple[int, ...], bounds: NDArray[np.float64]) -> float:
    """P(any standardised sum > its bound) for independent samples, by Gauss-Legendre quadrature between the looks."""
    narrowest = min(((now - before) / now) ** 0.5 for before, now in pairwise(looks))
    nodes, weights = _quadrature(int(min(1000, max(100, 40 / narrowest))))

    def grid(bound: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        half = (bound - _LOWEST) / 2
        return (nodes + 1) * half + _LOWEST, weights * half

    z, weight = grid(bounds[0])
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    crossed = float(scipy.special.ndtr(-bounds[0]))
    for (before, now), bound in zip(pairwise(looks), bounds[1:], strict=True):
        step = np.sqrt(now - before)
        start = z * np.sqrt(before)
        crossed += float(np.sum(weight * density * scipy.special.ndtr((start - bound * np.sqrt(now)) / step)))
        after, after_weight = grid(bound)
        gap = (after[:, None] * np.sqrt(now) - start[None, :]) / step
        kernel = np.exp(-gap * gap / 2) / np.sqrt(2 * np.pi) * np.sqrt(now) / step
        density = kernel @ (weight * density)
        z, weight = after, after_weight
    return crossed
