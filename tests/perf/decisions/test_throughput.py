import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.perf.decisions.statistics import decide_throughput

FINE = {"latency": "pass", "errors": "pass"}


def queue(offered, capacity, duration=60.0, seed=1):
    """Arrivals and completions of one server that takes requests in turn."""
    random = np.random.default_rng(seed)
    arrivals = np.arange(int(offered * duration)) / offered
    free, ends = 0.0, []
    for arrival, work in zip(arrivals, random.gamma(20, 1 / capacity / 20, len(arrivals)), strict=True):
        free = max(free, arrival) + work
        ends.append(free)
    return arrivals, np.array(ends)


def decide(arrivals, ends, conditions=FINE, completions=None):
    completions = ends if completions is None else completions
    return decide_throughput(completions, arrivals, limit_per_second=20, duration_s=60, conditions=conditions)


def test_a_server_with_room_above_the_limit_passes():
    for seed in range(20):
        found = decide(*queue(25, 40, seed=seed))
        assert found.outcome == "pass", found.reason
        assert found.low > 20


def test_a_server_below_the_limit_fails():
    for seed in range(20):
        assert decide(*queue(25, 17, seed=seed)).outcome == "fail"


def test_a_server_that_only_piles_up_work_does_not_pass():
    found = decide(*queue(25, 22.5))
    assert found.outcome == "inconclusive"
    assert "backlog" in found.reason


def test_a_rate_beside_a_failed_or_undecided_condition_does_not_pass():
    arrivals, ends = queue(25, 40)
    failed = decide(arrivals, ends, {"latency": "fail", "errors": "pass"})
    assert (failed.outcome, "latency" in failed.reason) == ("fail", True)
    assert decide(arrivals, ends, {"latency": "inconclusive"}).outcome == "inconclusive"


def test_refusing_requests_does_not_count_as_throughput():
    arrivals, ends = queue(25, 40)
    half = decide(arrivals, ends, completions=ends[::2])
    assert half.outcome == "fail"
    assert decide(arrivals, ends, completions=[]).outcome == "fail"


def test_an_offer_that_is_no_higher_than_the_limit_shows_nothing():
    found = decide(*queue(20, 40))
    assert found.outcome == "inconclusive"
    assert "offer more" in found.reason


def test_nothing_offered_or_too_short_a_run_decides_nothing():
    assert decide([], []).outcome == "inconclusive"
    arrivals, ends = queue(25, 40, duration=20)
    found = decide_throughput(ends, arrivals, limit_per_second=20, duration_s=20)
    assert found.outcome == "inconclusive"
    assert "windows" in found.reason
    assert decide(arrivals, [float("nan")]).outcome == "inconclusive"
    with pytest.raises(ValueError, match="above zero"):
        decide_throughput(ends, arrivals, limit_per_second=0, duration_s=20)


@given(st.integers(0, 50), st.floats(21, 40), st.lists(st.integers(0, 1499), min_size=1, max_size=30, unique=True))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_failure_in_place_of_any_completion_never_makes_a_pass(seed, capacity, which):
    arrivals, ends = queue(25, capacity, seed=seed)
    before = np.delete(ends, which[len(which) // 2 + 1 :])
    if decide(arrivals, ends, completions=np.delete(ends, which)).outcome == "pass":
        assert decide(arrivals, ends, completions=before).outcome == "pass"


def test_refusing_at_once_does_not_keep_the_backlog_down():
    arrivals, ends = queue(25, 40)
    found = decide(arrivals, ends, completions=np.delete(ends, np.arange(0, len(ends), 20)))
    assert found.detail["backlog_growth_per_second"] > 1
    assert found.outcome == "inconclusive"
