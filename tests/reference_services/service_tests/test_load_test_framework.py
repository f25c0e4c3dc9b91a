"""Load for library code: `signoff load` measures, and what was not measured is never told as measured."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from signoff.reference_services.service_tests import load_test_framework
from signoff.reference_services.service_tests.load_test_framework import LoadTestFramework
from tests.reference_services.running import Start

HOST = "127.0.0.39"


def test_the_demanded_rate_is_offered_to_a_service_that_runs_and_a_stress_test_offers_more(start: Start) -> None:
    running = start(service="phi-3-mini", host=HOST)
    framework = LoadTestFramework({"phi-3-mini": running.url})
    before = running.metrics()
    found = framework.run_stress_test("phi_3_mini", duration=2)
    # Whether the client kept up is the machine's affair; that the requests arrived is not.
    assert found["outcome"] in ("measured", "invalid"), found
    assert (found["service"], found["url"], found["rate"]) == ("phi-3-mini", running.url, 75.0)
    assert found["requests"] > 0
    key = 'phi_3_mini_requests_total{"endpoint": "/v1/chat/completions", "outcome": "ok"}'
    assert running.metrics()[key] - before[key] >= found["requests"] - sum(found["errors"].values())


def test_a_service_that_does_not_answer_or_that_nobody_lists_is_not_measured(tmp_path: Path) -> None:
    found = LoadTestFramework({"hermes-2": f"http://{HOST}:9"}).run_stress_test("hermes-2", duration=1)
    assert found["outcome"] == "incomplete"
    assert "does not answer" in found["reason"]
    file = tmp_path / "estate.json"
    file.write_text('{"services": []}', encoding="utf-8")
    found = LoadTestFramework(estate=file).run_load_test("hermes-2", duration=1)
    assert (found["outcome"], found["rate"]) == ("incomplete", 20.0)
    assert "nothing says where hermes-2 runs" in found["reason"]


def test_no_load_is_no_test() -> None:
    for asked in ({"duration": 0}, {"duration": -1}, {"duration": 1, "rate": -2}, {"duration": float("nan")}):
        with pytest.raises(ValueError, match="is no load"):
            LoadTestFramework({}).run_load_test("hermes-2", **asked)
    with pytest.raises(ValueError, match="no service 'hermes-3'"):
        LoadTestFramework({}).run_stress_test("hermes-3")


@pytest.mark.parametrize(
    ("program", "outcome", "reason"),
    [
        ("print('not JSON')", "incomplete", "ended with 0"),
        ("import sys; sys.exit('no such command')", "incomplete", "no such command"),
        ('print(\'{"requests": 0, "valid": true}\')', "incomplete", "no request"),
        ("print('[]')", "incomplete", "no request"),
        ('print(\'{"requests": 5, "valid": false}\')', "invalid", None),
        ("print('{\"requests\": 5}')", "invalid", None),
        ('print(\'{"requests": 5, "valid": true}\')', "measured", None),
        ("import time; time.sleep(60)", "incomplete", "did not end"),
    ],
)
def test_only_figures_of_a_client_that_kept_up_are_measured(
    program: str, outcome: str, reason: str | None, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_test_framework, "command_line", lambda *_: [sys.executable, "-c", program])
    monkeypatch.setattr(load_test_framework, "PATIENCE_S", 2.0)
    monkeypatch.setattr(load_test_framework.HealthCheckFramework, "get_service_health", _well)
    found = LoadTestFramework({"hermes-2": f"http://{HOST}:9"}).run_load_test("hermes-2", duration=0.1)
    assert found["outcome"] == outcome, found
    assert reason is None or reason in found["reason"]


def _well(self: Any, name: str) -> dict[str, Any]:
    return {"status": "healthy", "reasons": ()}
