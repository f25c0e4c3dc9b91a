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

        name = name or ("mean" if self.quantile is None else "")

        def decided(times_ms: Values) -> Decision:
            if self.quantile is None:
                return decide_mean(times_ms.tolist(), self.limit_ms, charge_ms, alpha, looks(part), name)
            return decide_percentile(times_ms.tolist(), self.limit_ms, self.quantile, alpha, charge_ms, name)

        found = decided(times.measured_ms)
        if self.quantile is None:
            found = _with_whole_times(found, times.whole_ms, self.limit_ms, charge_ms, name)
        if not client_knows_itself(run):
            return found
        found = replace(found, detail={**found.detail, "client_moved_ms": round(times.moved_ms(self.quantile), 4)})
        against = {"pass": times.most_ms, "fail": times.least_ms}.get(found.outcome)
        if against is None or against is times.measured_ms or decided(against).outcome == found.outcome:
            return found
        return self._undecided(found, times)

    def basis(self, decision: Decision) -> str:
        """The decision's basis in one line, with longer times and what the client may have moved, of which limit."""
        parts, detail = [decision.basis], decision.detail
        if longer := detail.get("longer"):
            parts.append(
                f"{longer} took longer than {detail['charge_ms']:g} ms and count as that: "
                f"the mean of the whole times is {detail['whole_mean_ms']:.4g} ms"
            )
        if (moved_ms := detail.get("client_moved_ms")) is not None:
            parts.append(f"the client may have moved it by {self._moved(moved_ms)}")
        return ", ".join(parts)

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


def _with_whole_times(found: Decision, whole_ms: Values, limit_ms: float, charge_ms: float, name: str) -> Decision:
    """A mean is decided on times of at most the charge, which its guard needs.

    It never passes where the mean of the whole times is at or above the limit, and shows that mean where its interval
    does not hold it.
    """
    longer = int((whole_ms > charge_ms).sum())
    if not longer:
        return found
    mean_ms = float(whole_ms.mean())
    found = replace(found, detail={**found.detail, "longer": longer, "charge_ms": charge_ms, "whole_mean_ms": mean_ms})
    if found.outcome == "pass" and mean_ms >= limit_ms:
        reason = f"{found.reason}, but the mean of its whole times is {mean_ms:.4g} ms"
        found = replace(found, outcome="inconclusive", reason=reason, detail={**found.detail, "withdrawn": "pass"})
    if found.low is None or found.high is None or mean_ms <= found.high:
        return found
    if found.outcome == "fail":
        reason = f"{name} {mean_ms:.4g} ms, at least {found.low:.4g} ms: above {limit_ms:g} ms"
        found = replace(found, reason=reason)
    return replace(found, value=mean_ms, high=None)
