"""Times to tokens and error rates: judged on exchanges made by hand, and on streams that a real run asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer

import pytest

from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import load_conditions, offered_load
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import ClientHealth
from signoff.perf.load.load import LoadPlan
from signoff.perf.load.load_run import LoadRun
from tests.acceptance.cases.servers.behaving_service import Handler, Service
from tests.acceptance.conftest import criterion

MS = 1_000_000
BODY = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 8}
PLAN = LoadPlan("http://127.0.0.1:9/", BODY, rate_per_second=20, duration_s=30, timeout_s=10, stream=True)
HEALTH = ClientHealth(True, "", "kernel", None, None, None, 0.1, None, 1, 0, 0)


def exchange(number: int, first_ms: float, between_ms: float, outcome: str = "ok", tokens: int = 5) -> Exchange:
    """A streamed answer of five pieces, due each 50 ms."""
    due = number * 50 * MS
    pieces = tuple(due + round((first_ms + between_ms * piece) * MS) for piece in range(5))
    return Exchange(
        number,
        due,
        due,
        0,
        pieces[0],
        pieces[0],
        pieces[-1],
        pieces,
        pieces[-1],
        200,
        outcome,
        8,
        tokens,
        "",
        "kernel",
        0,
    )


def judged(
    asked: Criterion, exchanges: list[Exchange], plan: LoadPlan = PLAN, health: ClientHealth = HEALTH
) -> Verdict:
    run = LoadRun(plan, 0, tuple(exchanges), health)
    setup = {"record": "setup", "alpha": 0.05}
    return CHECKS[asked.kind].judge(asked, Evidence("load", "l", (setup, *run.as_records())))


def limit(kind: str, value: float, unit: str = "ms", statistic: str | None = "mean") -> Criterion:
    return replace(criterion(kind), threshold=Threshold(value, unit, "<", statistic, kind))


@pytest.mark.parametrize(("kind", "field"), [("ttft", 0), ("inter_token_latency", 1)])
@pytest.mark.parametrize("statistic", ["mean", "p95"])
def test_times_to_tokens(kind: str, field: int, statistic: str) -> None:
    def run(ms: float) -> list[Exchange]:
        spread = [ms * (0.9 + 0.2 * (number % 7) / 6) for number in range(600)]
        return [exchange(number, *((each, 900) if field == 0 else (900, each))) for number, each in enumerate(spread)]

    asked = limit(kind, 100, statistic=statistic)
    assert judged(asked, run(50)).outcome == "pass"
    assert judged(asked, run(150)).outcome == "fail"
    assert judged(asked, run(50)[:20]).outcome == "inconclusive"
    half_failed = [replace(each, outcome="reset") if each.sequence % 2 else each for each in run(50)]
    found = judged(asked, half_failed)
    assert (found.outcome, "300 failed requests charged at 500 ms" in found.reason) == ("fail", True), found


def test_tokens_that_come_several_in_a_piece_are_counted_as_tokens() -> None:
    exchanges = [exchange(number, 900, 150, tokens=17) for number in range(600)]
    assert judged(limit("inter_token_latency", 100), exchanges).outcome == "pass"


@pytest.mark.parametrize("kind", ["ttft", "inter_token_latency"])
def test_a_server_that_does_not_stream_fails(kind: str) -> None:
    whole = [replace(exchange(n, 50, 5), first_token_ns=None, last_token_ns=None, token_ns=()) for n in range(600)]
    assert judged(limit(kind, 100), whole, replace(PLAN, stream=False)).outcome == "fail"
    if kind == "inter_token_latency":
        assert "came in several pieces" in judged(limit(kind, 100), whole).reason


def test_error_rate() -> None:
    def run(failed: int) -> list[Exchange]:
        return [exchange(number, 50, 5, "reset" if number < failed else "ok") for number in range(600)]

    assert judged(limit("error_rate", 1, "%", None), run(0)).outcome == "pass"
    assert judged(limit("error_rate", 1, "%", None), run(6)).outcome == "inconclusive"
    assert judged(limit("error_rate", 1, "%", None), run(20)).outcome == "fail"
    assert judged(limit("error_rate", 0, "%", None), run(0)).outcome == "inconclusive"
    assert judged(limit("error_rate", 0, "%", None), run(1)).outcome == "fail"


@pytest.mark.parametrize("kind", ["ttft", "inter_token_latency", "error_rate"])
def test_a_client_that_may_have_moved_the_figure_is_an_error_of_ours(kind: str) -> None:
    guilty = replace(HEALTH, valid=False, reason="it sent late")
    exchanges = [exchange(number, 50, 5) for number in range(600)]
    assert judged(limit(kind, 100, "ms"), exchanges, health=guilty).outcome == "error"


@pytest.fixture
def target() -> Iterator[str]:
    service = Service()
    handler = type("OwnHandler", (Handler,), {"service": service})
    server = type("Server", (ThreadingHTTPServer,), {"daemon_threads": True, "request_queue_size": 64})(
        ("127.0.0.1", 0), handler
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("kind", ["ttft", "inter_token_latency", "error_rate"])
def test_the_load_is_streamed_where_a_limit_is_on_the_time_to_a_token(
    kind: str, target: str, site_at: Callable[..., Site]
) -> None:
    asked = limit(kind, 1000)
    site = site_at(target, asked)
    run = offered_load.run_of(CHECKS[kind].measure(asked, site))
    is_streamed = kind != "error_rate"
    assert run.plan.stream is is_streamed
    assert all(each.ok for each in run.exchanges)
    assert all((len(each.token_ns) > 1) is is_streamed for each in run.exchanges)
    assert all(each.completion_tokens for each in run.exchanges)


def throughput_of(limits: list[Criterion], exchanges: list[Exchange]) -> Verdict:
    run = LoadRun(replace(PLAN, duration_s=60), 0, tuple(exchanges), HEALTH)
    conditions = load_conditions.stated(limits, offered_load.OF_A_STREAM)
    records = ({"record": "setup", "alpha": 0.05}, {"record": "load", "conditions": conditions}, *run.as_records())
    asked = replace(criterion("throughput"), threshold=Threshold(16, "requests/s", ">", "rate", "throughput"))
    return CHECKS["throughput"].judge(asked, Evidence("load", "l", records))


def test_throughput_counts_only_while_each_limit_of_the_document_holds_as_it_is_stated() -> None:
    # One request in ten takes 900 ms, the others 100: the mean is 180 ms, the p95 is 900.
    run = [exchange(number, 900 if number % 10 == 0 else 100, 0) for number in range(1200)]
    assert throughput_of([], run).outcome == "pass"
    assert throughput_of([limit("latency", 500)], run).outcome == "pass"
    found = throughput_of([limit("latency", 500, statistic="p95")], run)
    assert (found.outcome, "latency" in found.reason) == ("fail", True), found
    assert throughput_of([limit("latency", 950, statistic="p95")], run).outcome == "pass"


def test_a_stricter_error_limit_of_the_document_fails_the_throughput_of_its_run() -> None:
    run = [exchange(number, 100, 0, "reset" if number % 240 == 7 else "ok") for number in range(1200)]
    assert throughput_of([], run).outcome in ("pass", "inconclusive")
    assert throughput_of([limit("error_rate", 0.5, "ratio", "rate")], run).outcome in ("pass", "inconclusive")
    found = throughput_of([limit("error_rate", 0, "ratio", "rate")], run)
    assert (found.outcome, "errors" in found.reason) == ("fail", True), found
