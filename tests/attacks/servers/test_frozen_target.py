"""A server that accepts and never answers costs a few time-outs, and what is left of the run is not run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.errors import NotRun
from signoff.acceptance.measuring import offered_load, streamed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.profile import Profile
from signoff.perf.client.patience import MOST_IN_A_ROW, Patience
from signoff.perf.load.gathered import Gathered, GivenUp
from signoff.perf.load.load import LoadPlan, run_load_in_process
from signoff.perf.load.load_run import LoadProgress
from tests.acceptance.conftest import criterion
from tests.attacks.measured_process import ended
from tests.attacks.servers.hostile_modes import run_command
from tests.attacks.servers.hostile_server import CHAT, serving

BRIEF = Profile("brief", alpha=0.05, load_s=30, requests_each=10, conversations=60, cold_starts=5)
URL, OTHER = "http://127.0.0.1:1/v1/chat/completions", "http://127.0.0.1:1/health"
HANG_S = 60.0
WAITED_S = 0.4


def time_outs(patience: Patience, url: str, count: int) -> None:
    for _ in range(count):
        patience.ended("POST", url, time.monotonic(), timed_out=True)


def test_after_two_time_outs_in_a_row_the_next_is_hurried_and_after_three_there_is_no_other():
    patience = Patience()
    assert patience.timeout_s("POST", URL, 60) == 60
    time_outs(patience, URL, 2)
    assert patience.timeout_s("POST", URL, 60) == patience.timeout_s("GET", OTHER, 60) == 30
    assert patience.given_up("POST", URL) == ""
    time_outs(patience, OTHER, 1)
    assert "left 3 requests in a row without an answer" in patience.given_up("GET", "http://127.0.0.1:1/never-asked")
    assert patience.given_up("GET", "http://127.0.0.1:2/") == ""


def test_an_answer_begins_the_count_again_but_not_that_of_another_route():
    patience = Patience()
    for _ in range(MOST_IN_A_ROW):
        time_outs(patience, URL, 1)
        patience.ended("GET", OTHER, time.monotonic(), timed_out=False)
    assert patience.given_up("GET", OTHER) == ""
    assert f"POST {URL}" in patience.given_up("POST", URL + "?again")
    other = Patience()
    for _ in range(10):
        time_outs(other, URL, 2)
        other.ended("POST", URL, time.monotonic(), timed_out=False)
    assert other.given_up("POST", URL) == ""


def test_requests_that_were_under_way_together_count_once():
    patience = Patience()
    began_s = time.monotonic()
    for _ in range(50):
        patience.ended("POST", URL, began_s, timed_out=True)
    assert patience.timeout_s("POST", URL, 60) == 60


@pytest.fixture
def site_at(tmp_path: Path) -> Callable[[str], Site]:
    def make(url: str) -> Site:
        kinds = ("coherence", "latency", "streaming", "queueing", "health")
        criteria = tuple(map(criterion, kinds))
        return Site(deployments.from_target(url), BRIEF, tmp_path / "run", criteria, timeout_s=WAITED_S)

    return make


@pytest.mark.parametrize("kind", ["coherence", "streaming", "session_recall"])
def test_a_check_of_a_frozen_server_is_not_run_after_some_time_outs(site_at, kind):
    """The model list is answered, and nothing after it."""
    with serving("silent", after=1) as url:
        site = site_at(url)
        began = time.monotonic()
        with pytest.raises(NotRun, match="left 3 requests in a row without an answer"):
            CHECKS[kind].measure(criterion(kind), site)
        assert time.monotonic() - began < HANG_S
        with pytest.raises(NotRun):  # and nothing is asked for the next one
            CHECKS["health"].measure(criterion("health"), site)
    assert '"not_run"' in "".join(each.read_text() for each in (site.folder / "evidence").iterdir())


def test_one_time_out_between_answers_is_a_failure_and_no_end(site_at):
    with serving("silent", "metrics") as url:
        site = site_at(url)
        for _ in range(MOST_IN_A_ROW - 1):
            assert "no whole answer" in site.ask("GET", "/metrics")["error"]
            assert site.ask("GET", "/health")["status"] == 200
        with pytest.raises(NotRun, match="/metrics left 3 requests"):
            site.ask("GET", "/metrics")
        assert site.ask("GET", "/health")["status"] == 200


def test_a_burst_in_which_some_are_answered_is_no_time_out_of_the_server(site_at):
    with serving("silent", "chat", every=2) as url:
        site = site_at(url)
        for _ in range(MOST_IN_A_ROW + 1):
            records = streamed.at_once(site, [{"messages": [], "stream": True}] * 4)
            assert {record["status"] for record in records} == {200, None}


def test_a_load_run_of_a_frozen_server_is_given_up_and_what_it_was_for_is_not_run(site_at, monkeypatch):
    monkeypatch.setattr(offered_load, "SILENCE_S", 1.0)
    monkeypatch.setattr(offered_load, "SILENCE_IN_TIMEOUTS", 0.0)
    with serving("silent", "chat", after=25) as url:
        site = site_at(url)
        began = time.monotonic()
        with pytest.raises(NotRun, match="given up: the server answered nothing for"):
            CHECKS["latency"].measure(criterion("latency"), site)
        assert time.monotonic() - began < HANG_S
        assert site.retries == []
        with pytest.raises(NotRun):
            site.ask("GET", "/health")


def test_a_load_run_that_nothing_comes_back_from_ends_before_its_time():
    with serving("silent") as url:
        plan = LoadPlan(url + CHAT, {"prompt": "x"}, rate_per_second=20, duration_s=600, timeout_s=600)
        began = time.monotonic()
        run = run_load_in_process(plan, silence_s=1.0)
        assert time.monotonic() - began < HANG_S
    assert run.given_up
    assert not run.valid


def test_a_load_run_with_answers_now_and_then_is_not_given_up():
    with serving("silent", every=4) as url:
        plan = LoadPlan(url + CHAT, {"prompt": "x"}, rate_per_second=10, duration_s=6, timeout_s=1)
        run = run_load_in_process(plan, silence_s=4.0)
    assert not run.given_up
    assert set(run.outcomes()) == {"ok", "timeout"}


def test_requests_that_wait_are_no_silence_before_so_long_and_not_without_a_silent_server():
    plan = LoadPlan(URL, {"prompt": "x"}, rate_per_second=1, duration_s=600, timeout_s=60)
    progress = LoadProgress(10.0, 600.0, 600, 20, 0, 0, 20, None).as_record()
    gathered = Gathered(plan, None, None, give_up=True)
    gathered.started_ns = time.monotonic_ns() - 80_000_000_000
    gathered.take(0, progress)
    gathered.started_ns -= 20_000_000_000
    with pytest.raises(GivenUp):
        gathered.take(0, progress)
    gathered.take(0, progress)  # once is enough: the last records still come
    patient = Gathered(plan, None, None, give_up=False)
    patient.started_ns = 1
    patient.take(0, progress)


@pytest.mark.parametrize(("route", "after", "code"), [("all", 1, 3), ("chat", 2, 3)])
def test_a_whole_run_ends_within_some_time_outs_with_nothing_left_behind(tmp_path, route, after, code):
    with serving("silent", route, after=after) as url:
        end = ended(run_command(url, tmp_path, tmp_path / "result.json", 1.0), HANG_S)
    assert (end.exit_code, end.why, end.left) == (code, "", ())
    assert "left 3 requests in a row without an answer" in end.output
