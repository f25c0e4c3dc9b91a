"""Limits on times, decided on recorded exchanges: the client's part is held against each limit alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.perf.client.exchange import Exchange
from signoff.perf.decisions.statistics import decide_mean, decide_percentile
from signoff.perf.load.client_part import TimeKind, bounded_times
from signoff.perf.load.client_validity import ClientHealth, Spread
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.plan import LoadPlan
from signoff.perf.load.time_limit import BY_CLIENT, TimeLimit, looks

MS = 1_000_000
ALPHA = 0.05
PLAN = LoadPlan("http://127.0.0.1:9/", {"prompt": "x"}, 50, 12, 60, stream=True, judged_apart=True)
LAG = Spread(0.0, 0.0, 0.0, 0.0)
HEALTH = ClientHealth(True, "", "kernel", LAG, LAG, LAG, 0.1, None, 1, 0, 0)


def exchange(number: int, took_ms: float, late_ms: float = 0.0, outcome: str = "ok") -> Exchange:
    """A request that the client sent late, and a server that took so long from then on, for three tokens."""
    due, sent = number * 20 * MS, number * 20 * MS + round(late_ms * MS)
    pieces = tuple(sent + round(took_ms * MS * share) for share in (0.5, 0.6, 0.9))
    return Exchange(
        number, due, sent, 0, pieces[0], pieces[0], pieces[-1], pieces, sent + round(took_ms * MS), 200, outcome,
        3, 3, "", "kernel", 0,
    )  # fmt: skip


def run_of(took_ms: list[float], late_ms: float = 0.0, health: ClientHealth = HEALTH) -> LoadRun:
    return LoadRun(PLAN, 0, tuple(exchange(number, took, late_ms) for number, took in enumerate(took_ms)), health)


def spread(ms: float, count: int = 600) -> list[float]:
    """Times of this mean, a tenth up and down."""
    return [ms * (0.9 + 0.2 * (number % 7) / 6) for number in range(count)]


QUANTILES = [None, 0.5, 0.95]
KINDS: list[TimeKind] = ["latency", "ttft", "inter_token_latency"]


@pytest.mark.parametrize("quantile", QUANTILES)
@pytest.mark.parametrize("kind", ["latency", "ttft"])
def test_a_tiny_limit_that_only_the_client_exceeds_is_undecided_and_a_loose_one_of_the_same_run_passes(kind, quantile):
    late = run_of(spread(0.8), late_ms=0.6)
    tiny = TimeLimit(kind, 1.0 if kind == "latency" else 0.7, quantile)
    found = tiny.decide(late, ALPHA)
    assert (found.outcome, found.detail[BY_CLIENT], found.detail["withdrawn"]) == ("inconclusive", True, "fail")
    assert f"0.6 ms, {0.6 / tiny.limit_ms:.2%} of the limit of {tiny.limit_ms:g} ms" in found.reason
    loose = TimeLimit(kind, 2000.0, quantile)
    found = loose.decide(late, ALPHA)
    assert (found.outcome, BY_CLIENT in found.detail) == ("pass", False)
    assert loose.basis(found).endswith("the client may have moved it by 0.6 ms, 0.03% of the limit of 2000 ms")


@pytest.mark.parametrize("quantile", QUANTILES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_tiny_limit_that_the_server_exceeds_by_itself_fails_however_late_the_client_was(kind, quantile):
    for late_ms in (0.0, 0.6, 50.0):
        assert TimeLimit(kind, 1.0, quantile).decide(run_of(spread(250), late_ms), ALPHA).outcome == "fail"


@pytest.mark.parametrize("quantile", QUANTILES)
def test_times_below_the_limit_with_all_the_lateness_in_them_pass(quantile):
    found = TimeLimit("latency", 1.0, quantile).decide(run_of(spread(0.5), late_ms=0.2), ALPHA)
    assert (found.outcome, found.detail["client_moved_ms"]) == ("pass", 0.2)


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(
        st.sampled_from([40.0, 80.0, 95.0, 99.0, 101.0, 105.0, 130.0, 300.0, 900.0]), min_size=1, max_size=9
    ),
    late_ms=st.sampled_from([0.0, 0.1, 2.0, 20.0, 400.0]),
    kind=st.sampled_from(KINDS),
    quantile=st.sampled_from(QUANTILES),
)
def test_no_lateness_of_the_client_makes_a_fail_that_the_server_has_not_earned(times, late_ms, kind, quantile):
    took_ms = [times[number % len(times)] for number in range(510)]
    limit = TimeLimit(kind, {"latency": 100.0, "ttft": 50.0, "inter_token_latency": 20.0}[kind], quantile)
    on_time, late = (limit.decide(run_of(took_ms, each), ALPHA) for each in (0.0, late_ms))
    assert late.outcome != "fail" or on_time.outcome == "fail"
    if kind == "inter_token_latency":
        assert late.outcome == on_time.outcome


@settings(max_examples=60, deadline=None)
@given(
    took_ms=st.lists(st.floats(0.01, 1000.0), min_size=1, max_size=40),
    late_ms=st.floats(0.0, 500.0),
    lag_ms=st.floats(0.0, 20.0),
    stamps=st.sampled_from(["kernel", "user"]),
    kind=st.sampled_from(KINDS),
    quantile=st.sampled_from(QUANTILES),
)
def test_the_bounds_hold_the_time_of_a_client_that_is_never_late(took_ms, late_ms, lag_ms, stamps, kind, quantile):
    """Whatever the part of the client, the server's own time is within the bounds, and so is what was measured."""
    health = replace(HEALTH, stamps=stamps, loop_lag_ms=Spread(lag_ms, lag_ms, lag_ms, lag_ms))

    def times(late):
        run = run_of(took_ms, late, health)
        return bounded_times(
            replace(run, exchanges=tuple(replace(each, stamps=stamps) for each in run.exchanges)), kind, quantile, 5000
        )

    found, true = times(late_ms), times(0.0).measured_ms
    assert (found.least_ms <= true + 1e-5).all()
    assert (true <= found.most_ms + 1e-5).all()
    assert (found.least_ms >= 0).all()
    assert (found.least_ms <= found.measured_ms).all()
    assert (found.measured_ms <= found.most_ms).all()
    assert found.moved_ms(quantile) >= 0


