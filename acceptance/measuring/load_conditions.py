"""Conditions for a throughput to count in a run: latency limits and errors.

A limit applies to its own request and its own statistic. An error rate of 1 % is the maximum under
which completions count at all; a document's own stricter limit can only make the run fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from signoff.acceptance.criterion import Criterion, Load
from signoff.acceptance.errors import NotMeasurable
from signoff.perf.decisions.statistics import DecisionOutcome, decide_mean, decide_percentile, decide_rate
from signoff.perf.load.load_run import LoadRun

MOST_ERRORS: Final = 0.01
MOST_ABOVE_RATE: Final = 2.5
"""A run offers a stated rate where it offers it, or up to so many times as much: more is a harder question."""


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
    """Raises NotMeasurable where no run offers the load that a demand states."""
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


def stated(criteria: Sequence[Criterion], of_a_stream: Sequence[str]) -> list[dict[str, Any]]:
    """The limits of a document on latency and errors, as plain JSON for the records of the run.

    Requests are identified by their bodies without the fields `of_a_stream`: the run decides about streaming.
    """
    found = []
    for criterion in criteria:
        if criterion.threshold is None or criterion.judge != "machine" or not_brought_about(criterion.load):
            continue
        limit = criterion.threshold.base()[0]
        if criterion.kind == "error_rate":
            found.append({"name": "errors", "id": criterion.id, "limit": limit})
        elif criterion.kind == "latency":
            request = criterion.parameters.get("request")
            body = request.get("body") if isinstance(request, Mapping) else None
            if isinstance(body, Mapping):
                body = {name: value for name, value in body.items() if name not in of_a_stream}
            found.append(
                {
                    "name": "latency",
                    "id": criterion.id,
                    "limit_ms": limit * 1e3,
                    "statistic": criterion.threshold.statistic or "mean",
                    "body": body,
                }
            )
    return found


def judged(
    run: LoadRun, conditions: Sequence[Mapping[str, Any]], alpha: float, looks: Callable[[LoadRun], tuple[int, ...]]
) -> dict[str, DecisionOutcome]:
    """The result of each condition in this run, by its name and criterion id; `looks` are those of a mean."""
    marks = [not exchange.ok for exchange in run.exchanges]
    outcomes = {"errors": decide_rate(sum(marks), len(marks), MOST_ERRORS, alpha, marks).outcome}
    for each in conditions:
        name = f"{each['name']} ({each['id']})"
        if each["name"] == "latency":
            outcomes[name] = _latency(run, each, alpha, looks)
        elif _errors_fail(marks, each["limit"], alpha):
            outcomes[name] = "fail"
    return outcomes


def _errors_fail(marks: Sequence[bool], limit: float, alpha: float) -> bool:
    if limit <= 0:
        return any(marks)
    return decide_rate(sum(marks), len(marks), limit, alpha, marks).outcome == "fail"


def _latency(
    run: LoadRun, condition: Mapping[str, Any], alpha: float, looks: Callable[[LoadRun], tuple[int, ...]]
) -> DecisionOutcome:
    body, limit_ms, statistic = condition["body"], condition["limit_ms"], str(condition["statistic"])
    if isinstance(body, Mapping):
        run = run.of_body(body)
    times_ms, timeout_ms = run.latencies_ms(), run.plan.timeout_s * 1e3
    if limit_ms >= timeout_ms:
        return "inconclusive"
    if statistic.startswith("p") and statistic[1:].replace(".", "", 1).isdigit():
        return decide_percentile(times_ms, limit_ms, float(statistic[1:]) / 100, alpha, timeout_ms).outcome
    return decide_mean(times_ms, limit_ms, timeout_ms, alpha, looks(run)).outcome
