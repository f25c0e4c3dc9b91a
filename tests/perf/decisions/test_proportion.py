import math

import numpy as np
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.perf.decisions.statistics import decide_percentile, decide_rate, decide_score


@pytest.mark.parametrize(
    ("failures", "total", "outcome"),
    [
        (0, 298, "inconclusive"),
        (0, 299, "pass"),
        (1, 299, "inconclusive"),
        (30, 300, "fail"),
        (300, 300, "fail"),
        (0, 0, "inconclusive"),
    ],
)
def test_a_rate_below_one_percent_needs_299_clean_requests(failures, total, outcome):
    assert decide_rate(failures, total, 0.01, alpha=0.05).outcome == outcome


@pytest.mark.parametrize(("quantile", "least"), [(0.9, 29), (0.95, 59), (0.99, 299)])
def test_a_percentile_needs_as_many_clean_samples_as_the_binomial_says(quantile, least):
    assert decide_percentile([100.0] * least, 200, quantile, alpha=0.05).outcome == "pass"
    short = decide_percentile([100.0] * (least - 1), 200, quantile, alpha=0.05)
    assert short.outcome == "inconclusive"
    assert str(least) in short.reason


def test_exceedances_of_a_p99_are_counted_exactly():
    def spread(count, over):
        values = np.full(count, 100.0)
        values[np.linspace(0, count - 1, over).astype(int)] = 300.0
        return values

    assert decide_percentile(spread(1049, 5), 200, 0.99, alpha=0.05).outcome == "pass"
    assert decide_percentile(spread(1040, 5), 200, 0.99, alpha=0.05).outcome == "inconclusive"
    assert decide_percentile(spread(1000, 30), 200, 0.99, alpha=0.05).outcome == "fail"


def test_a_percentile_is_called_as_whoever_asks_calls_it():
    latencies = [1.0] * 1000
    assert decide_percentile(latencies, 2.0, 0.95).reason.startswith("p95 1 ms")
    named = decide_percentile(latencies, 2.0, 0.95, name="p95 of the latency").reason
    assert named.startswith("p95 of the latency 1 ms")
    assert named.endswith("p95 of the latency is below the limit")


def test_a_percentile_on_the_limit_passes_in_at_most_alpha_of_runs():
    random = np.random.default_rng(1)
    limit = math.exp(0.5 * 1.6448536)  # the p95 of the lognormal
    found = [decide_percentile(np.exp(0.5 * random.standard_normal(1000)), limit, 0.95, 0.05) for _ in range(300)]
    for outcome in ("pass", "fail"):
        count = sum(each.outcome == outcome for each in found)
        assert scipy.stats.binom.sf(count - 1, 300, 0.05) > 1e-3, outcome
    assert sum(each.low <= limit <= each.high for each in found) >= 300 * 0.85


def test_exceedances_in_clusters_are_worth_less_than_scattered_ones():
    values = np.full(2000, 100.0)
    values[::250] = 300.0
    scattered = decide_percentile(values, 200, 0.99, 0.05)
    values[:] = 100.0
    values[400:408] = 300.0
    clustered = decide_percentile(values, 200, 0.99, 0.05)
    assert scattered.outcome == "pass"
    assert clustered.outcome == "inconclusive"
    assert clustered.detail["share_over_limit_high"] > 2 * scattered.detail["share_over_limit_high"]


def test_failures_alone_and_no_samples_never_pass():
    assert decide_percentile([7500.0] * 1000, 1500, 0.99).outcome == "fail"
    assert decide_percentile([], 1500, 0.99).outcome == "inconclusive"
    assert decide_percentile([math.nan] * 1000, 1500, 0.99).outcome == "inconclusive"
    assert decide_score(0, 0, 0.7).outcome == "inconclusive"
    assert decide_score(0, 100, 0.7).outcome == "fail"


@given(st.integers(1, 400), st.data())
def test_a_further_failure_never_improves_a_verdict(total, data):
    failures = data.draw(st.integers(0, total - 1))
    rank = {"fail": 0, "inconclusive": 1, "pass": 2}
    limit = data.draw(st.floats(0.001, 0.9))
    assert rank[decide_rate(failures + 1, total, limit).outcome] <= rank[decide_rate(failures, total, limit).outcome]
    score, less = decide_score(total - failures, total, limit), decide_score(total - failures - 1, total, limit)
    assert rank[less.outcome] <= rank[score.outcome]
    assert score.low <= score.value <= score.high


def test_a_score_is_decided_by_whole_conversations():
    assert decide_score(40, 40, 0.7).outcome == "pass"
    assert decide_score(1, 1, 0.7).outcome == "inconclusive"
    assert decide_score(8, 10, 0.7).outcome == "inconclusive"
    assert decide_score(10, 40, 0.7).outcome == "fail"


def test_counts_and_limits_that_are_none_are_refused():
    with pytest.raises(ValueError, match="5 of 3"):
        decide_rate(5, 3, 0.01)
    with pytest.raises(ValueError, match="limit is nan"):
        decide_score(1, 3, math.nan)
    with pytest.raises(ValueError, match="quantile is 99"):
        decide_percentile([1.0], 1.0, 99)


@given(st.integers(0, 10**6), st.floats(0.0, 0.05), st.lists(st.integers(0, 999), min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_failure_in_place_of_any_success_never_makes_a_pass(seed, slow, which):
    random = np.random.default_rng(seed)
    before = np.where(random.random(1000) < slow, 300.0, 100.0)
    before[500 : 500 + seed % 40] = 300.0
    before[which[len(which) // 2 + 1 :]] = 1000.0
    after = before.copy()
    after[which] = 1000.0
    for quantile in (0.95, 0.99):
        if decide_percentile(after, 200, quantile, 0.05, 1000.0).outcome == "pass":
            assert decide_percentile(before, 200, quantile, 0.05, 1000.0).outcome == "pass"
    marks, fewer = after >= 1000, before >= 1000
    for limit in (0.01, 0.03):
        if decide_rate(int(marks.sum()), 1000, limit, 0.05, marks).outcome == "pass":
            assert decide_rate(int(fewer.sum()), 1000, limit, 0.05, fewer).outcome == "pass"


def test_failures_in_an_outage_are_worth_less_than_scattered_ones():
    marks = np.zeros(2000, dtype=bool)
    marks[::250] = True
    assert decide_rate(8, 2000, 0.01, 0.05, marks).outcome == "pass"
    outage = np.zeros(2000, dtype=bool)
    outage[400:408] = True
    assert decide_rate(8, 2000, 0.01, 0.05, outage).outcome == "inconclusive"
    with pytest.raises(ValueError, match="marked as failed"):
        decide_rate(7, 2000, 0.01, 0.05, outage)


def test_a_server_that_was_down_for_a_fifth_of_the_run_failed_in_it():
    down = [100 <= number < 220 for number in range(600)]
    assert decide_rate(120, 600, 0.01, 0.01, down).outcome == "fail"
