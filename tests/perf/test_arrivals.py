import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from perf.arrivals import constant, poisson


@given(st.floats(0.1, 2000), st.floats(0.5, 20))
def test_constant_arrivals_are_even_within_a_nanosecond_and_within_the_duration(rate, duration):
    offsets = np.array(constant(rate, duration))
    assert offsets[0] == 0
    assert offsets[-1] <= duration * 1e9
    assert abs(len(offsets) - max(1, rate * duration)) <= 1
    assert np.all(np.abs(offsets - np.arange(len(offsets)) * 1e9 / rate) <= 0.51)


def test_constant_arrivals_at_the_limits_of_floating_point_are_not_one_short():
    assert len(constant(0.1, 30)) == 3
    assert len(constant(1 / 3, 9)) == 3


def test_poisson_gaps_are_exponential_and_counts_vary_as_much_as_they_should():
    gaps = np.diff(poisson(200, 60, seed=11)) / 1e9
    assert kstest(gaps, "expon", args=(0, 1 / 200)).pvalue > 1e-4
    counts = np.array([len(poisson(20, 10, seed)) for seed in range(400)])
    assert 0.75 < counts.var(ddof=1) / counts.mean() < 1.3
    assert abs(counts.mean() - 200) < 5 * math.sqrt(200 / 400)


def test_poisson_arrivals_are_absolute_growing_and_repeatable():
    offsets = poisson(50, 10, seed=3)
    assert list(offsets) == sorted(offsets)
    assert offsets == poisson(50, 10, seed=3) != poisson(50, 10, seed=4)
    assert offsets[-1] < 10e9


@pytest.mark.parametrize("schedule", [constant, lambda rate, duration: poisson(rate, duration, 1)])
@pytest.mark.parametrize(
    ("rate", "duration", "says"),
    [
        (0, 10, "rate of 0"),
        (-1, 10, "rate of -1"),
        (10, 0, "duration of 0"),
        (10, -5, "duration of -5"),
        (math.nan, 10, "rate of nan"),
        (10, math.inf, "duration of inf"),
        (1e6, 1e6, "requests, more than"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_with_the_figure(schedule, rate, duration, says):
    with pytest.raises(ValueError, match=says):
        schedule(rate, duration)


def test_a_poisson_run_without_an_arrival_is_refused():
    with pytest.raises(ValueError, match="no arrival"):
        poisson(0.001, 0.001, seed=1)
