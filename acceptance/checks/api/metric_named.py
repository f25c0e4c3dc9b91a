"""A metric that the document names is exposed."""

from __future__ import annotations

from prometheus_client.metrics_core import Metric

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.checks.api.metrics import exposition, families
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the metrics once; the same reading serves every named metric."""
    return exposition(site)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if a metric with samples carries a word in its name or help, or has one as the value of a label."""
    answer = next(evidence.of("exposition"))
    words = [str(word).lower() for word in criterion.parameters["words"]]
    found, problem = families(answer)
    if problem:
        return Verdict("fail", problem)
    named = [name for family in found if (name := _about(family, words))]
    if not named:
        return Verdict("fail", f"no metric of {answer['url']} is about {' or '.join(words)}")
    return Verdict("pass", f"exposed: {', '.join(sorted(named)[:4])}")


def _about(family: Metric, words: list[str]) -> str:
    """The metric's name where it is about one of the words, with the label that says so; else "".

    A label counts by its whole value, as vLLM's `finished_reason="error"`: a part of one may be of a route's name.
    """
    if family.samples and any(word in f"{family.name} {family.documentation}".lower() for word in words):
        return family.name
    labels = (label for sample in family.samples for label in sample.labels.items())
    return next((f'{family.name}{{{key}="{value}"}}' for key, value in labels if value.lower() in words), "")


CHECK = Check(KINDS["metric_named"], measure, judge)
