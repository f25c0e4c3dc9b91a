"""What the chat service costs, in ratios of one run: `nox -s bench`.

A rate is told per core that the service itself used, so that neither the client's share of the machine nor what else
runs there moves it.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
from pytest_benchmark.fixture import BenchmarkFixture

from signoff.perf.client.client import Client
from signoff.perf.client.exchange import Exchange
from signoff.perf.load.load_process import run_load_in_process
from signoff.perf.load.plan import LoadPlan
from signoff.perf.processes.process_tree import sample
from signoff.perf.server_side.cold_start import time_starts

ROOT = Path(__file__).parent.parent.parent
QUESTION = {"model": "hermes-2", "messages": [{"role": "user", "content": "What is the capital?"}], "max_tokens": 16}
ROUNDS = 5
STREAMS, TOKENS, STEP_MS = 64, 200, 20.0
SESSIONS = 10_000
Tell = Callable[..., None]


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def chat(port: int, first_ms: float = 0, token_ms: float = 0) -> list[str]:
    return [
        sys.executable,
        "-m",
        "signoff.reference_services.chat",
        "hermes-2",
        "--port",
        str(port),
        "--metrics-port",
        "own",
        "--time-to-first-token-ms",
        f"{first_ms:g}",
        "--time-per-token-ms",
        f"{token_ms:g}",
        "--log-level",
        "WARNING",
    ]


def echo(port: int) -> list[str]:
    return [sys.executable, "-m", "tests.bench.echo_service", str(port)]


@contextlib.contextmanager
def running(command: Callable[[int], list[str]], cores: set[int] | None = None) -> Iterator[tuple[str, int]]:
    """A service on a free port, and on some cores alone where they are named: its URL and its process."""
    port = free_port()
    process = subprocess.Popen(command(port), cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        if cores is not None:
            os.sched_setaffinity(process.pid, cores)
        base = f"http://127.0.0.1:{port}"
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/health", timeout=1):  # noqa: S310
                break
            assert process.poll() is None, "the service ended"
            time.sleep(0.05)
        yield base, process.pid
    finally:
        process.terminate()
        process.wait(20)


def per_core_second(base: str, pid: int, callers: int, session: str = "") -> float:
    """Good answers for a second of the service's CPU time; each caller has its next request at once."""
    process = psutil.Process(pid)
    plan = LoadPlan(
        url=f"{base}/v1/chat/completions",
        body=QUESTION,
        headers={"X-Session-ID": session} if session else {},
        rate_per_second=1,  # of no account in a closed loop
        duration_s=2,
        timeout_s=20,
        arrivals="closed_loop",
        closed_loop=callers,
    )
    before = sum(process.cpu_times()[:2])
    run = run_load_in_process(plan)
    used = sum(process.cpu_times()[:2]) - before
    assert run.outcomes().keys() == {"ok"}, run.outcomes()
    return len(run.exchanges) / used


def test_stateless_requests_against_a_bare_echo(benchmark: BenchmarkFixture, tell: Tell) -> None:
    shares: list[float] = []
    durable: list[float] = []
    sessions = itertools.count()
    with running(echo) as (echo_url, echo_pid), running(chat) as (chat_url, chat_pid):

        def once() -> None:
            bare = per_core_second(echo_url, echo_pid, callers=8)
            shares.append(per_core_second(chat_url, chat_pid, callers=8) / bare)
            turns = per_core_second(chat_url, chat_pid, callers=1, session=f"bench-{next(sessions)}")
            durable.append(turns / bare)

        benchmark.pedantic(once, rounds=ROUNDS, warmup_rounds=1)
    tell("chat service's rate over a bare FastAPI echo's, stateless", statistics.median(shares), "share", at_least=0.4)
    tell("the same with durable turns of one session", statistics.median(durable), "share")


def test_streams_keep_their_deadlines(benchmark: BenchmarkFixture, tell: Tell) -> None:
    late: list[float] = []

    async def streams(url: str) -> list[Exchange]:
        body = {**QUESTION, "max_tokens": TOKENS, "min_tokens": TOKENS}
        async with Client(url, timeout_s=60, gather=True) as client:
            return await asyncio.gather(*(client.post(body, stream=True) for _ in range(STREAMS)))

    with running(lambda port: chat(port, STEP_MS, STEP_MS), {0}) as (base, _):

        def once() -> None:
            found = asyncio.run(streams(f"{base}/v1/chat/completions"))
            late.append(float(np.quantile(np.concatenate([lateness_ms(each) for each in found]), 0.99)))

        benchmark.pedantic(once, rounds=3)
    tell(f"p99 lateness of {STREAMS} streams of {TOKENS} tokens on one core", statistics.median(late), "ms", at_most=5)


def lateness_ms(exchange: Exchange) -> np.ndarray:
    """How long after its deadline each token came; the deadlines lie so that no token came before its own."""
    assert exchange.ok, exchange
    assert len(exchange.token_ns) == TOKENS
    times = np.array(exchange.token_ns) / 1e6
    ahead = times - STEP_MS * np.arange(len(times))
    return ahead - ahead.min()


def test_memory_of_ten_thousand_sessions(benchmark: BenchmarkFixture, tell: Tell) -> None:
    held: list[float] = []

    async def turn(url: str, session: str) -> None:
        async with Client(url, headers={"X-Session-ID": session}, timeout_s=60) as client:
            found = await client.post(QUESTION)
            assert found.ok, found

    async def fill(url: str) -> None:
        for first in range(0, SESSIONS, 50):
            await asyncio.gather(*(turn(url, f"session-{number}") for number in range(first, first + 50)))

    def once() -> None:
        with running(chat) as (base, pid):
            asyncio.run(fill(f"{base}/v1/chat/completions"))
            held.append(sample(pid)[0].rss_bytes / 1e6)

    benchmark.pedantic(once, rounds=1)
    tell(f"memory of the service with {SESSIONS:,} sessions", held[0], "MB", at_most=300)


def test_from_start_to_healthy(benchmark: BenchmarkFixture, tell: Tell) -> None:
    found: list[float] = []

    def once() -> None:
        port = free_port()
        (start,) = time_starts(chat(port), f"http://127.0.0.1:{port}/health", count=1, timeout_s=60)
        assert start.seconds is not None, start
        found.append(start.seconds)

    benchmark.pedantic(once, rounds=ROUNDS)
    tell("start of the chat service to healthy", statistics.median(found), "s", at_most=2)
