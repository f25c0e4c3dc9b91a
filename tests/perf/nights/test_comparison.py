"""Target and control in turns: the ratio is of pairs, and its interval holds what it says."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import ClientHealth
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.plan import LoadPlan
from signoff.perf.nights.comparison import compare
from signoff.perf.nights.interleaved import SIDES, Block, order

PLAN = LoadPlan("http://127.0.0.1:1/v1/completions", {"prompt": "x"}, 10, 1, timeout_s=5)
HEALTH = ClientHealth.from_record(
    {
        "record": "client", "valid": True, "reason": "", "stamps": "kernel", "send_lag_ms": None,
        "receive_lag_ms": None, "loop_lag_ms": None, "cpu_share": 0.1, "steal_share": None, "kernel_reads": 1,
        "user_reads": 0, "clock_steps": 0,
    }
)  # fmt: skip


def exchange(number: int, latency_ms: float, outcome: str = "ok") -> Exchange:
    due = number * 100_000_000
    end = due + round(latency_ms * 1e6)
    return Exchange(
        sequence=number, intended_ns=due, sent_ns=due, connect_ns=0, first_byte_ns=end, first_token_ns=end,
        last_token_ns=end, token_ns=(end,), finished_ns=end, status=200, outcome=outcome, prompt_tokens=1,
        completion_tokens=1, error="", stamps="kernel", receive_lag_ns=0,
    )  # fmt: skip


def block(pair: int, side: str, latencies_ms: list[float], outcome: str = "ok") -> Block:
    run = tuple(exchange(number, latency, outcome) for number, latency in enumerate(latencies_ms))
    return Block(pair, side, LoadRun(PLAN, 0, run, HEALTH))


def latency_of(blocks: list[Block]):
    return next(found for found in compare(blocks) if found.name == "latency")


def test_each_pair_holds_both_sides_and_the_one_that_begins_changes():
    turns = order(4)
    assert sorted(turns) == sorted((pair, side) for pair in range(4) for side in SIDES)
    firsts = [side for _, side in turns[::2]]
    assert all(one != other for one, other in pairwise(firsts))


@given(st.lists(st.tuples(st.floats(1, 900), st.floats(1, 900)), min_size=2, max_size=12), st.floats(0.5, 2))
def test_the_ratio_grows_with_the_target_and_turns_over_with_the_sides(pairs, factor):
    one = latency_of(
        [block(n, side, [ms]) for n, both in enumerate(pairs) for side, ms in zip(SIDES, both, strict=True)]
    )
    turned = latency_of(
        [block(n, side, [ms]) for n, both in enumerate(pairs) for side, ms in zip(SIDES, both[::-1], strict=True)]
    )
    slower = latency_of(
        [
            block(n, side, [ms * (factor if side == "target" else 1)])
            for n, both in enumerate(pairs)
            for side, ms in zip(SIDES, both, strict=True)
        ]
    )
    assert one.low <= one.ratio <= one.high
    assert turned.ratio == pytest.approx(1 / one.ratio, rel=1e-6)
    assert (turned.low, turned.high) == pytest.approx((1 / one.high, 1 / one.low), rel=1e-6)
    assert slower.ratio == pytest.approx(one.ratio * factor, rel=1e-5)


def test_the_interval_holds_the_truth_as_often_as_it_says_whatever_the_night_does_to_the_machine():
    chance = random.Random(7)
    held = 0
    for _ in range(1000):
        blocks = []
        for pair in range(8):
            machine = chance.lognormvariate(0, 0.3)
            blocks += [block(pair, "target", [110 * machine * chance.lognormvariate(0, 0.02)])]
            blocks += [block(pair, "control", [100 * machine * chance.lognormvariate(0, 0.02)])]
        found = latency_of(blocks)
        held += found.low <= 1.1 <= found.high
    assert 930 <= held <= 970


def test_failures_are_charged_at_the_time_out_so_that_dropping_requests_never_looks_fast():
    blocks = [block(pair, "control", [100.0] * 4) for pair in range(2)]
    blocks += [block(pair, "target", [1.0] * 4, "reset") for pair in range(2)]
    assert latency_of(blocks).target == 5000


def test_half_a_pair_is_left_out_and_one_pair_gives_no_interval():
    whole = [block(pair, side, [100.0]) for pair in range(2) for side in SIDES]
    assert latency_of([*whole, block(2, "target", [900.0])]).ratios == (1.0, 1.0)
    assert compare(whole[:2]) == []
