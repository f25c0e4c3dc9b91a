"""The service's metrics are exposed under the document's names, and they are true."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

REQUESTS = 3
REQUEST_COUNTER = "request"


def exposition(site: Site) -> Evidence:
    """One reading of the target's own metrics."""
    return site.measured("metrics", lambda recorder: recorder.write("exposition", site.ask("GET", "/metrics")))


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the metrics, send a known number of completions, read again."""
    request = criterion.parameters.get("request") or {}
    address = request.get("address")
    path = request.get("path", "/metrics")

    def take(recorder: Recorder) -> None:
        recorder.write("before", site.ask("GET", path, address=address))
        for number in range(REQUESTS):
            recorder.write("generation", generation.generate(site, f"Name the number {number}.", 4))
        recorder.write("after", site.ask("GET", path, address=address))

    return site.measured("metrics-moved", take, key=[address, path])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the names exist and a request counter moved by exactly the number of requests sent."""
    before, after = next(evidence.of("before")), next(evidence.of("after"))
    found, problem = families(after)
    if problem:
        return Verdict("fail", problem)
    names = " ".join(family.name for family in found).lower()
    missing = [word for word in criterion.parameters.get("contains", ()) if word.lower() not in names]
    if missing:
        return Verdict("fail", f"no metric of {after['url']} carries {', '.join(missing)} in its name")
    answered = sum(1 for record in evidence.of("generation") if generation.reply_text(record))
    if answered < REQUESTS:
        return Verdict("fail", f"only {answered} of {REQUESTS} completions were answered")
    moved = movements(before, after)
    true = sorted(name for name, difference in moved.items() if difference == REQUESTS)
    assumptions = tuple({str(record["assumption"]) for record in (before, after)} - {""})
    if not true and any(difference > REQUESTS for difference in moved.values()):
        return Verdict(
            "inconclusive",
            f"{REQUESTS} requests were sent and request counters moved by more: others use this server too",
            hint="judge the deployment while it gets no other requests",
            assumptions=assumptions,
        )
    if not true:
        seen = ", ".join(f"{name} by {value:g}" for name, value in sorted(moved.items())) or "none is exposed"
        return Verdict(
            "fail",
            f"{REQUESTS} requests were sent and no request counter moved by {REQUESTS} ({seen})",
            assumptions=assumptions,
        )
    return Verdict(
        "pass",
        f"{len(found)} metrics; {true[0]} moved by {REQUESTS} with {REQUESTS} requests",
        assumptions=assumptions,
    )


def families(answer: Record) -> tuple[list[Metric], str]:
    """The metric families of an exposition, or the sentence that says why there are none."""
    if answer["status"] != 200:
        return [], f"{answer['url']} gives {answer['status'] or answer['error']}, not 200"
    try:
        found = list(text_string_to_metric_families(answer["text"]))
    except ValueError as error:
        return [], f"{answer['url']} is not in Prometheus' text format: {error}"
    if not any(family.samples for family in found):
        return [], f"{answer['url']} exposes no sample"
    return found, ""


def movements(before: Record, after: Record) -> Mapping[str, float]:
    """By how much each request counter moved, all its labels together."""
    return {name: value - _totals(before).get(name, 0.0) for name, value in _totals(after).items()}


def _totals(answer: Record) -> dict[str, float]:
    totals: dict[str, float] = {}
    for family in families(answer)[0]:
        if family.type == "counter" and REQUEST_COUNTER in family.name:
            totals[family.name] = sum(sample.value for sample in family.samples if sample.name.endswith("_total"))
    return totals


CHECK = Check(KINDS["metrics"], measure, judge, seconds=2)