@settings(max_examples=40, deadline=None)
@given(
    ms=st.sampled_from([20.0, 90.0, 110.0, 400.0]),
    failed_each=st.sampled_from([0, 3, 40]),
    quantile=st.sampled_from([None, 0.95]),
    timeout_s=st.sampled_from([60.0, 600.0]),
)
def test_a_failure_is_charged_by_the_limit_alone_and_the_time_out_changes_nothing(ms, failed_each, quantile, timeout_s):
    exchanges = tuple(
        exchange(number, took, outcome="reset" if failed_each and number % failed_each == 0 else "ok")
        for number, took in enumerate(spread(ms))
    )
    run = LoadRun(replace(PLAN, timeout_s=timeout_s), 0, exchanges, HEALTH)
    limit = TimeLimit("latency", 100.0, quantile)
    charged = [each.latency_ms if each.ok else 500.0 for each in exchanges]
    expected = (
        decide_mean(charged, 100.0, 500.0, ALPHA, looks(run))
        if quantile is None
        else decide_percentile(charged, 100.0, quantile, ALPHA, 500.0)
    )
    found = limit.decide(run, ALPHA)
    assert (found.outcome, found.value, found.low, found.high) == (
        expected.outcome, expected.value, expected.low, expected.high,
    )  # fmt: skip


def test_a_time_out_is_a_time_beyond_the_limit():
    exchanges = tuple(
        replace(each, outcome="timeout", finished_ns=each.intended_ns + 60_000 * MS) if each.sequence % 2 else each
        for each in run_of(spread(50)).exchanges
    )
    run = LoadRun(PLAN, 0, exchanges, HEALTH)
    assert TimeLimit("latency", 100.0).decide(run, ALPHA).outcome == "fail"
    assert TimeLimit("latency", 100.0, 0.95).decide(run, ALPHA).outcome == "fail"
    assert TimeLimit("latency", 100.0, 0.25).decide(run, ALPHA).outcome == "pass"


