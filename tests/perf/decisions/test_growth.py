import math

import numpy as np
import pytest

from signoff.perf.decisions.statistics import decide_growth

GB, MB = 1e9, 1e6
TIMES = np.arange(240) * 0.25


def decide(used, peak=None, limit=15 * GB):
    used = np.asarray(used, dtype=float)
    return decide_growth(TIMES[: len(used)], used, limit, used.max() if peak is None and len(used) else peak)


def noise(seed, size=MB):
    return np.random.default_rng(seed).normal(0, size, len(TIMES))


def test_a_steady_service_passes_and_a_leaking_one_fails():
    for seed in range(30):
        assert decide(2 * GB + noise(seed)).outcome == "pass"
        assert decide(2 * GB + noise(seed) + 1 * MB * TIMES).outcome == "fail"


def test_memory_that_never_moves_passes():
    assert decide(np.full(240, 2 * GB)).outcome == "pass"


def test_a_leak_in_steps_is_a_leak():
    assert decide(2 * GB + 4 * MB * np.floor(TIMES / 2)).outcome == "fail"


def test_a_start_up_that_levels_off_is_no_leak():
    for seed in range(30):
        assert decide(2 * GB - 1 * GB * np.exp(-TIMES / 6) + noise(seed)).outcome == "pass"
    assert decide(2 * GB + 100 * MB * np.minimum(TIMES / 20, 1)).outcome == "pass"


def test_a_random_walk_is_seldom_called_a_leak():
    walks = [np.cumsum(np.random.default_rng(seed).normal(0, 2 * MB, 240)) for seed in range(200)]
    assert sum(decide(2 * GB + walk).outcome == "fail" for walk in walks) <= 4


def test_the_high_water_mark_counts_even_where_no_sample_saw_it():
    found = decide(np.full(240, 2 * GB), peak=15 * GB)
    assert (found.outcome, found.value) == ("fail", 15 * GB)


def test_without_a_high_water_mark_the_polling_interval_is_stated():
    found = decide_growth(TIMES, np.full(240, 2 * GB), 15 * GB, None)
    assert found.outcome == "pass"
    assert "polled each 0.25 s" in found.reason


def test_nothing_or_too_little_or_no_number_decides_nothing():
    assert decide([]).outcome == "inconclusive"
    assert decide([2 * GB] * 20).outcome == "inconclusive"
    assert decide([0.0] * 240).outcome == "inconclusive"
    assert decide([2 * GB] * 239 + [math.nan], peak=2 * GB).outcome == "inconclusive"
    assert decide([2 * GB] * 240, peak=math.nan).outcome == "inconclusive"
    with pytest.raises(ValueError, match="times must increase"):
        decide_growth([1.0, 1.0], [1.0, 1.0], 2.0, None)
