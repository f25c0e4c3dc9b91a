"""The reference service and the client that offers it a load count the same requests and tokens, to the last one."""

from __future__ import annotations

import json
import subprocess
import sys

from signoff.perf.load.load import LoadPlan, run_load
from signoff.perf.server_side.scrape import Source
from signoff.perf.server_side.server_watch import ServerWatch
from tests.reference_services.running import Running, Start

BODY = {"messages": [{"role": "user", "content": "Tell me about the sea."}], "stream_options": {"include_usage": True}}


def test_signoff_load_lays_the_server_s_counts_beside_its_own(hermes: Running) -> None:
    hermes.say("a request that is none of the run's")
    arguments = ["--rate", "40", "--duration", "1", "--max-tokens", "9", "--json", "-"]
    command = [sys.executable, "-m", "signoff.acceptance", "load", hermes.url, *arguments]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=False, timeout=120).stdout)
    server = found["server"]
    assert (found["errors"], server["problem"], server["agrees"]) == ({}, "", True)
    counts = {each["what"]: (each["client"], each["server"]) for each in server["compared"]}
    tokens = found["tokens"]
    assert counts == {
        "requests": (40, 40),
        "prompt tokens": (tokens["prompt"], tokens["prompt"]),
        "generated tokens": (360, 360),
    }
    assert server["totals"]["requests"] == {"ok": 40}
    assert server["totals"]["generated_tokens"] == 360
    assert server["series"][0]["t_s"] <= 0 < server["series"][-1]["t_s"]
    assert "gpu" in found


def test_what_is_given_up_here_does_not_move_the_tokens_of_what_was_answered(start: Start) -> None:
    """Half of the requests ask for more than they wait for; the service tells abandoned tokens apart."""
    running = start(pace=(0, 100))
    plan = LoadPlan(
        f"{running.url}/v1/chat/completions",
        {**BODY, "max_tokens": 2},
        more_bodies=({**BODY, "max_tokens": 4000, "min_tokens": 4000},),
        rate_per_second=20,
        duration_s=0.5,
        timeout_s=4,
        stream=True,
    )
    with ServerWatch([Source(running.metrics_url)], plan.duration_s) as watch:
        run = run_load(plan)
    side = watch.side(run)
    assert run.outcomes() == {"ok": 5, "timeout": 5}
    assert side.totals is not None
    assert side.totals.requests == {"ok": 5, "cancelled": 5}
    assert side.agrees is True
    answered = next(each for each in side.compared if each.what == "generated tokens")
    assert (answered.client, answered.server) == (10, 10)
    assert side.totals.generated_tokens is not None
    assert side.totals.generated_tokens > 10
    assert (side.most("running") or 0) >= 5