def test_answers_beyond_five_limits_are_shown_with_their_whole_times_and_never_pass_a_mean_that_they_exceed():
    found = TimeLimit("latency", 1.0).decide(run_of(spread(250)), ALPHA)
    assert (found.outcome, round(found.value), found.high) == ("fail", 250, None)
    assert found.reason == "mean 249.9 ms, at least 5 ms: above 1 ms"
    some = [40_000.0 if number % 25 == 13 else 20.0 for number in range(600)]
    found = TimeLimit("latency", 1000.0).decide(run_of(some), ALPHA)
    assert (found.outcome, round(found.value)) == ("inconclusive", 1619)
    assert "but the mean of its whole times is 1619 ms" in found.reason
    timed_out = LoadRun(PLAN, 0, tuple(
        replace(each, outcome="timeout") if each.latency_ms > 1000 else each for each in run_of(some).exchanges
    ), HEALTH)  # fmt: skip
    assert TimeLimit("latency", 1000.0).decide(timed_out, ALPHA).outcome == "inconclusive"
    few = [6000.0 if number % 100 == 13 else 20.0 for number in range(600)]
    found = TimeLimit("latency", 1000.0).decide(run_of(few), ALPHA)
    assert found.outcome == "pass"
    said = "6 took longer than 5000 ms and count as that: the mean of the whole times is 79.8 ms"
    assert said in TimeLimit("latency", 1000.0).basis(found)


@pytest.mark.parametrize("quantile", QUANTILES)
def test_a_late_stamp_of_the_first_token_may_have_shortened_the_time_between_tokens(quantile):
    """The first two tokens share a stamp, and bytes lay unread for longer than the gap is short of the limit."""

    def merged(late_ms: float) -> LoadRun:
        exchanges = [
            replace(each, token_ns=(each.token_ns[1], *each.token_ns[1:]), first_token_ns=each.token_ns[1],
                    receive_lag_ns=round(late_ms * MS))
            for each in run_of(spread(100)).exchanges
        ]  # fmt: skip
        return LoadRun(PLAN, 0, tuple(exchanges), HEALTH)

    limit = TimeLimit("inter_token_latency", 18.0, quantile)
    assert limit.decide(merged(0.1), ALPHA).outcome == "pass"
    found = limit.decide(merged(10.0), ALPHA)
    assert (found.outcome, found.detail["withdrawn"], found.detail[BY_CLIENT]) == ("inconclusive", "pass", True)


def test_of_another_tool_nothing_is_said_about_its_lateness():
    unknown = replace(HEALTH, stamps="user", send_lag_ms=None, receive_lag_ms=None, loop_lag_ms=None)
    limit = TimeLimit("latency", 100.0)
    found = limit.decide(run_of(spread(50), health=unknown), ALPHA)
    assert (found.outcome, "client" in limit.basis(found)) == ("pass", False)


def test_a_limit_at_or_above_the_time_out_is_undecided():
    found = TimeLimit("latency", 60_000.0).decide(run_of(spread(50)), ALPHA)
    assert (found.outcome, "given up after 60000 ms" in found.reason) == ("inconclusive", True)


@pytest.mark.parametrize("quantile", QUANTILES)
def test_answers_without_tokens_show_nothing_between_them(quantile):
    whole = [
        replace(each, first_token_ns=None, last_token_ns=None, token_ns=()) for each in run_of(spread(50)).exchanges
    ]
    for exchanges in (tuple(whole), ()):
        found = TimeLimit("inter_token_latency", 100.0, quantile).decide(LoadRun(PLAN, 0, exchanges, HEALTH), ALPHA)
        assert (found.outcome, found.samples) == ("inconclusive", 0)
    assert TimeLimit("ttft", 100.0, quantile).decide(LoadRun(PLAN, 0, whole, HEALTH), ALPHA).outcome == "pass"
