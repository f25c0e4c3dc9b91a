"""A tiny limit beside ordinary ones: it may be undecided or fail by itself, and the others are judged as without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import load_conditions, offered_load, route_load
from signoff.acceptance.reading import read_documents
from signoff.acceptance.verdict import Verdict
from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import ClientUse, judge_client
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.plan import LoadPlan
from tests.acceptance.cases.case import Stage
from tests.acceptance.conftest import BRIEF, criterion

MS = 1_000_000
PLAN = LoadPlan("http://127.0.0.1:9/", {"prompt": "x"}, 20, 60, 60, stream=True, judged_apart=True)
COUNT = 1200
DECIDED = {"pass", "fail"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "stage")
    with made.ending:
        yield made


def limit(kind: str, value: float, unit: str, statistic: str | None, number: int = 1) -> Criterion:
    asked = replace(criterion(kind), threshold=Threshold(value, unit, "<", statistic, kind))
    return replace(asked, id=f"by-hand/{kind}/{number}")


TINY = limit("latency", 1, "ms", "mean", 2)
TINY_TTFT = limit("ttft", 0.6, "ms", "p95")
LOOSE = limit("latency", 2, "s", "p95")
ERRORS = limit("error_rate", 5, "%", None)
RATE = replace(criterion("throughput"), threshold=Threshold(16, "requests/s", ">", "rate", "throughput"))


def exchange(number: int, took_ms: float, late_ms: float) -> Exchange:
    due, sent = number * 50 * MS, number * 50 * MS + round(late_ms * MS)
    first, end = sent + round(took_ms / 2 * MS), sent + round(took_ms * MS)
    return Exchange(number, due, sent, 0, first, first, end, (first, end), end, 200, "ok", 3, 2, "", "kernel", 0)


def recorded(took_ms: float, late_ms: float) -> LoadRun:
    """A run as the client would have recorded it, with its own judgement of the client."""
    exchanges = [exchange(number, took_ms, late_ms) for number in range(COUNT)]
    use = ClientUse((1000,) * 10, kernel_reads=100, user_reads=0, clock_steps=0, cpu_share=0.3, steal_share=None)
    health = judge_client(
        exchanges, COUNT, limit_ms=PLAN.limit_ms, figure=PLAN.figure, uses=[use], judged_apart=PLAN.judged_apart
    )
    return LoadRun(PLAN, 0, tuple(exchanges), health)


def judged(run: LoadRun, *criteria: Criterion) -> list[Verdict]:
    conditions = load_conditions.stated(criteria, offered_load.OF_A_STREAM)
    records = ({"record": "setup", "alpha": 0.05}, {"record": "load", "conditions": conditions}, *run.as_records())
    return [CHECKS[each.kind].judge(each, Evidence("load", "l", records)) for each in criteria]


def test_what_the_client_may_have_moved_leaves_only_the_limit_open_that_it_may_have_moved_a_figure_across() -> None:
    late = recorded(took_ms=0.9, late_ms=0.3)
    tiny, ttft, loose, errors, rate = judged(late, TINY, TINY_TTFT, LOOSE, ERRORS, RATE)
    assert [each.outcome for each in (tiny, ttft)] == ["inconclusive", "inconclusive"]
    assert "may have moved: 0.3 ms, 30.00% of the limit of 1 ms" in tiny.reason
    assert "may have moved: 0.3 ms, 50.00% of the limit of 0.6 ms" in ttft.reason
    assert "give the client its own core" in tiny.hint
    assert [each.outcome for each in (loose, errors, rate)] == ["pass"] * 3
    assert "the client may have moved it by 0.3 ms, 0.01% of the limit of 2000 ms" in loose.reason
    assert f"without latency ({TINY.id}), which the client's lateness leaves undecided" in rate.reason
    assert rate.detail["left_open"] == [f"latency ({TINY.id})"]


def test_the_twin_whose_server_is_slow_by_itself_fails_both_limits() -> None:
    outcomes = [each.outcome for each in judged(recorded(took_ms=2500, late_ms=0.3), TINY, LOOSE, ERRORS, RATE)]
    assert outcomes == ["fail", "fail", "pass", "fail"]


def test_a_verdict_is_the_same_with_a_tiny_limit_beside_it_as_without() -> None:
    for took_ms in (0.9, 250.0, 2500.0):
        run = recorded(took_ms, late_ms=0.3)
        assert judged(run, TINY, LOOSE, ERRORS)[1:] == judged(run, LOOSE, ERRORS)


def test_a_run_is_repeated_where_only_the_client_leaves_a_limit_undecided() -> None:
    asked = (TINY, TINY_TTFT, LOOSE, ERRORS)
    said = load_conditions.held_up(recorded(0.9, 0.3), asked, (), 0.05)
    assert said == f"the client was late and leaves undecided: {TINY.id}, {TINY_TTFT.id}"
    for took_ms, late_ms in ((0.3, 0.3), (0.9, 0.0), (250.0, 0.3), (2500.0, 50.0)):
        assert load_conditions.held_up(recorded(took_ms, late_ms), asked, (), 0.05) == ""


def test_a_client_that_offered_another_load_says_nothing_about_any_limit() -> None:
    late = recorded(took_ms=0.9, late_ms=150)
    assert {each.outcome for each in judged(late, TINY, LOOSE, ERRORS, RATE)} == {"error"}


def test_a_throughput_fails_only_where_a_client_on_time_had_not_seen_it_either() -> None:
    """The second half of the sends is held up until the end, and the server answers each at once."""
    run = recorded(took_ms=50, late_ms=0)
    half = COUNT // 2
    held = [replace(each, sent_ns=61_000 * MS, finished_ns=61_050 * MS) for each in run.exchanges[half:]]
    (found,) = judged(replace(run, exchanges=(*run.exchanges[:half], *held)), RATE)
    assert (found.outcome, "not shown of a client that sends on time" in found.reason) == ("inconclusive", True), found
    by_server = [replace(each, finished_ns=61_050 * MS) for each in run.exchanges[half:]]
    (found,) = judged(replace(run, exchanges=(*run.exchanges[:half], *by_server)), RATE)
    assert found.outcome == "fail", found


def test_time_outs_of_requests_that_left_late_do_not_exceed_an_error_rate() -> None:
    run = recorded(took_ms=50, late_ms=0)

    def timed_out(late_ms: int) -> LoadRun:
        exchanges = tuple(
            replace(each, sent_ns=each.intended_ns + late_ms * MS, outcome="timeout")
            if each.sequence % 5 == 0
            else each
            for each in run.exchanges
        )
        return replace(run, exchanges=exchanges)

    none = limit("error_rate", 0, "%", None)
    assert [each.outcome for each in judged(timed_out(1), ERRORS, none)] == ["fail", "fail"]
    for found in judged(timed_out(1300), ERRORS, none):
        assert (found.outcome, "240 of them timed out after" in found.reason) == ("inconclusive", True), found


def test_the_time_out_is_enough_for_each_limit_and_no_limit_shortens_it() -> None:
    def seconds(*values_ms: float) -> float:
        return route_load.timeout_s(Threshold(value, "ms", "<", "mean", "latency") for value in values_ms)

    assert seconds() == seconds(1) == seconds(22, 0.5) == 60
    assert seconds(1, 30_000) == seconds(30_000) == 150


def read(folder: Path, text: str) -> tuple[Criterion, ...]:
    (folder / "task.md").write_text(text, encoding="utf-8")
    return read_documents([folder / "task.md"], KINDS).documents[0].criteria


DOCUMENT = """# Task 3.6: Otter chat service

