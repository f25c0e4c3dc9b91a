"""A model service under its document's load. LOAD_DURATION_S sets the duration (default: 10)."""

from __future__ import annotations

import os
from typing import Any

import pytest

from signoff.reference_services.service_tests.load_test_framework import LoadTestFramework
from signoff.reference_services.service_tests.named_service import NamedService
from signoff.reference_services.service_tests.running import Process

DURATION_S = float(os.environ.get("LOAD_DURATION_S", "10"))
KEPT_UP = 0.95
"""Of the generated rate: a short run ends with requests still in progress."""


@pytest.fixture(scope="module")
def measured(running: Process, service: NamedService) -> dict[str, Any]:
    """What one run at the demanded rate has measured. Nothing measured is a failure, and says why."""
    found = LoadTestFramework({service.name: running.url}).run_load_test(service.name, DURATION_S)
    assert found["outcome"] == "measured", found.get("reason", "the client could not keep up")
    return found


def test_no_request_fails(measured: dict[str, Any]) -> None:
    assert measured["requests"] > 0
    assert not any(measured["errors"].values())


def test_the_mean_latency_stays_below_the_documents(measured: dict[str, Any], service: NamedService) -> None:
    assert measured["e2e_ms"]["mean"] < service.settings.preset.values["target_latency_ms"]


def test_it_keeps_up_with_the_rate(measured: dict[str, Any]) -> None:
    assert measured["achieved_rate"] >= KEPT_UP * measured["offered_rate"]
