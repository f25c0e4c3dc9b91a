from dataclasses import replace

import pytest

from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import ClientHealth, ClientUse, Spread, judge_client

MS = 1_000_000
GOOD = Exchange(
    0, 0, 0, 0, 50 * MS, None, None, (), 100 * MS, 200, "ok", None, None, "", "kernel", 10_000
)  # fmt: skip


def use(**more):
    values = {"loop_lag_ns": (1000,) * 10, "kernel_reads": 100, "user_reads": 0, "clock_steps": 0, **more}
    return ClientUse(cpu_share=0.3, steal_share=None, **values)


def health(exchanges, **more):
    seen = {name: more.pop(name) for name in ("loop_lag_ns", "kernel_reads", "user_reads") if name in more}
    values = {"limit_ms": 1000.0, "figure": "p99", "uses": [use(**seen)], **more}
    return judge_client(exchanges, values.pop("planned", len(exchanges)), **values)


def late(by_ms):
    return replace(GOOD, sent_ns=by_ms * MS)


def test_a_client_that_was_late_by_less_than_two_percent_of_the_limit_is_innocent():
    assert health([late(19)] * 50).valid
    found = health([late(21)] * 50)
    assert not found.valid
    assert "the p99 by 21 ms of the limit of 1000 ms" in found.reason


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


def test_where_only_means_are_compared_a_few_late_sends_spoil_nothing():
    exchanges = [late(0)] * 98 + [replace(late(50), finished_ns=150 * MS)] * 2
    assert not health(exchanges, limit_ms=None).valid
    assert health(exchanges, limit_ms=None, figure="mean").valid
    found = health([late(3)] * 100, limit_ms=None, figure="mean")
    assert (found.valid, "the mean of the time to the end by 3 of 100 ms" in found.reason) == (False, True)


def test_where_each_limit_is_judged_apart_only_another_load_than_the_planned_one_is_invalid():
    found = health([late(99)] * 50, judged_apart=True, limit_ms=1.0)
    assert (found.valid, found.reason) == (True, "")
    found = health([late(101)] * 50, judged_apart=True)
    assert not found.valid
    assert "the load: requests left 101 ms late on average, 2.02% of 5 s" in found.reason
    assert not health([late(0)] * 3, planned=4, judged_apart=True).valid


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


def stream(first_ms, gaps_ms, send_lag_ms=0.0, stamps="kernel"):
    tokens = [first_ms * MS]
    for gap_ms in gaps_ms:
        tokens.append(tokens[-1] + gap_ms * MS)
    return replace(
        GOOD, sent_ns=round(send_lag_ms * MS), first_token_ns=tokens[0], token_ns=tuple(tokens),
        finished_ns=tokens[-1], stamps=stamps,
    )  # fmt: skip


def test_each_figure_is_held_against_itself_where_nothing_is_judged():
    found = health([stream(50, [100] * 9, 1.5)] * 100, limit_ms=None)
    assert not found.valid
    assert "the time to the first token by 1.5 of 50 ms (3.00%)" in found.reason
    assert health([stream(50, [100] * 9, 0.9)] * 100, limit_ms=None).valid


def test_a_few_late_sends_move_the_p99_and_not_the_median():
    run = [stream(50, [100] * 9)] * 97 + [stream(70, [100] * 9, 20)] * 3
    found = health(run, limit_ms=None)
    assert not found.valid
    assert "the p99 of the time to the first token by 20 of 70 ms" in found.reason


def test_pieces_that_share_a_stamp_may_have_come_apart_while_the_client_was_late():
    def lain(gaps_ms, lag_ms):
        return [replace(stream(50, gaps_ms), receive_lag_ns=lag_ms * MS)] * 100

    assert health(lain([10] * 9, 2), limit_ms=None).valid
    assert health(lain([0] + [10] * 9, 0), limit_ms=None).valid
    at_once = health(lain([0] + [10] * 9, 2), limit_ms=None)
    assert "the time to the first token by 2 of 50 ms" in at_once.reason
    later = health(lain([10, 10, 0, 10], 2), limit_ms=None)
    assert not later.valid
    assert "the time between tokens by 2 of 10 ms" in later.reason


def test_what_the_kernel_did_not_stamp_may_be_as_late_as_the_event_loop():
    busy = {"loop_lag_ns": (2 * MS,) * 100, "limit_ms": None, "kernel_reads": 0, "user_reads": 9}
    found = health([stream(50, [100] * 9, stamps="user")] * 100, **busy)
    assert (found.valid, found.stamps) == (False, "user")
    assert "by 2 of 50 ms" in found.reason


def test_the_uses_of_several_processes_are_one_client():
    uses = [use(), use(kernel_reads=0, user_reads=50)]
    found = health([GOOD] * 5, uses=uses)
    assert (found.kernel_reads, found.user_reads, found.stamps, found.cpu_share) == (100, 50, "user", 0.6)


def test_a_flaw_of_the_run_is_its_reason():
    found = health([GOOD] * 5, flaw="worker 2 of 4 was lost")
    assert (found.valid, found.reason) == (False, "worker 2 of 4 was lost")