## Success criteria

- **SC-001**: TTFT p95 below 1 ms
- **SC-002**: p95 latency below 2 s at 40 requests/s
- **SC-003**: Error rate below 5 %
- **SC-004**: `GET /ping` answers with p95 latency below 1 ms
"""


@pytest.mark.parametrize(("takes_s", "outcome"), [(0.1, "pass"), (2.5, "fail")])
def test_a_document_with_a_limit_of_a_millisecond_beside_one_of_two_seconds(
    tmp_path: Path, stage: Stage, takes_s: float, outcome: str
) -> None:
    url, _ = stage.start("tests.acceptance.cases.servers.slow_server", str(takes_s))
    criteria = read(tmp_path, DOCUMENT)
    assert [each.kind for each in criteria] == ["ttft", "latency", "error_rate", "latency"]
    site = stage.site(url, *criteria, profile=replace(BRIEF, load_s=4))
    verdicts = [CHECKS[each.kind].judge(each, CHECKS[each.kind].measure(each, site)) for each in criteria]
    tiny, loose, errors, ping = verdicts
    assert tiny.outcome == "fail", tiny
    assert loose.outcome == outcome, loose
    assert errors.outcome == "pass", errors
    assert ping.outcome in {*DECIDED, "inconclusive"}, ping
    assert "of the limit of 2000 ms" in loose.reason
    assert "of the limit of 1 ms" in ping.reason


def test_a_slow_answer_is_no_error_beside_a_tight_limit_on_latency(tmp_path: Path, stage: Stage) -> None:
    """Five times the one limit was the time-out of all: each answer of 250 ms was cut off, and none was completed."""
    url, _ = stage.start("tests.acceptance.cases.servers.slow_server", "0.25")
    criteria = read(
        tmp_path, "# Task 1.1: Otter\n\n## Success criteria\n\n- p95 latency below 22 ms\n- Error rate < 5 %\n"
    )
    site = stage.site(url, *criteria, profile=replace(BRIEF, load_s=8))
    latency, errors = (CHECKS[each.kind].judge(each, CHECKS[each.kind].measure(each, site)) for each in criteria)
    assert (latency.outcome, errors.outcome) == ("fail", "pass"), (latency, errors)
    assert latency.detail["outcomes"] == {"ok": 80}
    assert latency.measured is not None
    assert latency.measured.value > 200
