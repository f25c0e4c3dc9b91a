"""The service is gone once it was stopped: no process of it is left, and its address answers nobody."""

from __future__ import annotations

from acceptance import stopped
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Recorder, Site
from acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Look for the processes that the service had, and ask its address once more."""
    processes = stopped.processes(site)

    def take(recorder: Recorder) -> None:
        waited_s = stopped.settled(lambda: not any(each.is_there() for each in processes))
        for each in processes:
            recorder.write("process", {**each.as_record(), "text": each.text(), "is_there": each.is_there()})
        recorder.write("answer", {**site.ask("GET", "/health"), "waited_s": waited_s})

    return site.measured("service-gone", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where every process ended and nothing answers."""
    processes = list(evidence.of("process"))
    left = [each["text"] for each in processes if each["is_there"]]
    if left:
        return Verdict("fail", f"of the stopped service there is still {', '.join(left)}")
    answer = next(evidence.of("answer"))
    if answer["status"] is not None:
        return Verdict("fail", f"{answer['url']} still gives {answer['status']} after the service was stopped")
    unit = criterion.parameters.get("unit")
    own = f"Signoff started and stopped the service itself, so systemd was not asked about {unit}"
    return Verdict(
        "pass",
        f"{', '.join(each['text'] for each in processes)}: ended; {answer['url']} does not answer",
        assumptions=(own,) if unit else (),
    )


CHECK = Check(
    kind="service_gone",
    summary="No process of the service is left once it was stopped, and its address does not answer.",
    measure=measure,
    judge=judge,
    after_stop=True,
)
