"""What the two profiles promise, on runs as long as they make them."""

import numpy as np
import pytest

from signoff.acceptance.measuring.route_load import HEADROOM
from signoff.acceptance.profile import PROFILES
from signoff.perf.decisions.mean_latency import LOOKS
from signoff.perf.decisions.statistics import decide_mean, decide_percentile, decide_rate
from tests.calibration.worlds import LIMIT_MS, TIMEOUT_MS, WORLDS, scale

RATE = 20 * HEADROOM
"""Requests a second of a document that asks for 20."""


def test_quick_is_a_minute_at_five_percent_and_signoff_longer_at_one():
    quick, signoff = PROFILES["quick"], PROFILES["signoff"]
    assert (quick.alpha, quick.load_s) == (0.05, 60)
    assert (signoff.alpha, signoff.load_s * RATE) == (0.01, LOOKS[-1])


@pytest.mark.parametrize("world", [name for name in WORLDS if name != "autocorrelated 0.9"])
@pytest.mark.parametrize(("factor", "outcome"), [(0.8, "pass"), (1.2, "fail")])
def test_a_quick_run_decides_a_margin_of_a_fifth_within_its_minute(world, factor, outcome):
    quick = PROFILES["quick"]
    count = int(quick.load_s * RATE)
    by = scale(world, LIMIT_MS * factor)
    for seed in range(20):
        latencies = by * WORLDS[world](count, np.random.default_rng(seed))
        looks = (*(look for look in LOOKS if look * 1.1 < count), count)
        assert decide_mean(latencies, LIMIT_MS, TIMEOUT_MS, quick.alpha, looks).outcome == outcome, seed


def test_a_quick_run_decides_a_clean_server_on_its_percentiles_and_errors():
    quick = PROFILES["quick"]
    count = int(quick.load_s * RATE)
    latencies = 700 * np.random.default_rng(1).lognormal(0, 0.2, count)
    assert decide_percentile(latencies, LIMIT_MS, 0.99, quick.alpha, TIMEOUT_MS).outcome == "pass"
    assert decide_rate(2, count, 0.01, quick.alpha, [number in (300, 900) for number in range(count)]).outcome == "pass"
    assert decide_rate(count // 20, count, 0.01, quick.alpha).outcome == "fail"
