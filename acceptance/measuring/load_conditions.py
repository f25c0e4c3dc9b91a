"""Conditions for a throughput to count in a run: latency limits and errors.

A limit applies to its own request and its own statistic. An error rate of 1 % is the maximum under
which completions count at all; a document's own stricter limit can only make the run fail.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from signoff.acceptance.asked import is_percentile
from signoff.acceptance.criterion import Criterion, Load
from signoff.acceptance.errors import NotMeasurable
from signoff.perf.decisions.statistics import DecisionOutcome, decide_rate
from signoff.perf.load.client_part import TimeKind
from signoff.perf.load.load_run import LoadRun
from signoff.perf.load.time_limit import BY_CLIENT, TimeLimit

TIMES: Final = frozenset(get_args(TimeKind))
"""Kinds whose limit is on a time, and may be on one of the document's requests."""
MOST_ERRORS: Final = 0.01
MOST_ABOVE_RATE: Final = 2.5
"""A run has a stated rate if it sends that rate, or up to this many times as much: more is a harder question."""


def not_brought_about(load: Load | None) -> str:
    """What of a stated load no run offers yet, in words; "" where the shared run may hold it."""
    if load is None:
        return ""
    parts = []
    if "users" in load:
        parts.append(f"{load['users']} at once")
    if "duration_s" in load:
        parts.append(f"{load['duration_s']:g} s of load")
    parts += [load[key] for key in ("requests", "said") if key in load]
    return ", ".join(parts)


def require(load: Load | None) -> None:
    """Raises NotMeasurable if no run generates the load that a demand states."""
    if missing := not_brought_about(load):
        raise NotMeasurable(f"no run offers this load yet: {missing}", "measure it with signoff load")


def rate_differs(load: Load | None, rate_per_second: float) -> str:
    """Why a run at a rate does not hold the rate that a demand states; "" where it does."""
    stated = (load or {}).get("rate_per_s")
    if stated is None or stated <= rate_per_second * 1.01 <= MOST_ABOVE_RATE * stated * 1.02:
        return ""
    return (
        f"it is asked for at {stated:g} requests/s, and the document's other limits make the run {rate_per_second:g}/s"
    )


def time_limit(criterion: Criterion, of_a_stream: Sequence[str]) -> TimeLimit:
    """The limit of a criterion on a time.

    Requests are identified by their bodies without the fields `of_a_stream`: the run decides about streaming.
    """
    assert criterion.threshold is not None
    request, statistic = criterion.parameters.get("request"), criterion.threshold.statistic
    body = request.get("body") if isinstance(request, Mapping) else None
    if isinstance(body, Mapping):
        body = {name: value for name, value in body.items() if name not in of_a_stream}
    return TimeLimit(
        cast(TimeKind, criterion.kind), criterion.threshold.base()[0] * 1e3, _quantile(statistic or "mean"), body
    )


def stated(criteria: Sequence[Criterion], of_a_stream: Sequence[str]) -> list[dict[str, Any]]:
    """The limits of a document on latency and errors, as plain JSON for the records of the run."""
    found: list[dict[str, Any]] = []
    for criterion in criteria:
        if criterion.threshold is None or criterion.judge != "machine" or not_brought_about(criterion.load):
            continue
        if criterion.kind == "error_rate":
            found.append({"name": "errors", "id": criterion.id, "limit": criterion.threshold.base()[0]})
        elif criterion.kind == "latency":
            limit = time_limit(criterion, of_a_stream)
            found.append(
                {
                    "name": "latency",
                    "id": criterion.id,
                    "limit_ms": limit.limit_ms,
                    "statistic": criterion.threshold.statistic or "mean",
                    "body": limit.body,
                }
            )
    return found


def planned_by(conditions: Sequence[Mapping[str, Any]], throughput_per_second: float | None) -> dict[str, Any]:
    """The record of what a load run is planned by."""
    return {
        "conditions": conditions,
        "throughput_limit_per_second": throughput_per_second,
        "rate_is_stated": throughput_per_second is not None,
        "machine_cores": os.cpu_count(),
    }


@dataclass(frozen=True, slots=True)
class Conditions:
    """The outcome of each condition in a run by its name and criterion id, and those that the client leaves open."""

    outcomes: Mapping[str, DecisionOutcome]
    left_open: tuple[str, ...] = ()


def judged(run: LoadRun, conditions: Sequence[Mapping[str, Any]], alpha: float) -> Conditions:
    """A limit that only the client's lateness leaves undecided is open by itself: it decides nothing else."""
    marks = [not exchange.ok for exchange in run.exchanges]
    outcomes = {"errors": decide_rate(sum(marks), len(marks), MOST_ERRORS, alpha, marks).outcome}
    left_open = []
    for each in conditions:
        name = f"{each['name']} ({each['id']})"
        if each["name"] == "latency":
            body = each["body"] if isinstance(each["body"], Mapping) else None
            limit = TimeLimit("latency", each["limit_ms"], _quantile(str(each["statistic"])), body)
            decision = limit.decide(run, alpha)
            if BY_CLIENT in decision.detail:
                left_open.append(name)
            else:
                outcomes[name] = decision.outcome
        elif _errors_fail(marks, each["limit"], alpha):
            outcomes[name] = "fail"
    return Conditions(outcomes, tuple(left_open))


def held_up(run: LoadRun, criteria: Sequence[Criterion], of_a_stream: Sequence[str], alpha: float) -> str:
    """Which limits on a time only the client's lateness leaves undecided, in words; "" where there is none."""
    names = [
        each.name
        for each in criteria
        if each.kind in TIMES and each.judge == "machine" and each.threshold is not None
        if not not_brought_about(each.load)
        if BY_CLIENT in time_limit(each, of_a_stream).decide(run, alpha).detail
    ]
    return f"the client was late and leaves undecided: {', '.join(names)}" if names else ""


def _errors_fail(marks: Sequence[bool], limit: float, alpha: float) -> bool:
    if limit <= 0:
        return any(marks)
    return decide_rate(sum(marks), len(marks), limit, alpha, marks).outcome == "fail"


def _quantile(statistic: str) -> float | None:
    return float(statistic[1:]) / 100 if is_percentile(statistic) else None
