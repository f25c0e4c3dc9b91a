"""The service listens on the port that the document gives it; or nothing listens on one that has to be shut."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

CONNECT_TIMEOUT_S = 5.0


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Open one TCP connection to the deployment's address for the port."""
    port = criterion.parameters["port"]
    address = criterion.parameters.get("address")
    if criterion.parameters.get("closed"):
        return _measured(site, urlsplit(site.deployment.target).hostname or "", port, port, "", key=["closed", port])
    origin, assumption = site.deployment.url(address, site.primary_address)
    parts = urlsplit(origin)
    real_port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    return _measured(site, parts.hostname or "", real_port, port, assumption, key=[address, port])


def _measured(site: Site, host: str, real_port: int, asked: int, assumption: str, key: list[Any]) -> Evidence:
    def take(recorder: Recorder) -> None:
        fields = {"host": host, "port": real_port, "asked": asked, "assumption": assumption}
        try:
            with socket.create_connection((host, real_port), CONNECT_TIMEOUT_S):
                recorder.write("connection", {**fields, "error": ""})
        except OSError as error:
            recorder.write("connection", {**fields, "error": f"{type(error).__name__}: {error}"})

    return site.measured("port", take, key=key)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where the connection opened and the port is the document's; of a port to be shut, where none opened."""
    found = next(evidence.of("connection"))
    place = f"{found['host']}:{found['port']}"
    if criterion.parameters.get("closed"):
        if not found["error"]:
            return Verdict("fail", f"{place} accepts connections, and has to be closed")
        return Verdict("pass", f"{place} accepts no connections ({found['error']})")
    if found["error"]:
        return Verdict("fail", f"no connection to {place}: {found['error']}")
    if found["port"] != found["asked"]:
        return Verdict(
            "not_measurable",
            f"the deployment puts the service at {place}, so port {found['asked']} was not tried",
            hint=f"judge a deployment that listens on port {found['asked']}",
        )
    return Verdict("pass", f"{place} accepts connections")


CHECK = Check(KINDS["port"], measure, judge)
