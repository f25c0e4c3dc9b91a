"""The load client against the truth: `nox -s bench`. CPU time counts for all processes of the command."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from pytest_benchmark.fixture import BenchmarkFixture

from signoff.perf.client.exchange import Exchange
from signoff.perf.load.load_process import run_load_in_process
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.plan import LoadPlan
from signoff.perf.server_side.scrape import Source
from signoff.perf.server_side.server_watch import ServerWatch
from tests.bench import tools
from tests.bench.large_page import large_page
from tests.bench.measured import Measured, measure
from tests.bench.pace import Pace
from tests.bench.tools import Load
from tests.bench.truth import Truth, serving

ROOT = Path(__file__).parent.parent.parent
ROUNDS = 3
BODY = {"model": "truth", "messages": [{"role": "user", "content": "say something"}], "max_tokens": 20}
Tell = Callable[..., None]


def test_a_thousand_streams_a_second(benchmark: BenchmarkFixture, tell: Tell, tmp_path: Path) -> None:
    found: list[Measured] = []

    def once() -> None:
        found.append(measure(tools.signoff(), Pace(), Load("", 1000, 10, 20, tmp_path)))

    benchmark.pedantic(once, rounds=ROUNDS)
    for quantile in ("p50", "p99"):
        truth = statistics.median(each.truth["ttft"][quantile] for each in found)
        error = statistics.median(each.error_ms("ttft", quantile) for each in found)
        due = statistics.median(abs(e.more["ttft_from_due_ms"][quantile] - e.truth["ttft"][quantile]) for e in found)
        tell(f"{quantile} of TTFT from the send, error at 1,000 streams/s", error, "ms", at_most=max(0.01 * truth, 0.5))
        tell(f"{quantile} of TTFT from when it was due, error", due, "ms", at_most=max(0.01 * truth, 0.5))
    micros = statistics.median(each.cpu_s_per_1000_events for each in found) * 1000
    tell("CPU an SSE event, all processes, parsing included", micros, "us", at_most=25)
    tell("streams of 20 tokens a second and core", statistics.median(e.achieved / e.cpu_cores for e in found), "1/s")
    tell("writes of the truth server take (p99)", statistics.median(e.truth_known_within_ms for e in found), "ms")
    tell("cores used by other processes meanwhile", statistics.median(e.busy_elsewhere for e in found), "cores")


def test_requests_arrive_as_evenly_as_they_were_to(benchmark: BenchmarkFixture, tell: Tell) -> None:
    spread: list[float] = []

    def once() -> None:
        with serving(Pace()) as server:
            run_load_in_process(plan(server.url, 100, 10, arrivals="constant"))
            gaps = np.diff(np.sort(server.truth().arrived))
        spread.append(float(gaps.std() / gaps.mean()))

    benchmark.pedantic(once, rounds=ROUNDS)
    tell("spread (CV) of the gaps between arrivals at 100/s", statistics.median(spread), "", at_most=0.02)


def test_memory_of_a_thousand_open_streams(benchmark: BenchmarkFixture, tell: Tell) -> None:
    found: list[float] = []

    def once() -> None:
        with serving(Pace(ttft_ms=500, gap_ms=200)) as server:  # 18 of 20 tokens are there when it is measured
            command = [sys.executable, "-m", "tests.bench.open_streams", server.url, "1000", "4"]
            report = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
        assert report["ended"] == 0
        found.append((report["open"] - report["before"]) / 2**20)

    benchmark.pedantic(once, rounds=ROUNDS)
    tell("memory of 1,000 open streams", statistics.median(found), "MiB", at_most=8)


def test_records_to_json_and_back(benchmark: BenchmarkFixture, tell: Tell) -> None:
    tokens = tuple(range(10**15, 10**15 + 20 * 5_000_000, 5_000_000))
    one = Exchange(1, 1, 2, 0, 3, tokens[0], tokens[-1], tokens, tokens[-1], 200, "ok", 8, 20, "", "kernel", 10)

    def once() -> None:
        for _ in range(1000):
            Exchange.from_record(json.loads(json.dumps(one.as_record())))

    benchmark(once)
    tell("records written and read", 1000 / benchmark.stats.stats.median, "1/s")


def test_the_first_request_after_the_command(benchmark: BenchmarkFixture, tell: Tell, tmp_path: Path) -> None:
    found: list[float] = []
    signoff = tools.signoff()

    def once() -> None:
        with serving(Pace()) as server:
            began = time.time_ns()
            command = signoff.command(signoff.program, Load(server.base, 50, 1, 20, tmp_path))
            subprocess.run(command, capture_output=True, check=False)
            found.append((int(server.truth().arrived[0]) - began) / 1e9)

    benchmark.pedantic(once, rounds=ROUNDS)
    tell("first request after the command", statistics.median(found), "s", at_most=1.5)


def test_a_stall_in_one_stream_of_a_hundred(benchmark: BenchmarkFixture, tell: Tell) -> None:
    complete: list[bool] = []

    def once() -> None:
        with serving(Pace(stall_ms=500, stall_share=0.01)) as server:
            run = run_load_in_process(plan(server.url, 200, 5))
            truth = server.truth()
        stalled = {name for name, row in zip(truth.ids, truth.before, strict=True) if _longest(row) >= 450}
        seen = {marker(run, each) for each in run.exchanges if _longest(np.array(each.token_ns)) >= 450}
        complete.append(bool(stalled) and stalled <= seen)

    benchmark.pedantic(once, rounds=ROUNDS)
    tell("runs in which each stall of 500 ms was found", sum(complete) / len(complete), "share", at_least=1)


def test_a_stall_of_20_s_in_100(benchmark: BenchmarkFixture, tell: Tell) -> None:
    ratios: list[float] = []

    def once() -> None:
        with serving(Pace(freeze_at_s=40, freeze_s=20)) as server:
            run = run_load_in_process(plan(server.url, 20, 100, arrivals="constant"))
            ratios.append(
                statistics.fmean(run.latencies_ms()) / statistics.fmean(true_latencies_ms(run, server.truth()))
            )

    benchmark.pedantic(once, rounds=1)
    tell("mean latency over the open-loop truth, 20 s of stall in 100 s", abs(ratios[0] - 1), "share off", at_most=0.05)


def test_reading_a_large_page_of_metrics_during_a_run(benchmark: BenchmarkFixture, tell: Tell) -> None:
    errors: dict[bool, list[float]] = {True: [], False: []}
    cpu_s: dict[bool, list[float]] = {True: [], False: []}

    def once() -> None:
        for read in (True, False, False, True):
            sources = [Source(page)] if read else []
            with serving(Pace()) as server:
                offered = plan(server.url, 400, 5)
                began = time.process_time()
                with ServerWatch(sources, offered.duration_s):
                    run = run_load_in_process(offered)
                cpu_s[read].append(time.process_time() - began)
                truth = server.truth()
            sent = dict(zip(truth.ids, truth.before[:, 0] - truth.monotonic_to_wall_ns, strict=True))
            late = [(each.token_ns[0] - int(sent[marker(run, each)])) / 1e6 for each in run.exchanges if each.token_ns]
            errors[read].append(float(np.quantile(late, 0.99)))

    with large_page() as page:
        benchmark.pedantic(once, rounds=ROUNDS)
    for read, name in ((True, "read each second"), (False, "not read")):
        tell(f"p99 of first tokens' lateness at 400/s, metrics {name}", statistics.median(errors[read]), "ms")
    more = statistics.median(errors[True]) - statistics.median(errors[False])
    tell("p99 of first tokens' lateness that the reading adds", more, "ms", at_most=0.1)
    tell("CPU of the reading process in 5 s", statistics.median(cpu_s[True]), "s")


def plan(url: str, rate: float, duration_s: float, arrivals: str = "poisson") -> LoadPlan:
    return LoadPlan(
        url=url, body=BODY, rate_per_second=rate, duration_s=duration_s, timeout_s=60, stream=True, arrivals=arrivals
    )


def marker(run: LoadRun, exchange: Exchange) -> str:
    """By what the truth server knows a request."""
    found = re.search(rb"\[([0-9a-f]{12})\]", run.plan.bodies().of(exchange.sequence))
    assert found is not None
    return found[1].decode()


def true_latencies_ms(run: LoadRun, truth: Truth) -> list[float]:
    """From when each request was due to the server's last write."""
    ended = dict(zip(truth.ids, truth.after[:, -1] - truth.monotonic_to_wall_ns, strict=True))
    return [(int(ended[marker(run, each)]) - each.intended_ns) / 1e6 for each in run.exchanges]


def _longest(stamps: np.ndarray) -> float:
    return float(np.diff(stamps).max()) / 1e6 if len(stamps) > 1 else 0.0
