"""Client overhead check: whether the client's lateness could have moved a figure."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from signoff.perf.client.exchange import OWN_FAULTS, Exchange, Stamps
from signoff.perf.load.load_figures import FIGURES, figure_of, series

TOLERANCE = 0.02
"""The share of the limit (or of the figure, or of a window) by which the client may have moved it."""
WINDOW_MS = 5000.0
"""Completions are counted in windows of this length. Sends that are late by a good part of it are another load."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and upper quantiles of a lateness, in milliseconds."""

    mean: float
    p50: float
    p99: float
    max: float

    @classmethod
    def of(cls, values_ns: Sequence[int]) -> Spread | None:
        """None if there is nothing to report."""
        if not len(values_ns):
            return None
        values = np.asarray(values_ns, dtype=float) / 1e6
        p50, p99 = np.quantile(values, (0.5, 0.99), method="higher")
        return cls(*(round(float(each), 4) for each in (values.mean(), p50, p99, values.max())))


@dataclass(frozen=True, slots=True)
class ClientHealth:
    """The client's part in a run. `valid` is False if it changed the figure too much; `reason` says why.

    `moved` names the most affected figure, and `moved_share` is the share of it. `cpu_share` is in cores,
    of all its processes together.
    """

    valid: bool
    reason: str
    stamps: Stamps
    send_lag_ms: Spread | None
    receive_lag_ms: Spread | None
    loop_lag_ms: Spread | None
    cpu_share: float
    steal_share: float | None
    kernel_reads: int
    user_reads: int
    clock_steps: int
    moved_share: float | None = None
    moved: str = ""

    def as_record(self) -> dict[str, Any]:
        return {"record": "client", **asdict(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ClientHealth:
        values = {name: value for name, value in record.items() if name != "record"}
        for name in ("send_lag_ms", "receive_lag_ms", "loop_lag_ms"):
            values[name] = None if values[name] is None else Spread(**values[name])
        return cls(**values)


@dataclass(frozen=True, slots=True)
class ClientUse:
    """Self-measurements of one client process during a run."""

    loop_lag_ns: tuple[int, ...]
    kernel_reads: int
    user_reads: int
    clock_steps: int
    cpu_share: float
    steal_share: float | None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> ClientUse:
        return cls(**{**record, "loop_lag_ns": tuple(record["loop_lag_ns"])})


class Usage:
    """CPU time of this process and of the machine since it was made."""

    def __init__(self) -> None:
        self._wall_ns = time.monotonic_ns()
        self._cpu_ns = time.process_time_ns()
        self._machine = _machine_ticks()

    def cpu_share(self) -> float:
        """Cores that this process used, on average."""
        wall_ns = max(1, time.monotonic_ns() - self._wall_ns)
        return round((time.process_time_ns() - self._cpu_ns) / wall_ns, 4)

    def steal_share(self) -> float | None:
        """The share of CPU time that the hypervisor gave to others (steal); None if unknown."""
        now = _machine_ticks()
        if now is None or self._machine is None:
            return None
        total = now[1] - self._machine[1]
        return round((now[0] - self._machine[0]) / total, 4) if total > 0 else 0.0


def _machine_ticks() -> tuple[int, int] | None:
    """(stolen, all) clock ticks of all cores, from the first line of /proc/stat (proc(5))."""
    try:
        first = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        ticks = [int(each) for each in first[1:9]]
    except (OSError, ValueError):
        return None
    return (ticks[7], sum(ticks)) if len(ticks) == 8 else None


def judge_client(
    exchanges: Sequence[Exchange],
    planned: int,
    *,
    limit_ms: float | None,
    figure: Literal["mean", "p99"],
    uses: Sequence[ClientUse],
    interrupted: bool = False,
    flaw: str = "",
    judged_apart: bool = False,
) -> ClientHealth:
    """The health of a run's client, over all its processes.

    The lateness of a send is part of every latency that counts from the intended time. The lateness of a read
    is not, if the kernel timestamped the arrival; otherwise the event loop's lag is used. With a
    limit the lateness is compared with the limit, otherwise each figure with itself without the lateness. Where each
    figure is `judged_apart`, lateness makes the run invalid only if the load was not the planned one.
    `flaw` is any other reason for an invalid run.
    """
    kernel_reads = sum(each.kernel_reads for each in uses)
    user_reads = sum(each.user_reads for each in uses)
    clock_steps = max((each.clock_steps for each in uses), default=0)
    stepped = sum(each.clock_steps for each in uses)
    stamps: Stamps = "kernel" if kernel_reads > 0 and user_reads <= 0.001 * kernel_reads + stepped else "user"
    send_lag = Spread.of([lag for each in exchanges if (lag := each.send_lag_ns) is not None])
    receive_lag = Spread.of([e.receive_lag_ns for e in exchanges if e.stamps == "kernel" and e.first_byte_ns])
    loop_lag = Spread.of([lag for each in uses for lag in each.loop_lag_ns])
    if judged_apart:
        share, moved = _moved_of_load(send_lag)
    elif limit_ms is None:
        share, moved = _moved_of_figures(exchanges, loop_lag, FIGURES if figure == "p99" else (figure,))
    else:
        share, moved = _moved_of_limit(limit_ms, figure, stamps, send_lag, loop_lag)
    own = [each for each in exchanges if each.outcome in OWN_FAULTS]
    reason = flaw
    if reason:
        pass
    elif interrupted or any(each.outcome == "interrupted" for each in own):
        reason = "the run was interrupted"
    elif len(exchanges) < planned:
        reason = f"{planned - len(exchanges)} of {planned} requests were never sent"
    elif own:
        reason = f"{len(own)} requests failed for want of resources of the client: {own[0].error}"
    elif not exchanges:
        reason = "no request was sent"
    elif share is not None and share > TOLERANCE:
        reason = f"the client was late and may have moved {moved}, more than {TOLERANCE:.0%}: give it its own core"
    steals = [each.steal_share for each in uses if each.steal_share is not None]
    return ClientHealth(
        valid=not reason,
        reason=reason,
        stamps=stamps,
        send_lag_ms=send_lag,
        receive_lag_ms=receive_lag,
        loop_lag_ms=loop_lag,
        cpu_share=round(sum(each.cpu_share for each in uses), 4),
        steal_share=max(steals, default=None),
        kernel_reads=kernel_reads,
        user_reads=user_reads,
        clock_steps=clock_steps,
        moved_share=None if share is None else round(share, 5),
        moved=moved,
    )


def _moved_of_load(send_lag: Spread | None) -> tuple[float | None, str]:
    """(share of a window, in words) by which the requests left later than planned."""
    late_ms = send_lag.mean if send_lag else 0.0
    share = late_ms / WINDOW_MS
    return share, f"the load: requests left {late_ms:.3g} ms late on average, {share:.2%} of {WINDOW_MS / 1e3:g} s"


def _moved_of_limit(
    limit_ms: float, figure: Literal["mean", "p99"], stamps: Stamps, send_lag: Spread | None, loop_lag: Spread | None
) -> tuple[float, str]:
    """(share of the limit, in words) by which the client's lateness may have moved the judged figure."""
    moved_ms = getattr(send_lag, figure) if send_lag else 0.0
    if stamps == "user" and loop_lag is not None:
        moved_ms += getattr(loop_lag, figure)
    share = moved_ms / limit_ms
    return share, f"the {figure} by {moved_ms:.3g} ms of the limit of {limit_ms:g} ms ({share:.2%})"


def _moved_of_figures(
    exchanges: Sequence[Exchange], loop_lag: Spread | None, figures: Sequence[str]
) -> tuple[float | None, str]:
    """(share, in words) of the figure that the client's lateness may have moved furthest, of itself."""
    worst: tuple[float | None, str] = (None, "")
    for each in series(exchanges):
        for figure in figures:
            read_late_ms = 0.0 if loop_lag is None else loop_lag.mean if figure in ("mean", "p50") else loop_lag.p99
            if figure == "mean" and each.name == "the time between tokens":
                continue  # where a gap grew, its neighbour shrank
            part_ms = each.client_ms + np.where(each.unstamped, read_late_ms, 0.0)
            value_ms = figure_of(each.times_ms, figure)
            moved_ms = value_ms - figure_of(np.maximum(0.0, each.times_ms - part_ms), figure)
            share = moved_ms / value_ms if value_ms > 0 else 0.0
            if worst[0] is None or share > worst[0]:
                worst = share, f"the {figure} of {each.name} by {moved_ms:.3g} of {value_ms:.4g} ms ({share:.2%})"
    return worst
