"""The times of a load run as measured, and as they can have been for a client that is never late.

A late send makes every time longer that counts from when a request was due, and so does a late stamp. Only a time
between tokens can also have become shorter, by a late stamp of the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from signoff.perf.client.exchange import Exchange
from signoff.perf.load.client_validity import Spread
from signoff.perf.load.load_run import LoadRun

TimeKind = Literal["latency", "ttft", "inter_token_latency"]
Values = NDArray[np.float64]
MEDIAN: Final = 0.5


@dataclass(frozen=True, slots=True)
class BoundedTimes:
    """Times in ms in order of intended time: as measured, and the bounds of what they were without the client's part.

    A failure is charged alike in all three. `whole_ms` are those measured, with a time-out at what was waited for.
    """

    measured_ms: Values
    least_ms: Values
    most_ms: Values
    whole_ms: Values

    def moved_ms(self, quantile: float | None) -> float:
        """How far the client may have moved the quantile, or the mean where it is None."""
        least, measured, most = (_figure(each, quantile) for each in (self.least_ms, self.measured_ms, self.most_ms))
        return max(measured - least, most - measured)


def bounded_times(run: LoadRun, kind: TimeKind, quantile: float | None, charge_ms: float) -> BoundedTimes:
    """The times of every request, failures charged at `charge_ms`.

    An answer that came whole counts with its end as its first token; one without two tokens has no time between them.
    What the kernel did not stamp may be as late as the event loop: on average for a mean, by its p99 for a tail.
    """
    read_late_ms = _read_late_ms(run.health.loop_lag_ms, quantile)
    timeout_ms = max(charge_ms, run.plan.timeout_s * 1e3)
    found: list[tuple[float, float, float]] = []
    whole: list[float] = []
    for each in sorted(run.exchanges, key=lambda exchange: (exchange.intended_ns, exchange.sequence)):
        if each.ok:
            time = _TIMES[kind](each, read_late_ms if each.stamps == "user" else 0.0)
            if time is not None:
                found.append(time)
                whole.append(time[1])
        else:
            found.append((charge_ms,) * 3)
            whole.append(timeout_ms if _waited_in_vain(each, kind) else charge_ms)
    least, measured, most = np.asarray(found, dtype=float).reshape(-1, 3).T
    return BoundedTimes(measured, np.minimum(np.maximum(0.0, least), measured), most, np.asarray(whole, dtype=float))


def _waited_in_vain(each: Exchange, kind: TimeKind) -> bool:
    """Whether a failed request is known to have taken at least the time-out."""
    if each.outcome != "timeout" or kind == "inter_token_latency":
        return False
    return kind == "latency" or each.first_token_ns is None


def client_knows_itself(run: LoadRun) -> bool:
    """Whether the run has what the client's part is taken from: another tool's run has not."""
    return run.health.loop_lag_ms is not None or run.health.stamps == "kernel"


def _latency_ms(each: Exchange, read_late_ms: float) -> tuple[float, float, float]:
    measured_ms = each.latency_ms
    return measured_ms - _send_late_ms(each) - read_late_ms, measured_ms, measured_ms


def _ttft_ms(each: Exchange, read_late_ms: float) -> tuple[float, float, float]:
    if each.first_token_ns is None:
        return _latency_ms(each, read_late_ms)
    measured_ms = (each.first_token_ns - each.intended_ns) / 1e6
    late_ms = _send_late_ms(each) + _merged_ms(each, each.first_token_ns, each.token_ns[1:2]) + read_late_ms
    return measured_ms - late_ms, measured_ms, measured_ms


def _inter_token_latency_ms(each: Exchange, read_late_ms: float) -> tuple[float, float, float] | None:
    """Servers that send several tokens in a piece are counted by tokens."""
    gaps = gaps_of_tokens(each)
    if not gaps:
        return None
    assert each.first_token_ns is not None
    assert each.last_token_ns is not None
    span_ms = (each.last_token_ns - each.first_token_ns) / 1e6
    first_late_ms = _merged_ms(each, each.first_token_ns, each.token_ns[1:2]) + read_late_ms
    last_late_ms = _merged_ms(each, each.last_token_ns, ()) + read_late_ms
    return (span_ms - last_late_ms) / gaps, span_ms / gaps, (span_ms + first_late_ms) / gaps


def gaps_of_tokens(each: Exchange) -> int:
    """How many gaps between tokens an answer shows; 0 where no two pieces came."""
    if each.first_token_ns is None or each.last_token_ns is None or len(each.token_ns) < 2:
        return 0
    return max(each.completion_tokens or 0, len(each.token_ns)) - 1


_TIMES: Final = {"latency": _latency_ms, "ttft": _ttft_ms, "inter_token_latency": _inter_token_latency_ms}


def _send_late_ms(each: Exchange) -> float:
    return (each.send_lag_ns or 0) / 1e6


def _merged_ms(each: Exchange, stamp_ns: int, next_ns: Sequence[int]) -> float:
    """How late a stamp may be that a token shares with what came next: a read has the stamp of its last packet."""
    after_ns = next_ns[0] if next_ns else each.finished_ns
    return each.receive_lag_ns / 1e6 if stamp_ns == after_ns else 0.0


def _read_late_ms(loop_lag: Spread | None, quantile: float | None) -> float:
    if loop_lag is None:
        return 0.0
    return loop_lag.mean if quantile is None or quantile <= MEDIAN else loop_lag.p99


def _figure(times_ms: Values, quantile: float | None) -> float:
    if not times_ms.size:
        return 0.0
    return float(times_ms.mean() if quantile is None else np.quantile(times_ms, quantile, method="inverted_cdf"))
