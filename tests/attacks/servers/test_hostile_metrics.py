"""A server's metrics, however hostile, hold up neither a run nor who reads them."""

from __future__ import annotations

import time

import pytest

from signoff.perf.load.load import LoadPlan, run_load
from signoff.perf.server_side import scrape
from signoff.perf.server_side.exposition import MOST_LINE_BYTES, MOST_LINES, reduced, samples
from signoff.perf.server_side.readings import server_side
from signoff.perf.server_side.scrape import Reading, Scraper, Source
from signoff.perf.server_side.server_watch import ServerWatch
from tests.attacks.servers.hostile_server import AS, CHAT, serving

HANG_S = 30.0
NEVER_WHOLE = (
    "informational",
    "slow_informational",
    "drip",
    "drip_head",
    "drip_body",
    "endless_body",
    "endless_trailers",
    "gzip_of_gzip_bomb",
    "one_byte_chunks",
    "silent",
    "stall",
    "endless_noise",
)
LINE = b'vllm:num_requests_running{engine="0"} 0\n'


@pytest.fixture(scope="module")
def server():
    with serving("sound") as url:
        yield url


@pytest.mark.parametrize("mode", NEVER_WHOLE)
def test_a_run_ends_although_its_metrics_do_not(server, monkeypatch, mode):
    monkeypatch.setattr(scrape, "TIMEOUT_S", 0.5)
    plan = LoadPlan(server + CHAT, {"prompt": "x"}, rate_per_second=20, duration_s=0.5, timeout_s=HANG_S)
    began = time.monotonic()
    with ServerWatch([Source(f"{server}{AS}{mode}/metrics"), Source(f"{server}/metrics")], 0.5) as watch:
        run = run_load(plan)
    assert time.monotonic() - began < HANG_S
    assert [each.error for each in run.exchanges if not each.ok] == []
    assert watch.side(run).url.endswith("/metrics")


def test_metrics_that_hang_in_the_middle_of_a_run_are_missed_readings(monkeypatch):
    monkeypatch.setattr(scrape, "TIMEOUT_S", 0.3)
    monkeypatch.setattr(scrape, "INTERVAL_S", 0.05)
    monkeypatch.setattr(scrape, "SETTLE_S", 0.1)
    with serving("slow_informational", "metrics", after=1) as url:
        began = time.monotonic()
        with Scraper([Source(url + "/metrics")]) as scraper:
            while scraper.scraped().missed == 0 and time.monotonic() - began < HANG_S:
                time.sleep(0.01)
        assert time.monotonic() - began < HANG_S
    scraped = scraper.scraped()
    assert scraped.missed > 0
    assert "could not be read after the run" in scraped.problem


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "1e999", "1e300"])
def test_a_figure_that_counts_nothing_is_none(value):
    found = samples(reduced(LINE + f"vllm:prompt_tokens_total {value}\n".encode()))
    assert list(found.values()) == [0.0]
    readings = tuple(Reading(at, found) for at in (1, 2))
    side = server_side(scrape.Scraped("u", readings, "", 0, 0.0, 0.0, settled=True), [], 2)
    assert side.compared


@pytest.mark.parametrize(
    "page",
    [
        LINE * (MOST_LINES + 1),
        b'vllm:num_requests_running{a="%s"} 0\n' % (b"x" * MOST_LINE_BYTES),
        b"vllm:num_requests_running{" + b'a="b",' * 100_000 + b"} 0\n",
    ],
)
def test_more_lines_or_longer_ones_than_any_server_has_are_not_parsed(page):
    began = time.monotonic()
    with pytest.raises(ValueError, match="of the relevant metrics"):
        reduced(page)
    assert time.monotonic() - began < HANG_S


def test_readings_of_a_large_page_are_thinned_and_the_first_and_last_are_kept(monkeypatch):
    monkeypatch.setattr(scrape, "MOST_SAMPLES", 20)
    scraper = Scraper([])
    for at in range(100):
        scraper._keep(Reading(at, {("name", ()): 0.0, ("other", ()): 0.0}))
    kept = [reading.t_ns for reading in scraper._readings]
    assert len(kept) <= 11
    assert (kept[0], kept[-2:]) == (0, [98, 99])
