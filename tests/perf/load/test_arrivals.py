import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.load.arrivals import constant, poisson, ramp, steps


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
    assert scipy.stats.kstest(gaps, "expon", args=(0, 1 / 200)).pvalue > 1e-4
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


@given(st.floats(0, 300), st.floats(0.5, 300), st.floats(1, 30))
def test_a_ramp_reaches_each_request_when_the_area_below_the_rate_does(start, end, duration):
    offsets = np.array(ramp(start, end, duration)) / 1e9
    assert offsets[0] == 0
    assert np.all(np.diff(offsets) >= 0)
    assert offsets[-1] <= duration + 1e-6
    area = start * offsets + (end - start) * offsets**2 / (2 * duration)
    assert np.allclose(area, np.arange(len(offsets)), atol=1e-4)
    assert abs(len(offsets) - max(1, (start + end) / 2 * duration)) <= 1


def test_steps_are_constant_rates_one_after_the_other():
    offsets = np.array(steps((10, 20, 5), 30)) / 1e9
    assert [int(((offsets >= at) & (offsets < at + 10)).sum()) for at in (0, 10, 20)] == [100, 200, 50]
    assert np.allclose(np.diff(offsets[offsets < 9.99]), 0.1)


@pytest.mark.parametrize(
    "schedule", [lambda: ramp(-1, 5, 10), lambda: ramp(0, 0, 10), lambda: steps((), 10), lambda: steps((5, 0), 10)]
)
def test_a_ramp_or_step_that_cannot_be_is_refused(schedule):
    with pytest.raises(ValueError, match=r"ramp from -1|rate of 0|without a rate"):
        schedule()


def test_poisson_schedules_pass_kolmogorov_smirnov_and_dispersion_in_nearly_every_seed():
    """Of 300 schedules about 1 % fail a test at 1 % by chance; more than 4 % would by one chance in a million."""
    ks = dispersion = 0
    for seed in range(300):
        times = np.array(poisson(50, 40, seed)) / 1e9
        ks += scipy.stats.kstest(np.diff(times), "expon", args=(0, 1 / 50)).pvalue < 0.01
        counts = np.histogram(times, bins=40, range=(0, 40))[0]
        statistic = ((counts - counts.mean()) ** 2).sum() / counts.mean()
        dispersion += not 0.005 < scipy.stats.chi2.cdf(statistic, 39) < 0.995
    assert ks <= 12
    assert dispersion <= 12
