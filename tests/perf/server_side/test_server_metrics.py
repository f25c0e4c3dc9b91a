"""What metrics mean: names of several servers and releases, counters that begin again, and both sides compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.perf.client.exchange import Exchange
from signoff.perf.server_side import server_metrics
from signoff.perf.server_side.exposition import began_again, increase, reduced, samples
from signoff.perf.server_side.readings import server_side
from signoff.perf.server_side.scrape import Reading, Scraped

TWO_ENGINES = """
vllm:num_requests_running{model_name="m",engine="0"} 3
vllm:num_requests_running{model_name="m",engine="1"} 4
vllm:num_requests_waiting{model_name="m",engine="0"} 1
vllm:num_requests_waiting_by_reason{model_name="m",reason="capacity"} 9
vllm:NAME{model_name="m",engine="0"} 0.5
vllm:NAME{model_name="m",engine="1"} 0.75
vllm:request_success_total{finished_reason="stop",engine="0"} 5
vllm:request_success_total{finished_reason="length",engine="1"} 6
vllm:request_success_total{finished_reason="abort",engine="1"} 7
vllm:request_success_created{finished_reason="abort",engine="1"} 1.7e9
vllm:prompt_tokens_total{engine="0"} 100
vllm:prompt_tokens_total{engine="1"} 11
vllm:generation_tokens_total{engine="0"} 200
vllm:num_preemptions_total{engine="0"} 2
vllm:iteration_tokens_total_sum{engine="0"} 300
vllm:iteration_tokens_total_count{engine="0"} 60
vllm:iteration_tokens_total_bucket{engine="0",le="+Inf"} 60
"""
OWN = """
hermes_2_requests_total{endpoint="/v1/chat/completions",outcome="ok"} 8
hermes_2_requests_total{endpoint="/v1/completions",outcome="ok"} 2
hermes_2_requests_total{endpoint="/v1/chat/completions",outcome="cancelled"} 1
hermes_2_tokens_total{kind="prompt",outcome="ok"} 80
hermes_2_tokens_total{kind="prompt",outcome="cancelled"} 9
hermes_2_tokens_total{kind="generated",outcome="ok"} 160
vllm:request_success_total{finished_reason="stop"} 10
vllm:prompt_tokens_total{model_name="m"} 89
vllm:generation_tokens_total{model_name="m"} 163
"""
GATEWAY = """
gateway_requests_total{service="hermes-2",status="200"} 20
gateway_requests_total{service="hermes-2",status="502"} 1
gateway_outstanding_requests{service="hermes-2",replica="a"} 2
gateway_outstanding_requests{service="hermes-2",replica="b"} 1
gateway_queue_length{service="hermes-2"} 4
"""


def read(text):
    return samples(reduced(text.encode()))


@pytest.mark.parametrize("name", ["kv_cache_usage_perc", "gpu_cache_usage_perc"])
def test_vllm_tells_queue_cache_and_counts_over_all_engines(name):
    found = read(TWO_ENGINES.replace("NAME", name))
    assert (server_metrics.running(found), server_metrics.waiting(found)) == (7, 1)
    assert server_metrics.kv_cache(found) == 0.75
    assert server_metrics.ended_well(found).value == 11
    assert server_metrics.answered_tokens(found, "prompt").value == 111
    assert server_metrics.answered_tokens(found, "generated").value == 200
    assert server_metrics.preemptions(found) == 2
    assert server_metrics.tokens_per_step(found) == 5
    assert not server_metrics.is_idle(found)


def test_the_reference_tells_the_tokens_of_answered_requests_apart():
    found = read(OWN)
    assert server_metrics.ended_well(found).value == 10
    assert server_metrics.ended_well(found).metric == "hermes_2_requests_total"
    assert server_metrics.answered_tokens(found, "prompt").value == 80
    assert server_metrics.all_tokens(found, "prompt").value == 89
    assert server_metrics.requests(found)[1] == {"ok": 10, "cancelled": 1}


def test_the_gateway_tells_requests_and_queue_but_no_token():
    found = read(GATEWAY)
    assert server_metrics.ended_well(found).value == 20
    assert (server_metrics.running(found), server_metrics.waiting(found)) == (3, 4)
    assert server_metrics.answered_tokens(found, "prompt") is None
    assert server_metrics.kv_cache(found) is None


def test_what_nobody_looks_at_is_left_out_before_it_is_parsed():
    lines = reduced(TWO_ENGINES.encode()).splitlines()
    assert not [line for line in lines if "_bucket" in line or "_created" in line or "by_reason" in line]
    assert len(lines) == 12


KEY = ("x_total", ())


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(0, 1000))
def test_a_counter_grew_by_what_was_added_however_often_it_was_read(steps, before):
    readings, value = [{KEY: before}], before
    for step in steps:
        value += step
        readings.append({KEY: value})
    assert increase(readings).get(KEY) == sum(steps)
    assert increase([readings[0], readings[-1]]) == increase(readings)
    assert not began_again(readings[0], readings[-1])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=10), st.lists(st.integers(0, 50), min_size=1, max_size=10))
def test_a_counter_that_begins_again_loses_only_what_nobody_read(first, then):
    """Readings after each step; the restart comes right after a reading, so nothing is lost."""
    readings, value = [{KEY: 0}], 0
    for step in first:
        value += step
        readings.append({KEY: value})
    value = 0
    for step in then:
        value += step
        readings.append({KEY: value})
    grown = increase(readings)[KEY]
    hidden = then[0] >= sum(first)  # it has already counted past the old value: only the process's start tells
    assert grown == sum(then) if hidden else grown == sum(first) + sum(then)


def test_another_process_is_a_restart_though_no_counter_fell():
    start = ("process_start_time_seconds", ())
    assert began_again({KEY: 0, start: 100.0}, {KEY: 5, start: 200.0})
    assert not began_again({KEY: 0, start: 100.0}, {KEY: 5, start: 100.0})


def exchange(number, outcome="ok"):
    return Exchange(
        number, 0, 0, 0, 1, None, None, (), 2, 200, outcome, 7 + number, 3, "", "kernel", 0
    )  # fmt: skip


def scraped(*texts, settled=True):
    readings = tuple(Reading(at * 10**9, read(text)) for at, text in enumerate(texts))
    return Scraped("http://127.0.0.1:1/metrics", readings, "", 0, 1.0, 0.0, settled)


def counted(requests, prompt, generated):
    return (
        f'vllm:request_success_total{{finished_reason="stop"}} {requests}\nvllm:prompt_tokens_total {prompt}\n'
        f"vllm:generation_tokens_total {generated}\n"
    )


@given(st.integers(0, 3), st.integers(-5, 5), st.integers(-5, 5))
def test_both_sides_agree_only_where_every_count_is_equal(more_requests, more_prompt, more_generated):
    exchanges = [exchange(number) for number in range(10)]
    prompt = sum(each.prompt_tokens for each in exchanges)
    generated = sum(each.completion_tokens for each in exchanges)
    after = counted(110 + more_requests, 50 + prompt + more_prompt, 50 + generated + more_generated)
    side = server_side(scraped(counted(100, 50, 50), after), exchanges, started_ns=1)
    assert side.agrees is (not (more_requests or more_prompt or more_generated))
    assert [each.server - each.client for each in side.compared] == [more_requests, more_prompt, more_generated]
    assert bool(side.notes) is not side.agrees


def test_failures_here_are_the_first_reason_for_more_there():
    exchanges = [exchange(number) for number in range(10)]
    failed = [exchange(number, outcome="timeout") for number in (10, 11)]
    side = server_side(
        scraped(counted(0, 0, 0), counted(12, 9999, 9999), settled=False), [*exchanges, *failed], started_ns=1
    )
    assert side.notes[0].startswith("requests that failed here (2 timeout) may have ended well there")
    assert "not at rest" in side.notes[1]
