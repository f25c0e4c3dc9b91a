"""The rig itself: what it serves, what it keeps, and how tools are compared with it. Nothing here asks how fast."""

from __future__ import annotations

import asyncio
import ssl
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.perf.client.client import Client
from signoff.perf.client.exchange import Exchange
from signoff.perf.processes.process_tree import Sample
from tests.bench.engine_peers import witnessing
from tests.bench.measured import Machine, Measured, Unmeasured, compare
from tests.bench.pace import DRAWN, KINDS, Pace
from tests.bench.peers import Row, as_markdown, goals, rows
from tests.bench.tools import Figures, Load
from tests.bench.truth import Served, Truth, quantiles, serving


def ask(url: str, count: int, ca_file: str | None = None) -> list[Exchange]:
    async def all_of_them() -> list[Exchange]:
        async with Client(url, ca_file=ca_file, timeout_s=30, keep_text=True) as client:
            bodies = ({"messages": [{"role": "user", "content": f"[{n:012x}] hi"}]} for n in range(count))
            return await asyncio.gather(*(client.post(body, stream=True) for body in bodies))

    return asyncio.run(all_of_them())


def port_of(server: Served) -> int:
    return int(server.base.rpartition(":")[2])


@settings(max_examples=10)
@given(st.sampled_from(KINDS), st.integers(1, 30), st.integers(0, 5))
def test_schedules_rise_and_are_the_same_for_the_same_seed(kind, tokens, seed):
    pace = Pace(kind=kind, tokens=tokens, seed=seed)
    schedules = pace.schedules()
    assert schedules == Pace(kind=kind, tokens=tokens, seed=seed).schedules()
    assert len(schedules) == DRAWN
    assert all(len(each) == tokens and all(a <= b for a, b in pairwise(each)) for each in schedules[:50])


def test_a_stall_is_in_so_many_streams_as_was_asked_and_in_one_gap_of_each():
    schedules = np.array(Pace(stall_ms=500, stall_share=0.01).schedules())
    longest = np.diff(schedules, axis=1).max(axis=1)
    assert (longest > 400_000_000).sum() == round(0.01 * DRAWN)
    assert (np.diff(schedules, axis=1) > 400_000_000).sum() == round(0.01 * DRAWN)


@pytest.mark.parametrize("wrong", [{"kind": "none"}, {"tokens": 0}, {"gap_ms": -1}, {"stall_share": 2}, {"what": 1}])
def test_a_pace_that_cannot_be_served_is_refused(wrong):
    with pytest.raises(ValueError, match=r"kind|tokens|below zero|no part"):
        Pace.from_record(wrong)


def test_what_was_served_is_known_by_request_and_lies_before_what_the_client_saw():
    with serving(Pace(ttft_ms=5, gap_ms=1, tokens=4)) as server:
        exchanges = ask(server.url, 40)
        truth = server.truth()
    assert truth.ids == tuple(sorted(truth.ids)) == tuple(f"{n:012x}" for n in range(40))
    assert truth.whole.all()
    assert (truth.before <= truth.after).all()
    assert (np.diff(truth.before, axis=1) >= 0).all()
    assert (truth.arrived < truth.before[:, 0]).all()
    for known, exchange in zip(truth.before - truth.monotonic_to_wall_ns, exchanges, strict=True):
        assert exchange.outcome == "ok"
        assert exchange.text == " word" * 4
        assert len(exchange.token_ns) == 4
        assert all(saw >= wrote - 1_000_000 for saw, wrote in zip(exchange.token_ns, known, strict=True))


def test_the_truth_is_kept_over_tls_as_well(certificate):
    with serving(Pace(ttft_ms=1, gap_ms=1, tokens=3), str(certificate)) as server:
        exchanges = ask(server.url, 5, str(certificate))
        context = ssl.create_default_context(cafile=str(certificate))
        assert server.truth(context).whole.all()
    assert [each.outcome for each in exchanges] == ["ok"] * 5


def test_a_server_that_stands_still_answers_later():
    with serving(Pace(ttft_ms=200, gap_ms=1, tokens=2, freeze_at_s=0.0, freeze_s=0.5)) as server:
        (exchange,) = ask(server.url, 1)
        truth = server.truth()
    assert exchange.ok
    assert truth.ttft_ms()[0] >= 400


