from dataclasses import replace

import pytest

from perf.exchange import Exchange
from perf.innocence import ClientHealth, Spread, Usage, judge_client

MS = 1_000_000
GOOD = Exchange(
    0, 0, 0, 0, 50 * MS, None, None, (), 100 * MS, 200, "ok", None, None, "", "kernel", 10_000
)  # fmt: skip


def health(exchanges, **more):
    values = {
        "limit_ms": 1000.0, "figure": "p99", "loop_lag_ns": [1000] * 10, "kernel_reads": 100, "user_reads": 0,
        "clock_steps": 0, "usage": Usage(), **more,
    }  # fmt: skip
    return judge_client(exchanges, values.pop("planned", len(exchanges)), **values)


def late(by_ms):
    return replace(GOOD, sent_ns=by_ms * MS)


def test_a_client_that_was_late_by_less_than_two_percent_of_the_limit_is_innocent():
    assert health([late(19)] * 50).valid
    found = health([late(21)] * 50)
    assert not found.valid
    assert "21 ms (p99)" in found.reason


def test_one_late_send_moves_the_p99_of_few_requests_but_hardly_the_mean():
    exchanges = [late(0)] * 98 + [late(300)] * 2
    assert not health(exchanges).valid
    assert health(exchanges, figure="mean").valid


def test_the_time_of_a_fresh_connection_is_the_servers():
    assert health([replace(GOOD, sent_ns=400 * MS, connect_ns=399 * MS)] * 10).valid


def test_without_kernel_stamps_the_lag_of_the_event_loop_counts():
    lag = {"loop_lag_ns": [30 * MS] * 100}
    assert health([GOOD] * 10, **lag).valid
    found = health([GOOD] * 10, kernel_reads=0, user_reads=100, **lag)
    assert (found.valid, found.stamps) == (False, "user")


def test_without_a_limit_the_figure_itself_is_the_scale():
    assert health([late(1)] * 10, limit_ms=None).valid
    assert not health([late(3)] * 10, limit_ms=None).valid


@pytest.mark.parametrize(
    ("exchanges", "planned", "says"),
    [
        ([], 0, "no request was sent"),
        ([GOOD], 3, "2 of 3 requests were never sent"),
        ([GOOD, replace(GOOD, outcome="interrupted")], 2, "interrupted"),
        ([GOOD, replace(GOOD, outcome="client_error", error="Too many open files")], 2, "Too many open files"),
    ],
)
def test_a_run_that_is_not_whole_is_invalid(exchanges, planned, says):
    found = health(exchanges, planned=planned)
    assert not found.valid
    assert says in found.reason


def test_health_reads_back_from_its_record():
    found = health([GOOD] * 5)
    assert ClientHealth.from_record(found.as_record()) == found
    assert found.send_lag_ms == Spread(0.0, 0.0, 0.0, 0.0)
