"""Latency under the offered rate stays below the limit, counted from the time a request was due."""

from __future__ import annotations

from collections.abc import Mapping

from acceptance import offered_load
from acceptance.checks.check import Check
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.verdict import Verdict, measured
from perf.statistics import decide_mean, decide_percentile


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Three-valued: the mean by batch means at planned looks, a percentile by order statistics.

    A limit on one request of the document is judged on that request's share of the run.
    """
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the client may have moved the figure: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    limit_ms = criterion.threshold.base()[0] * 1e3
    request = criterion.parameters.get("request")
    body = request.get("body") if isinstance(request, Mapping) else None
    run = run.of_body(body) if isinstance(body, Mapping) else run
    latencies_ms, timeout_ms = run.latencies_ms(), run.plan.timeout_s * 1e3
    statistic = criterion.threshold.statistic or "mean"
    if limit_ms >= timeout_ms:
        return Verdict("inconclusive", f"requests were given up after {timeout_ms:g} ms, before this limit")
    if statistic.startswith("p") and statistic[1:].replace(".", "", 1).isdigit():
        decision = decide_percentile(latencies_ms, limit_ms, float(statistic[1:]) / 100, alpha)
    else:
        decision = decide_mean(latencies_ms, limit_ms, timeout_ms, alpha, offered_load.looks(run))
    failed = sum(not exchange.ok for exchange in run.exchanges)
    charged = f"; {failed} failed requests charged at {timeout_ms:g} ms" if failed else ""
    return Verdict(
        decision.outcome,
        f"{decision.reason} at {run.plan.rate_per_second:g} requests/s{charged}",
        measured(decision, "ms"),
        mend="more requests decide it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, "outcomes": run.outcomes(), "stamps": run.health.stamps},
    )


CHECK = Check(
    kind="latency",
    summary="Latency, from the time a request was due, stays below the limit under the document's rate.",
    measure=offered_load.measure,
    judge=judge,
    faults=("slow",),
    seconds=offered_load.SECONDS,
    group=offered_load.GROUP,
)
