"""What every shape of failure does to a verdict, from the wire to the decision."""

import dataclasses
import socket

import numpy as np
import pytest

from signoff.perf.client.client import send
from signoff.perf.client.exchange import latencies_ms, outcomes
from signoff.perf.decisions.statistics import decide_mean, decide_percentile, decide_rate, decide_throughput

SHAPES = {
    "refused": (None, False, "refused"),
    "reset before the head": ("/reset", False, "reset"),
    "reset in the body": ("/reset_midway", False, "reset"),
    "no answer in time": ("/silence", False, "timeout"),
    "500": ("/http_500", False, "http_500"),
    "503 with Retry-After": ("/http_503", False, "http_503"),
    "429": ("/http_429", False, "http_429"),
    "truncated stream": ("/truncated_stream", True, "truncated"),
    "error event in the stream": ("/in_band_error", True, "stream_error"),
    "empty 200": ("/empty", False, "empty"),
    "HTML with 200": ("/html", False, "malformed"),
    "redirect": ("/redirect", False, "redirect"),
    "JSON that is none": ("/not_json", False, "malformed"),
    "a stream that never ends": ("/stall", True, "timeout"),
}
TIMEOUT_MS, LIMIT_MS, COUNT, RATE = 1000.0, 200.0, 800, 20.0


@pytest.fixture(scope="module")
def failures(server):
    """One real failure of each shape."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        return {
            name: send(
                server.url(path) if path else nobody,
                {"prompt": name},
                stream=stream,
                timeout_s=0.4 if outcome == "timeout" else 60.0,
            )
            for name, (path, stream, outcome) in SHAPES.items()
        }


@pytest.fixture(scope="module")
def successes(server):
    """A good run: one real answer, many times, at a steady rate and with latencies well below the limit."""
    good = send(server.url("/whole"), {"prompt": "hello"})
    took_ns = 100e6 * np.random.default_rng(1).lognormal(0, 0.2, COUNT)
    return [
        dataclasses.replace(
            good,
            sequence=number,
            intended_ns=round(number / RATE * 1e9),
            finished_ns=round(number / RATE * 1e9 + took),
        )
        for number, took in enumerate(took_ns)
    ]


def verdicts(exchanges):
    """What a run of these is judged as, under limits that the good run meets."""
    times_ms = latencies_ms(exchanges, TIMEOUT_MS)
    failed = [not each.ok for each in exchanges]
    completions = [each.finished_ns / 1e9 for each in exchanges if each.ok]
    due = [each.intended_ns / 1e9 for each in exchanges]
    return {
        "mean": decide_mean(times_ms, LIMIT_MS, TIMEOUT_MS, 0.05, (500, COUNT)).outcome,
        "percentile": decide_percentile(times_ms, LIMIT_MS, 0.95, 0.05, TIMEOUT_MS).outcome,
        "rate": decide_rate(sum(failed), COUNT, 0.02, 0.05, failed).outcome,
        "throughput": decide_throughput(
            completions, due, limit_per_second=10, duration_s=COUNT / RATE, alpha=0.05
        ).outcome,
    }


def test_each_shape_is_counted_by_its_name(failures):
    named = {name: exchange.outcome for name, exchange in failures.items()}
    assert named == {name: outcome for name, (_, _, outcome) in SHAPES.items()}
    counted = outcomes(failures.values())
    assert sum(counted.values()) == len(SHAPES)
    assert "ok" not in counted
    assert latencies_ms(failures.values(), TIMEOUT_MS) == [TIMEOUT_MS] * len(SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_server_that_fails_so_gains_no_verdict(failures, successes, shape):
    rank = {"fail": 0, "inconclusive": 1, "pass": 2}
    before = verdicts(successes)
    assert set(before.values()) == {"pass"}
    slowest = sorted(range(COUNT), key=lambda number: -successes[number].latency_ms)  # the mean of the rest would mend
    any_order = np.random.default_rng(2).permutation(COUNT).tolist()
    for order in (slowest, any_order):
        for share in (0.01, 0.1, 0.5):
            found = verdicts(dropped(successes, failures[shape], order[: int(COUNT * share)]))
            assert all(rank[found[name]] <= rank[before[name]] for name in before)
        assert found["mean"] == found["percentile"] == found["rate"] == "fail"
    assert set(verdicts(dropped(successes, failures[shape], slowest)).values()) == {"fail"}


def dropped(successes, failure, numbers):
    """The run with this failure, at once, in place of these."""
    failing = list(successes)
    for number in numbers:
        due_ns = successes[number].intended_ns
        failing[number] = dataclasses.replace(failure, sequence=number, intended_ns=due_ns, finished_ns=due_ns + 1000)
    return failing
