"""The service uses no more cores than the document gives it."""

from __future__ import annotations

from collections.abc import Sequence

from acceptance import offered_load
from acceptance.checks.check import Check
from acceptance.checks.memory import measure
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence, Record
from acceptance.verdict import Measured, Verdict

WINDOW_S = 5.0


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where no window of five seconds of the load run used more cores than allowed."""
    assert criterion.threshold is not None
    if idle := offered_load.unserved(evidence):
        return Verdict("inconclusive", idle)
    samples = offered_load.last_attempt(evidence, "memory")
    usages = _cores(samples)
    if not usages:
        return Verdict("inconclusive", f"the run held no whole window of {WINDOW_S:g} s")
    most, limit = max(usages), criterion.threshold.value
    measured = Measured(round(most, 3), "cores", min(usages), most, len(usages))
    mean = sum(usages) / len(usages)
    if most > limit:
        return Verdict("fail", f"{most:.2f} cores in the busiest {WINDOW_S:g} s, {limit:g} are allowed", measured)
    return Verdict(
        "pass", f"{most:.2f} cores in the busiest {WINDOW_S:g} s, {mean:.2f} on average under load", measured
    )


def _cores(samples: Sequence[Record]) -> list[float]:
    cores: list[float] = []
    start: tuple[float, float] | None = None
    for sample in samples:
        now_s, cpu_s = sample["t_ns"] / 1e9, sample["cpu_seconds"]
        if start is None:
            start = (now_s, cpu_s)
        elif now_s - start[0] >= WINDOW_S:
            cores.append((cpu_s - start[1]) / (now_s - start[0]))
            start = (now_s, cpu_s)
    return cores


CHECK = Check(
    kind="cpu",
    summary="No five seconds under load use more cores than the document gives the service.",
    measure=measure,
    judge=judge,
    seconds=offered_load.SECONDS,
    group=offered_load.GROUP,
)
