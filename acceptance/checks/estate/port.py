"""The service listens on the port that the document gives it."""

from __future__ import annotations

import socket
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
    origin, assumption = site.deployment.url(address, site.primary_address)
    parts = urlsplit(origin)
    real_port = parts.port or {"http": 80, "https": 443}[parts.scheme]

    def take(recorder: Recorder) -> None:
        fields = {"host": parts.hostname, "port": real_port, "asked": port, "assumption": assumption}
        try:
            with socket.create_connection((parts.hostname or "", real_port), CONNECT_TIMEOUT_S):
                recorder.write("connection", {**fields, "error": ""})
        except OSError as error:
            recorder.write("connection", {**fields, "error": f"{type(error).__name__}: {error}"})

    return site.measured("port", take, key=[address, port])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the connection opened and the port equals the document's."""
    found = next(evidence.of("connection"))
    place = f"{found['host']}:{found['port']}"
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
