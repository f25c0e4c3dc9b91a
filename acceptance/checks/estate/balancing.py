"""The gateway spreads requests over several replicas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from signoff.acceptance.checks.estate.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import gateway, role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

REQUESTS = 24
SIDE_BY_SIDE = 8
FEWEST_REPLICAS = 2
REPLICA_HEADERS = (
    "x-served-by",
    "x-backend",
    "x-backend-server",
    "x-backend-id",
    "x-upstream",
    "x-upstream-addr",
    "x-replica",
    "x-replica-id",
    "x-instance",
    "x-instance-id",
    "x-server-id",
    "x-worker-id",
    "x-node",
    "x-pod",
    "x-pod-name",
    "x-hostname",
    "x-litellm-model-id",
    "x-litellm-model-api-base",
)


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send different concurrent requests to the gateway: a balancer by load sends single requests to one replica."""
    if gateway.ROLE not in site.deployment.addresses:
        raise NotMeasurable("the deployment does not say where the gateway is", role.hint(gateway.ROLE))

    def take(recorder: Recorder) -> None:
        found = gateway.names(next(gateway.models(site).of("models")).get("json"))
        model = found[0] if found else None
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            for answer in pool.map(
                lambda number: gateway.complete(site, model, f"Name the number {number}."), range(REQUESTS)
            ):
                recorder.write("answer", answer)

    return site.measured("balancing", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if at least two replicas answered all requests; without replica names the verdict is open."""
    answers = list(evidence.of("answer"))
    failed = [answer for answer in answers if answer["status"] != 200]
    if failed:
        first = failed[0]
        return Verdict(
            "fail",
            f"{len(failed)} of {len(answers)} requests through {first['url']} were not answered: "
            f"{first['status'] or first['error']}",
        )
    told_by, replicas = _replicas(answers)
    if not replicas:
        return Verdict(
            "not_measurable",
            f"no answer of {answers[0]['url']} says which replica gave it",
            hint="let each replica name itself, in the header X-Served-By or in system_fingerprint",
        )
    figure = Measured(float(len(replicas)), "replicas", samples=len(answers))
    spread = ", ".join(f"{name} {count}" for name, count in replicas.most_common(gateway.SHOWN))
    if len(replicas) < FEWEST_REPLICAS:
        return Verdict(
            "fail", f"all {len(answers)} requests were answered by one replica, {spread} ({told_by})", figure
        )
    return Verdict("pass", f"{len(answers)} requests over {len(replicas)} replicas: {spread} ({told_by})", figure)


def _replicas(answers: list[Record]) -> tuple[str, Counter[str]]:
    """By which header or field all answers name a replica, and how many each gave; the telling one first.

    A field that is different in every answer numbers requests and no replicas.
    """
    found: list[tuple[str, Counter[str]]] = []
    for name in (*REPLICA_HEADERS, "system_fingerprint"):
        values = [_value(answer, name) for answer in answers]
        counted = Counter(value for value in values if value)
        if counted.total() == len(answers) and len(counted) < len(answers):
            found.append((name, counted))
    return max(found, key=lambda each: len(each[1]), default=("", Counter()))


def _value(answer: Record, name: str) -> str:
    body = answer.get("json")
    if name == "system_fingerprint":
        return str(body.get(name) or "") if isinstance(body, Mapping) else ""
    return str(answer["headers"].get(name, ""))


CHECK = Check(KINDS["balancing"], measure, judge, seconds=4)
