"""A server's metrics during a load run, against a server whose counts are known and whose metrics misbehave."""

import threading

import pytest

from signoff.perf.load.load import run_load
from signoff.perf.load.plan import LoadPlan
from signoff.perf.server_side import scrape
from signoff.perf.server_side.readings import server_side
from signoff.perf.server_side.scrape import Source
from signoff.perf.server_side.server_watch import ServerWatch
from tests.perf.load.counting_server import ANSWER_TOKENS, PROMPT_TOKENS, counting_server

COUNT = 20


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Runs here are short: read as often as can be."""
    monkeypatch.setattr(scrape, "INTERVAL_S", 0.02)
    monkeypatch.setattr(scrape, "SHARE", 1.0)


@pytest.fixture
def counting():
    with counting_server() as server:
        yield server


def load(counting, *urls, duration_s=0.4):
    """A run of 20 requests, and what the server told of it."""
    plan = LoadPlan(
        f"{counting.url}/v1/completions", {"prompt": "x"}, rate_per_second=COUNT / duration_s, duration_s=duration_s,
        timeout_s=60,
    )  # fmt: skip
    sources = [Source(url) for url in urls or (counting.metrics_url,)]
    with ServerWatch(sources, duration_s) as watch:
        run = run_load(plan)
    assert run.outcomes() == {"ok": COUNT}
    return watch.side(run)


def counts(side):
    return [(each.what, each.client, each.server) for each in side.compared]


def test_requests_and_tokens_agree_to_the_last_one_whatever_was_counted_before(counting):
    def be_seen(received):
        if received == 10:
            counting.running = 1
            counting.wait_for_reading()
            counting.running = 0

    for _ in range(100):
        counting.count()
    counting.on_count = be_seen
    side = load(counting)
    assert counts(side) == [
        ("requests", COUNT, COUNT),
        ("prompt tokens", COUNT * PROMPT_TOKENS, COUNT * PROMPT_TOKENS),
        ("generated tokens", COUNT * ANSWER_TOKENS, COUNT * ANSWER_TOKENS),
    ]
    assert (side.agrees, side.notes, side.problem) == (True, (), "")
    assert side.totals.requests == {"length": COUNT}
    assert side.totals.preemptions == 0
    assert (side.most("running"), side.most("waiting"), side.most("kv_cache")) == (1, 0, 0.25)
    assert (side.cache.hit_rate, side.cache.queries) == (0, COUNT * PROMPT_TOKENS)
    assert side.series[0].t_s <= 0


def test_one_request_of_somebody_else_is_one_request_of_difference(counting):
    counting.on_count = lambda received: counting.count() if received == 10 else None
    side = load(counting)
    assert counts(side)[0] == ("requests", COUNT, COUNT + 1)
    assert counts(side)[2] == ("generated tokens", COUNT * ANSWER_TOKENS, (COUNT + 1) * ANSWER_TOKENS)
    assert side.agrees is False
    assert side.notes == ("others may have used the server during the run",)


def test_one_request_that_the_server_does_not_count_is_seen(counting):
    def lose(received):
        if received == 10:
            counting.ended -= 1

    counting.on_count = lose
    side = load(counting)
    assert counts(side)[0] == ("requests", COUNT, COUNT - 1)
    assert "one of several servers" in side.notes[0]


def test_requests_under_way_before_the_run_are_named(counting, monkeypatch):
    monkeypatch.setattr(scrape, "SETTLE_S", 0.1)
    counting.running = 3
    counting.on_count = lambda received: counting.count() if received == 10 else None
    side = load(counting)
    assert side.agrees is False
    assert side.notes[0] == "3 other or earlier requests were in progress when the run began"
    assert "not at rest" in side.notes[1]


def test_a_restart_is_said_and_what_was_counted_since_is_kept(counting):
    def restart(received):
        if received == 12:
            counting.wait_for_reading()
            counting.ended = 0

    for _ in range(1000):
        counting.count()
    counting.on_count = restart
    side = load(counting)
    assert "began again" in side.notes[0]
    assert "restarted" in side.notes[0]
    assert 0 < side.compared[0].server <= COUNT
    assert side.cache is None


def test_answers_without_usage_are_not_compared_by_their_tokens(counting):
    counting.tells_usage = False
    side = load(counting)
    assert counts(side)[0] == ("requests", COUNT, COUNT)
    assert [each.agrees for each in side.compared] == [True, None, None]
    assert side.notes == ("20 of 20 answers did not report their tokens, so tokens are not compared",)


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (404, "nothing here", "status 404"),
        (200, "<html><body>Welcome</body></html>", "has no metric"),
        (200, "", "has no metric"),
        (200, "process_cpu_seconds_total 3.0\n", "has no metric"),
        (200, 'vllm:num_requests_running{engine="0" 3', "not in Prometheus' text format"),
        (200, "vllm:num_requests_running many", "not in Prometheus' text format"),
    ],
)
def test_a_server_that_tells_nothing_says_so_in_one_line(counting, status, text, says):
    counting.metrics = lambda _: (status, text)
    with scrape.Scraper([Source(counting.metrics_url)]) as scraper:
        pass
    side = server_side(scraper.scraped(), [], 0)
    assert says in side.problem
    assert side.problem.startswith(counting.metrics_url)
    assert "\n" not in side.problem
    assert (side.agrees, side.compared, side.series) == (None, (), ())


def test_nobody_listening_is_said_and_the_next_address_is_asked(counting):
    assert "refused" in load(counting, "http://127.0.0.1:1/metrics").problem  # and the run is whole
    side = load(counting, "http://127.0.0.1:1/metrics", counting.metrics_url)
    assert (side.problem, side.url, side.agrees) == ("", counting.metrics_url, True)


def test_metrics_that_break_off_are_missed_readings_and_the_rest_is_told(counting):
    """Only the readings before the run and after it are whole."""
    counting.on_count = lambda received: counting.wait_for_reading() if received == 10 else None
    counting.metrics = lambda text: (200 if counting.received in (0, COUNT) else 500, text)
    side = load(counting)
    assert side.missed > 0
    assert side.agrees is True


def test_metrics_that_are_gone_after_the_run_are_said(counting, monkeypatch):
    monkeypatch.setattr(scrape, "SETTLE_S", 0.1)
    counting.metrics = lambda text: (200 if not counting.received else 503, text)
    side = load(counting)
    assert "could not be read after the run" in side.problem


def test_of_an_exposition_of_many_megabytes_only_what_is_looked_at_is_parsed(counting):
    line = 'vllm:e2e_request_latency_seconds_bucket{{engine="0",le="{}.0"}} 12.0\n'
    much = "".join(map(line.format, range(20_000)))
    counting.metrics = lambda text: (200, much + text + much)
    side = load(counting)
    assert (side.problem, side.agrees) == ("", True)


def test_a_body_without_end_is_given_up(counting, monkeypatch):
    monkeypatch.setattr(scrape, "MOST_BYTES", 1000)
    counting.metrics = lambda text: (200, text * 10)
    assert "more than" in load(counting).problem


def test_a_reading_that_hangs_does_not_hold_up_the_run(counting):
    """The metrics answer only once every request has arrived: a run that waited for them would never end."""
    hanging, whole = threading.Event(), threading.Event()

    def metrics(text):
        if counting.received >= 5:
            hanging.set()
            assert whole.wait(60)
        return 200, text

    def count(received):
        if received == 10:
            assert hanging.wait(60)
        elif received == COUNT:
            whole.set()

    counting.metrics, counting.on_count = metrics, count
    side = load(counting)
    assert hanging.is_set()
    assert side.agrees is True


def test_a_server_that_is_too_slow_from_the_beginning_is_not_waited_for(counting, monkeypatch):
    monkeypatch.setattr(scrape, "TIMEOUT_S", 0.2)
    never = threading.Event()
    counting.metrics = lambda text: (200 if never.wait(60) else 500, text)
    side = load(counting)
    never.set()
    assert "no whole answer within" in side.problem
