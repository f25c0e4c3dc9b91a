"""The service uses no more cores than the document gives it."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.checks.performance.memory import measure, of_process
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import ended_process, offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Measured, Verdict

WINDOW_S = 5.0


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the used cores, on average or in the busiest five seconds of the load run, are within the limit."""
    assert criterion.threshold is not None
    if idle := offered_load.unserved(evidence):
        return Verdict("inconclusive", idle)
    samples = offered_load.last_attempt(evidence, "memory")
    usages = _cores(samples)
    if not usages:
        return Verdict("inconclusive", f"the run held no whole window of {WINDOW_S:g} s")
    most, mean, limit = max(usages), sum(usages) / len(usages), criterion.threshold.value
    is_most = criterion.threshold.statistic == "max"
    judged = most if is_most else mean
    figure = Measured(round(judged, 3), "cores", min(usages), most, len(usages))
    found = f"{mean:.2f} cores on average under load, {most:.2f} in the busiest {WINDOW_S:g} s{of_process(evidence)}"
    if judged > limit:
        # A mean over a part of the run is none of the run; what was used at most, was used.
        is_certain = is_most or not ended_process.said(evidence)
        return Verdict("fail" if is_certain else "inconclusive", f"{found}; {limit:g} are allowed", figure)
    present = next(evidence.of("load"))["machine_cores"]
    no_more = f"this machine has {present} cores, so more than {limit:g} could not be used here"
    return Verdict("pass", found, figure, assumptions=(no_more,) if present <= limit else ())


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


CHECK = Check(KINDS["cpu"], measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP, of_process=True)