def table(error: float, **sustained: bool) -> list[Row]:
    errors = {"Signoff": error, "AIPerf": 5.0, "GuideLLM": 30.0}
    return [
        Row(name, 100, 100, sustained.get(name, True), {"ttft_p99": each}, {"ttft_p99": 50}, 0.02, 90, 0, 0, 1)
        for name, each in errors.items()
    ]


@pytest.mark.parametrize(
    ("error", "sustained", "met"),
    [
        (0.49, {}, [True]),
        (0.51, {}, [False]),
        (2.9, {"AIPerf": False}, [True]),
        (9.0, {"AIPerf": False, "GuideLLM": False}, []),
    ],
)
def test_the_goal_is_a_tenth_of_the_better_peer_that_sustains_the_rate(error, sustained, met):
    assert [each["met"] for each in goals(table(error, **sustained))] == met


def test_figures_are_compared_with_the_truth_by_their_own_definition():
    count, tokens = 100, 3
    arrived = np.arange(count, dtype=np.int64) * 10_000_000 + 10**18
    gaps = np.tile(np.array([50, 1, 9], dtype=np.int64) * 1_000_000, (count, 1))
    before = arrived[:, None] + np.cumsum(gaps, axis=1)
    truth = Truth(tuple("" for _ in range(count)), arrived, before, before + 1000, 10**18 - 10**9, 0.5)
    samples = [Sample(10**9 - 10**8, 2**20, 1.0, 1), Sample(10**9 + 2 * 10**9, 2**21, 22.0, 1)]

    def one(gaps: str) -> Measured:
        figures = Figures(count, {"p50": 51.0, "p99": 60.0}, {"p50": 5.0, "p99": 5.0}, gaps)  # type: ignore[arg-type]
        return compare("AIPerf", Load("", 100, 1, tokens, None), figures, truth, samples, Machine(3, 30))  # type: ignore[arg-type]

    by_stream, by_gap = one("mean of a stream"), one("each gap")
    assert by_stream.error_ms("ttft", "p99") == pytest.approx(10)
    assert by_stream.error_ms("itl", "p99") == pytest.approx(0)
    assert by_gap.error_ms("itl", "p99") == pytest.approx(4)
    assert by_stream.sustained
    assert by_stream.cpu_cores == pytest.approx(10)
    text = as_markdown(rows([by_stream]), ["x above 5/s"], {"pace_text": "p", "rounds": 1, "duration_s": 1,
                       "machine_text": "m", "busy_text": "b", "versions": {"AIPerf": "1"}})  # fmt: skip
    assert "| 100 | AIPerf | 100 |" in text
    assert "Left out: x above 5/s." in text


def test_a_quantile_is_a_value_that_came():
    assert quantiles([1.0, 2.0, 3.0, 100.0]) == {"p50": 2.0, "p99": 100.0}


def test_a_witness_sees_each_stream_between_what_the_server_wrote_and_what_the_client_received():
    with (
        serving(Pace(ttft_ms=5, gap_ms=1, tokens=4)) as server,
        witnessing(int(server.base.rpartition(":")[2])) as seen,
    ):
        exchanges = ask(f"{seen.base}/v1/chat/completions", 30)
        truth = server.truth()
        witnessed = seen.truth()
    assert witnessed.events == 30 * 4
    assert [each.text for each in exchanges] == [" word" * 4] * 30
    wall = witnessed.monotonic_to_wall_ns
    sent = sorted(each.sent_ns + wall for each in exchanges)
    received = sorted(each.last_token_ns + wall for each in exchanges)
    assert all(a <= b + 1e6 for a, b in zip(sent, sorted(witnessed.arrived), strict=True))
    assert all(a <= b for a, b in zip(sorted(truth.before[:, -1]), sorted(witnessed.before[:, 1]), strict=True))
    assert all(a <= b + 1e6 for a, b in zip(sorted(witnessed.before[:, 1]), received, strict=True))
    assert (witnessed.ttft_ms() >= 4).all()


def test_a_witness_of_nothing_says_so():
    with serving(Pace()) as server, witnessing(port_of(server)) as seen, pytest.raises(Unmeasured):
        seen.truth()
