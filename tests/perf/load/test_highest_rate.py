import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.load.highest_rate import MOST_LOOKS, Limit, Step, find_highest


def step(rate, outcome, **more):
    return Step(rate, outcome, "", rate, 600, 30.0, {}, **more)


@given(st.floats(0.5, 500), st.floats(0.2, 50))
def test_the_search_brackets_the_capacity_within_its_resolution(capacity, start):
    found = find_highest(lambda rate, _: step(rate, "pass" if rate <= capacity else "fail"), start, resolution=0.1)
    if found.ended_by == "resolution":
        assert found.highest <= capacity < found.next_above <= found.highest * 1.1 + 1e-9
        assert found.next_outcome == "fail"
    else:
        assert found.ended_by == ("least_rate" if found.highest is None else "looks")
    assert len(found.steps) <= MOST_LOOKS


def test_an_undecided_rate_is_looked_at_once_more_for_longer_and_then_not_counted_as_met():
    lengths = []

    def measure(rate, length):
        lengths.append(length)
        return step(rate, "pass" if rate <= 10 else "inconclusive")

    found = find_highest(measure, 10, resolution=0.5)
    assert found.highest == 10
    assert found.next_outcome == "inconclusive"
    assert lengths[:3] == [1, 1, 2]


def test_a_client_at_fault_twice_ends_the_search_and_once_does_not():
    faults = iter([False, True, False, True, True])
    found = find_highest(lambda rate, _: step(rate, "pass", invalid="late" if next(faults) else ""), 10)
    assert (found.ended_by, found.highest) == ("client", 20)
    assert [each.rate_per_second for each in found.steps] == [10, 20, 20, 40, 40]


def test_an_interrupt_and_the_highest_rate_to_try_end_the_search():
    found = find_highest(lambda rate, _: step(rate, "pass", interrupted=rate > 20), 10)
    assert (found.ended_by, found.highest) == ("interrupted", 20)
    found = find_highest(lambda rate, _: step(rate, "pass"), 10, most_per_second=35)
    assert (found.ended_by, found.highest) == ("most_rate", 35)


@pytest.mark.parametrize(
    ("limit", "least", "most"),
    [
        (Limit("ttft", "p99", 5), 500, 650),
        (Limit("e2e", "mean", 5), 500, 500),
        (Limit("error_rate", "", 0.05), 100, 130),
    ],
)
def test_a_limit_says_how_many_requests_it_takes(limit, least, most):
    assert least <= limit.samples_needed() <= most
