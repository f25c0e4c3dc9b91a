"""A metric that the document names is exposed."""

from __future__ import annotations

from acceptance.checks.check import Check
from acceptance.checks.metrics import exposition, families
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Site
from acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the metrics once; the same reading serves every named metric."""
    return exposition(site)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where a metric family carries the words in its name or help and has at least one sample."""
    answer = next(evidence.of("exposition"))
    words = [str(word).lower() for word in criterion.parameters["words"]]
    found, problem = families(answer)
    if problem:
        return Verdict("fail", problem)
    named = [
        family.name
        for family in found
        if family.samples and any(word in f"{family.name} {family.documentation}".lower() for word in words)
    ]
    if not named:
        return Verdict("fail", f"no metric of {answer['url']} is about {' or '.join(words)}")
    return Verdict("pass", f"exposed: {', '.join(sorted(named)[:4])}")


CHECK = Check(
    kind="metric_named",
    summary="A metric that a bullet of the document names is exposed with samples.",
    measure=measure,
    judge=judge,
)
