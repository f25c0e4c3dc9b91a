import math

import numpy as np
import pytest

from signoff.perf.decisions.statistics import decide_cold_starts


def test_five_quick_starts_pass_and_four_are_too_few():
    assert decide_cold_starts([2.0, 2.1, 1.9, 2.05, 2.0], 120).outcome == "pass"
    assert decide_cold_starts([2.0, 2.1, 1.9, 2.05], 120).outcome == "inconclusive"
    assert decide_cold_starts([], 120).outcome == "inconclusive"


@pytest.mark.parametrize("starts", [[2.0, 120.0], [2.0] * 9 + [130.0], [None], [2.0] * 9 + [None]])
def test_one_start_that_failed_or_took_too_long_fails(starts):
    assert decide_cold_starts(starts, 120).outcome == "fail"


def test_starts_that_scatter_towards_the_limit_are_not_decided():
    assert decide_cold_starts([40.0, 90.0, 60.0, 110.0, 30.0], 120).outcome == "inconclusive"


@pytest.mark.parametrize(("count", "factor"), [(5, 3.41), (8, 2.58), (10, 2.36)])
def test_the_factor_is_that_of_the_tables(count, factor):
    starts = np.exp(np.linspace(0, 0.1, count))
    assert decide_cold_starts(list(starts), 120).detail["factor"] == pytest.approx(factor, abs=0.01)


def test_the_bound_covers_as_often_as_it_says():
    random = np.random.default_rng(1)
    true_p90 = math.exp(0.2 * 1.2815516)
    covered = sum(decide_cold_starts(list(np.exp(random.normal(0, 0.2, 6))), 1000).high >= true_p90 for _ in range(400))
    assert 0.91 <= covered / 400 <= 0.985


def test_starts_that_are_no_times_decide_nothing():
    assert decide_cold_starts([math.nan] * 6, 120).outcome == "inconclusive"
    assert decide_cold_starts([0.0] * 6, 120).outcome == "inconclusive"
