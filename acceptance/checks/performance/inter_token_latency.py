"""The time from token to token stays below the limit under the document's rate."""

from __future__ import annotations

from dataclasses import replace

from signoff.acceptance.checks.performance.kinds import KINDS
from signoff.acceptance.checks.performance.latency import decide
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import offered_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict
from signoff.perf.client.exchange import Exchange
from signoff.perf.load.load_run import LoadRun


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """As a latency, on each answer's mean time between tokens; times count at most as five times the limit."""
    run = offered_load.run_of(evidence)
    if not run.plan.stream:
        return Verdict("fail", "the server does not take a request for a stream, so its tokens do not come one by one")
    if not any(_between_ms(each) is not None for each in run.exchanges):
        return Verdict("fail", f"none of {len(run.exchanges)} answers to requests for a stream came in several pieces")
    verdict = decide(criterion, evidence, _times_ms, offered_load.TIMEOUT_IN_LIMITS)
    said = "an answer counts with the mean time between its tokens; one of a single token says nothing"
    return replace(verdict, assumptions=(*verdict.assumptions, said))


def _times_ms(run: LoadRun, most_ms: float) -> list[float]:
    times = [_between_ms(each) if each.ok else most_ms for each in run.exchanges]
    return [min(time_ms, most_ms) for time_ms in times if time_ms is not None]


def _between_ms(exchange: Exchange) -> float | None:
    """None if an answer has no two pieces; servers that send several tokens in a piece are counted by tokens."""
    if exchange.first_token_ns is None or exchange.last_token_ns is None or len(exchange.token_ns) < 2:
        return None
    tokens = max(exchange.completion_tokens or 0, len(exchange.token_ns))
    return (exchange.last_token_ns - exchange.first_token_ns) / 1e6 / (tokens - 1)


CHECK = Check(
    KINDS["inter_token_latency"], offered_load.measure, judge, seconds=offered_load.SECONDS, group=offered_load.GROUP
)
