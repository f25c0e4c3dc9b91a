"""A model service with keys and limits, as in production: it has none of the weaknesses that are checked."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from signoff.reference_services.service_tests.named_service import NamedService
from signoff.reference_services.service_tests.running import Process, model_service
from signoff.reference_services.service_tests.vulnerability_scanner import VulnerabilityScanner
from signoff.reference_services.service_tests.weaknesses import CHECKS

KEY, OTHER_KEY = secrets.token_urlsafe(24), secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def guarded(service: NamedService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """The service with two keys and a limit to the rate."""
    keys = {f"{service.settings.preset.prefix}API_KEYS": f"{KEY},{OTHER_KEY}"}
    process = model_service(service.name, tmp_path_factory.mktemp("guarded"), "--rate-limit=100/minute", variables=keys)
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def scanned(guarded: Process, service: NamedService) -> dict[str, Any]:
    """One scan of it."""
    return VulnerabilityScanner({service.name: guarded.url}, KEY, OTHER_KEY).scan_service(service.name)


@pytest.mark.parametrize("check", CHECKS)
def test_it_is_sound(check: str, scanned: dict[str, Any]) -> None:
    left = {each["check"]: each["reason"] for each in scanned["not_run"]}
    if check in left:
        pytest.skip(left[check])
    found = {each["check"]: each for each in scanned["ran"]}[check]
    assert found["outcome"] == "sound", found["detail"]


def test_a_scan_is_never_called_complete(scanned: dict[str, Any]) -> None:
    assert scanned["outcome"] == "incomplete"
    assert {"known_vulnerabilities", "penetration"} <= {each["check"] for each in scanned["not_run"]}
