"""The port of the service is free again once the service was stopped."""

from __future__ import annotations

from urllib.parse import urlsplit

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import stopped
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.services.service import holder, is_taken
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Try to connect and to bind to the port at the deployment's address."""
    port = criterion.parameters["port"]
    processes = stopped.processes(site)
    host, address = _place(site, port)

    def take(recorder: Recorder) -> None:
        waited_s = stopped.settled(lambda: not is_taken(host, port))
        is_open = stopped.accepts(host, port)
        taken = is_open or is_taken(host, port)
        recorder.write(
            "port",
            {
                "address": address,
                "taken": taken,
                "accepts": is_open,
                "holder": holder(host, port) if taken else "",
                "waited_s": waited_s,
                "stopped": [each.as_record() for each in processes],
            },
        )

    return site.measured("port-free", take, key=port)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if nothing accepts connections there, and the port can be bound."""
    found = next(evidence.of("port"))
    if found["taken"]:
        how = "accepts connections" if found["accepts"] else "is held"
        return Verdict(
            "fail",
            f"{found['address']} still {how} after the service was stopped: by {found['holder']}",
            hint="look for processes that the service starts and leaves: a worker, or a child in another session",
        )
    count = len(found["stopped"])
    return Verdict(
        "pass",
        f"nothing listens on {found['address']} after {count} process{'es' if count > 1 else ''} of the service ended",
    )


def _place(site: Site, port: int) -> tuple[str, str]:
    """The host on which the deployment put a port of the document, and both as an address."""
    deployment = site.deployment
    named = (url for name, url in deployment.addresses.items() if name.endswith(f":{port}") and "://" in url)
    for url in (deployment.target, *named):
        parts = urlsplit(url)
        if parts.port == port and parts.hostname:
            return parts.hostname, f"{parts.hostname}:{port}"
    raise NotMeasurable(
        f"the deployment puts the service at {deployment.target}, so port {port} was not in use before",
        f"judge a deployment that listens on port {port}",
    )


CHECK = Check(KINDS["port_free"], measure, judge, after_stop=True)
