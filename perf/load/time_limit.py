"""Decides a limit on a time of a load run: what the client may have moved is held against this limit alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from signoff.perf.decisions.decision import Decision, undecided
from signoff.perf.decisions.mean_latency import LOOKS
from signoff.perf.decisions.statistics import decide_mean, decide_percentile
from signoff.perf.load.client_part import BoundedTimes, TimeKind, Values, bounded_times, client_knows_itself
from signoff.perf.load.load_run import LoadRun

CHARGED_AT_LIMITS: Final = 5
"""A failure counts as this many limits, and in a mean an answer that takes longer does too."""
BY_CLIENT: Final = "undecided_by_client"


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A limit on the mean of a time, or on a quantile of it; on the requests with the fields of `body` if given."""

    kind: TimeKind
    limit_ms: float
    quantile: float | None = None
    body: Mapping[str, Any] | None = None

    def of(self, run: LoadRun) -> LoadRun:
        """The part of a run that it is about."""
        return run if self.body is None else run.of_body(self.body)

    def charge_ms(self, run: LoadRun) -> float:
        """What a failure counts as: never by another limit than this one."""
        return min(run.plan.timeout_s * 1e3, self.limit_ms * CHARGED_AT_LIMITS)

    def decide(self, run: LoadRun, alpha: float, name: str = "") -> Decision:
        """Three-way decision on the measured times.

        A pass has to hold with the longest times that the client's lateness leaves possible, a fail with the
        shortest. `detail` has `client_moved_ms`, and `undecided_by_client` where only the client prevents one.
        """
        part = self.of(run)
        charge_ms = self.charge_ms(part)
        if self.limit_ms >= charge_ms:
            return undecided(f"requests were given up after {charge_ms:g} ms, before this limit")
        times = bounded_times(part, self.kind, self.quantile, charge_ms)

        def decided(times_ms: Values) -> Decision:
            if self.quantile is None:
                return decide_mean(times_ms.tolist(), self.limit_ms, charge_ms, alpha, looks(part), name or "mean")
            return decide_percentile(times_ms.tolist(), self.limit_ms, self.quantile, alpha, charge_ms, name)

        found = decided(times.measured_ms)
        if self.quantile is None:
            found = _with_whole_times(found, times.whole_ms, self.limit_ms, charge_ms)
        if not client_knows_itself(run):
            return found
        found = replace(found, detail={**found.detail, "client_moved_ms": round(times.moved_ms(self.quantile), 4)})
        against = {"pass": times.most_ms, "fail": times.least_ms}.get(found.outcome)
        if against is None or against is times.measured_ms or decided(against).outcome == found.outcome:
            return found
        return self._undecided(found, times)

    def moved_text(self, decision: Decision) -> str:
        """What the client may have moved and the limit it is held against, in words; "" where that is unknown."""
        moved_ms = decision.detail.get("client_moved_ms")
        if moved_ms is None:
            return ""
        return f"the client may have moved it by {self._moved(moved_ms)}"

    def _moved(self, moved_ms: float) -> str:
        return f"{moved_ms:.3g} ms, {moved_ms / self.limit_ms:.2%} of the limit of {self.limit_ms:g} ms"

    def _undecided(self, found: Decision, times: BoundedTimes) -> Decision:
        moved = self._moved(times.moved_ms(self.quantile))
        reason = f"{found.reason}, but this is not shown without what the client may have moved: {moved}"
        detail = {**found.detail, "withdrawn": found.outcome, BY_CLIENT: True}
        return replace(found, outcome="inconclusive", reason=reason, detail=detail)


def looks(run: LoadRun) -> tuple[int, ...]:
    """The looks at the mean: the planned ones well below the planned number of requests, and that number."""
    planned = len(run.exchanges)
    return (*(look for look in LOOKS if look * 1.1 < planned), planned) if planned >= LOOKS[0] else LOOKS


def _with_whole_times(found: Decision, whole_ms: Values, limit_ms: float, charge_ms: float) -> Decision:
    """A mean is decided on times of at most the charge, which its guard needs.

    It never passes where the mean of the whole times is at or above the limit, and shows that mean where its interval
    does not hold it.
    """
    longer = int((whole_ms > charge_ms).sum())
    if not longer:
        return found
    mean_ms = float(whole_ms.mean())
    reason = (
        f"{found.reason}; {longer} of {len(whole_ms)} requests took longer than {charge_ms:g} ms and count as that, "
        f"and with their whole times the mean of all is {mean_ms:.4g} ms"
    )
    found = replace(found, reason=reason, detail={**found.detail, "longer": longer, "whole_mean_ms": mean_ms})
    if found.high is not None and mean_ms > found.high:
        found = replace(found, value=mean_ms, high=None)
    if found.outcome == "pass" and mean_ms >= limit_ms:
        found = replace(found, outcome="inconclusive", detail={**found.detail, "withdrawn": "pass"})
    return found
