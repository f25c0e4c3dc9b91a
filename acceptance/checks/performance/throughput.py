"""Completions keep up with the demanded rate while more than that is offered, and latency and errors hold."""

from __future__ import annotations

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import load_conditions, offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict, measured
from signoff.perf.decisions.statistics import decide_throughput


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if all three hold in one run: completions, each latency limit of the document, and errors below 1 %."""
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the client may have moved the figure: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    plan = run.plan
    stated = next(evidence.of("load"))["conditions"]
    conditions = load_conditions.judged(run, stated, alpha, offered_load.looks)
    decision = decide_throughput(
        run.completions_s(),
        run.arrivals_s(),
        limit_per_second=criterion.threshold.value,
        duration_s=plan.duration_s,
        alpha=alpha,
        conditions=conditions,
    )
    return Verdict(
        decision.outcome,
        f"{decision.reason} ({decision.basis})",
        measured(decision, "requests/s"),
        hint="a longer run decides it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, "outcomes": run.outcomes()},
    )


CHECK = Check(KINDS["throughput"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
