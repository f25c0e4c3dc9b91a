"""Latency under the offered rate stays below the limit, counted from the time a request was due."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from signoff.acceptance.asked import is_percentile, timed
from signoff.acceptance.checks.performance.kinds import KINDS, NOUNS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load, route_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict, measured
from signoff.perf.decisions.statistics import decide_mean, decide_percentile
from signoff.perf.load.load_run import LoadRun

Times = Callable[[LoadRun, float], Sequence[float]]
"""The times of a run in ms, in order of intended time; failures, and what takes longer, count as the float."""


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Three-valued, on the time from when a request was due to its end."""
    return decide(criterion, evidence, lambda run, most_ms: run.latencies_ms())


def decide(criterion: Criterion, evidence: Evidence, times: Times, most_in_limits: float | None = None) -> Verdict:
    """The mean by batch means at planned looks, a percentile by order statistics.

    A limit on one request of the document is judged on that request's share of the run. No time counts as more than
    the run's time-out, or a multiple of the limit.
    """
    assert criterion.threshold is not None
    run = offered_load.run_of(evidence)
    if not run.valid:
        return Verdict("error", f"the client may have moved the figure: {run.reason}")
    alpha = next(evidence.of("setup"))["alpha"]
    limit_ms = criterion.threshold.base()[0] * 1e3
    request = criterion.parameters.get("request")
    body = request.get("body") if isinstance(request, Mapping) else None
    if isinstance(body, Mapping) and not route_load.is_of_another_route(criterion):
        # Whether it is streamed is the run's affair.
        run = run.of_body({name: value for name, value in body.items() if name not in offered_load.OF_A_STREAM})
    timeout_ms = run.plan.timeout_s * 1e3
    statistic = criterion.threshold.statistic or "mean"
    if limit_ms >= timeout_ms:
        return Verdict("inconclusive", f"requests were given up after {timeout_ms:g} ms, before this limit")
    most_ms = timeout_ms if most_in_limits is None else min(timeout_ms, limit_ms * most_in_limits)
    times_ms = times(run, most_ms)
    name = timed(NOUNS[criterion.kind], statistic)
    if is_percentile(statistic):
        decision = decide_percentile(times_ms, limit_ms, float(statistic[1:]) / 100, alpha, most_ms, name)
    else:
        decision = decide_mean(times_ms, limit_ms, most_ms, alpha, offered_load.looks(run), name)
    failed = sum(not exchange.ok for exchange in run.exchanges)
    charged = f"; {failed} failed requests charged at {most_ms:g} ms" if failed else ""
    return Verdict(
        decision.outcome,
        f"{decision.reason} at {run.plan.rate_per_second:g} requests/s{charged} ({decision.basis})",
        measured(decision, "ms"),
        hint="more requests decide it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, "outcomes": run.outcomes(), "stamps": run.health.stamps},
    )


CHECK = Check(KINDS["latency"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP)
