"""Servers whose truth is known: latencies with mean 1 in the long run, in order of arrival.

The first five are those that the verdicts are held to; the others show what happens elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy
from numpy.typing import NDArray

Values = NDArray[np.float64]
World = Callable[[int, np.random.Generator], Values]

LIMIT_MS, TIMEOUT_MS = 1500.0, 7500.0


def lognormal(sigma: float) -> World:
    """Independent latencies."""
    return lambda count, random: np.exp(sigma * random.standard_normal(count) - sigma**2 / 2)


def slow_tail(count: int, random: np.random.Generator) -> Values:
    """One request in fifty takes ten times as long."""
    return lognormal(0.3)(count, random) * np.where(random.random(count) < 0.02, 10.0, 1.0) / 1.18


def autocorrelated(rho: float) -> World:
    """A loaded server: log latencies follow AR(1)."""

    def world(count: int, random: np.random.Generator) -> Values:
        noise = random.standard_normal(count + 500) * math.sqrt(1 - rho**2)
        return np.asarray(np.exp(0.5 * scipy.signal.lfilter([1], [1, -rho], noise)[500:] - 0.125))

    return world


def heavy_tail(count: int, random: np.random.Generator) -> Values:
    """Pareto with index 2.2."""
    return (random.pareto(2.2, count) + 1) * 1.2 / 2.2


def cache(count: int, random: np.random.Generator) -> Values:
    """Seven of ten hit the cache, and take a ninth of the time."""
    return lognormal(0.2)(count, random) * np.where(random.random(count) < 0.7, 0.3, 2.633)


def pauses(count: int, random: np.random.Generator) -> Values:
    """A pause after 200 requests on average delays the next fifteen, by up to three times the mean."""
    values = lognormal(0.3)(count, random)
    at = np.flatnonzero(random.random(count) < 1 / 200)
    for start in at:
        length = min(15, count - start)
        values[start : start + length] += 3 * (1 - np.arange(length) / 15)
    return values / 1.12


def two_speeds(count: int, random: np.random.Generator) -> Values:
    """Switches between half and one and a half times the mean, after 60 requests on average."""
    slow = (np.cumsum(random.random(count) < 1 / 60) + random.integers(2)) % 2
    return lognormal(0.4)(count, random) * np.where(slow == 1, 1.5, 0.5)


def drift(count: int, random: np.random.Generator) -> Values:
    """Swings by 30 % about the mean with a period of 4,000 requests, from anywhere in it."""
    turn = np.arange(count) / 4000 + random.random()
    return lognormal(0.4)(count, random) * (1 + 0.3 * np.sin(2 * np.pi * turn))


def slow_start(count: int, random: np.random.Generator) -> Values:
    """The first forty take four times as long."""
    values = lognormal(0.4)(count, random)
    values[:40] *= 4
    return values


WORLDS: dict[str, World] = {
    "lognormal 0.5": lognormal(0.5),
    "lognormal 1.0": lognormal(1.0),
    "slow tail": slow_tail,
    "autocorrelated 0.5": autocorrelated(0.5),
    "autocorrelated 0.9": autocorrelated(0.9),
}
ELSEWHERE: dict[str, World] = {
    "heavy tail": heavy_tail,
    "cache": cache,
    "slow start": slow_start,
    "pauses": pauses,
    "autocorrelated 0.95": autocorrelated(0.95),
    "two speeds": two_speeds,
    "drift": drift,
}


@lru_cache
def scale(name: str, mean_ms: float) -> float:
    """By what to multiply the world, so that the mean charged at the time-out is `mean_ms`."""
    world = WORLDS.get(name) or ELSEWHERE[name]
    random = np.random.default_rng(99)
    shape = np.concatenate([world(8000, random) for _ in range(250)])
    found = mean_ms
    for _ in range(30):
        found *= mean_ms / np.minimum(found * shape, TIMEOUT_MS).mean()
    return float(found)
