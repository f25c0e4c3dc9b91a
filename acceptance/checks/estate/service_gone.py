"""After the service was stopped, no process of it is left, and nothing listens at its address."""

from __future__ import annotations

from urllib.parse import urlsplit

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import stopped
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Look for the service's former processes, and try to connect to its address."""
    processes = stopped.processes(site)
    target = urlsplit(site.deployment.target)
    host, port = target.hostname or "", target.port or {"http": 80, "https": 443}[target.scheme]

    def take(recorder: Recorder) -> None:
        waited_s = stopped.settled(lambda: not any(each.is_there() for each in processes))
        for each in processes:
            recorder.write("process", {**each.as_record(), "text": each.text(), "is_there": each.is_there()})
        recorder.write(
            "address", {"address": f"{host}:{port}", "accepts": stopped.accepts(host, port), "waited_s": waited_s}
        )

    return site.measured("service-gone", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if every process ended and nothing answers."""
    processes = list(evidence.of("process"))
    left = [each["text"] for each in processes if each["is_there"]]
    if left:
        return Verdict("fail", f"of the stopped service there is still {', '.join(left)}")
    found = next(evidence.of("address"))
    if found["accepts"]:
        return Verdict("fail", f"{found['address']} still accepts connections after the service was stopped")
    unit = criterion.parameters.get("unit")
    own = f"Signoff started and stopped the service itself, so systemd was not asked about {unit}"
    return Verdict(
        "pass",
        f"{', '.join(each['text'] for each in processes)}: ended; nothing listens at {found['address']}",
        assumptions=(own,) if unit else (),
    )


CHECK = Check(KINDS["service_gone"], measure, judge, after_stop=True)
