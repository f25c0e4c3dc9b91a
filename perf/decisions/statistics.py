"""Every decision of this project, in one place: pure functions from stored figures to a `Decision`.

Each decides three ways at a stated error rate, and never passes on nothing: no samples, figures that are no
numbers, and failures alone end as `inconclusive` or `fail`.
"""

from __future__ import annotations

from perf.decisions.decision import Decision, DecisionOutcome
from perf.decisions.growth import decide_growth
from perf.decisions.mean_latency import decide_mean
from perf.decisions.proportion import decide_percentile, decide_rate, decide_score
from perf.decisions.throughput import decide_throughput
from perf.decisions.tolerance import decide_cold_starts

__all__ = [
    "Decision",
    "DecisionOutcome",
    "decide_cold_starts",
    "decide_growth",
    "decide_mean",
    "decide_percentile",
    "decide_rate",
    "decide_score",
    "decide_throughput",
]
