"""Load on a service, for library code: runs `signoff load` as a child process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import signoff
from signoff.reference_services.health.framework import HealthCheckFramework
from signoff.reference_services.service_tests.named_service import NamedService, named

STRESS = 1.25
"""How much more than the demanded rate a stress test offers."""
MAX_TOKENS = 50
PATIENCE_S = 120.0
ROOT = Path(signoff.__file__).parent.parent


class LoadTestFramework:
    """Generates load on services that run. `urls` says where, by name; else the estate file does (SIGNOFF_ESTATE)."""

    def __init__(self, urls: Mapping[str, str] | None = None, estate: Path | str | None = None) -> None:
        self._urls = urls
        self._estate = Path(estate) if estate is not None else None

    def run_stress_test(self, service_name: str, duration: float = 300, rate: float | None = None) -> dict[str, Any]:
        """Offer more than the demanded rate (default: 1.25 times) for `duration` seconds; see `run_load_test`."""
        service = named(service_name)
        demanded = float(service.settings.preset.values["target_throughput_rps"])
        return self._run(service, rate or STRESS * demanded, duration)

    def run_load_test(self, service_name: str, duration: float = 60, rate: float | None = None) -> dict[str, Any]:
        """Offer the demanded rate, in requests/s, for `duration` seconds.

        `outcome` is `measured`, with the figures of `signoff load`; `invalid` where the client could not keep up, so
        that they say nothing of the service; `incomplete` with its `reason` if nothing was measured.
        """
        service = named(service_name)
        return self._run(service, rate or float(service.settings.preset.values["target_throughput_rps"]), duration)

    def _run(self, service: NamedService, rate: float, duration_s: float) -> dict[str, Any]:
        if not rate > 0 or not duration_s > 0:
            raise ValueError(f"a rate of {rate:g} requests/s for {duration_s:g} s is no load: both are above zero")
        planned: dict[str, Any] = {"service": service.name, "rate": rate, "duration_s": duration_s}
        try:
            url = service.url(self._urls, self._estate)
        except LookupError as error:
            return {**planned, "outcome": "incomplete", "reason": str(error)}
        planned["url"] = url
        found = HealthCheckFramework({service.name: url}).get_service_health(service.name)
        if found["status"] == "unhealthy":
            return {**planned, "outcome": "incomplete", "reason": "; ".join(found["reasons"])}
        return {**_measured(service, url, rate, duration_s), **planned}


def command_line(url: str, model: str, rate: float, duration_s: float) -> list[str]:
    """The command that generates the load."""
    options = (f"--rate={rate:g}", f"--duration={duration_s:g}", f"--max-tokens={MAX_TOKENS}", f"--model={model}")
    return [sys.executable, "-P", "-m", "signoff.acceptance", "load", url, *options, "--json=-"]


def _measured(service: NamedService, url: str, rate: float, duration_s: float) -> dict[str, Any]:
    command = command_line(url, service.name, rate, duration_s)
    before = os.environ.get("PYTHONPATH")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *([before] if before else [])])}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=duration_s + PATIENCE_S, check=False
        )
        figures = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"outcome": "incomplete", "reason": f"signoff load did not end within {PATIENCE_S:g} s after its load"}
    except ValueError:
        said = done.stderr.strip().splitlines()[-2:] or ["it said nothing"]
        return {"outcome": "incomplete", "reason": f"signoff load ended with {done.returncode}: {' '.join(said)}"}
    if not isinstance(figures, dict) or not figures.get("requests"):
        return {"outcome": "incomplete", "reason": "signoff load reported no request"}
    return {"outcome": "measured" if figures.get("valid") is True else "invalid", **figures}
