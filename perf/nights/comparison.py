"""Target against control over a night: the ratio of each figure with its interval over the pairs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Final

import scipy

from signoff.perf.load.load_figures import gaps_ms
from signoff.perf.load.load_run import LoadRun
from signoff.perf.nights.interleaved import Block

CONFIDENCE: Final = 0.95
LEAST_PAIRS: Final = 2


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of both sides (the mean over blocks), and target by control: above 1 is more than the control.

    `ratios` has one of each pair, in order; `low` and `high` are Student's 95 % interval of their geometric mean.
    """

    name: str
    unit: str
    target: float
    control: float
    ratio: float
    low: float
    high: float
    ratios: tuple[float, ...]


def latency_ms(run: LoadRun) -> float | None:
    """The mean from the intended time, failures charged at the time-out."""
    return fmean(run.latencies_ms()) if run.exchanges else None


def ttft_ms(run: LoadRun) -> float | None:
    """The mean time to the first token from the intended time, failures charged at the time-out; None unstreamed."""
    timeout_ms = run.plan.timeout_s * 1e3
    if not run.plan.stream or not run.exchanges:
        return None
    times = (each.ttft_ms if each.ok else None for each in run.exchanges)
    return fmean(timeout_ms if time is None else min(time, timeout_ms) for time in times)


def inter_token_latency_ms(run: LoadRun) -> float | None:
    """The mean gap between tokens of the streams that ended well."""
    gaps = gaps_ms([each for each in run.exchanges if each.ok])
    return float(gaps.mean()) if gaps.size else None


def throughput_per_second(run: LoadRun) -> float | None:
    """Good completions a second of the planned duration; None if there were none."""
    return run.achieved_per_second or None


FIGURES: Final[Mapping[str, tuple[str, Callable[[LoadRun], float | None]]]] = {
    "latency": ("ms", latency_ms),
    "ttft": ("ms", ttft_ms),
    "inter_token_latency": ("ms", inter_token_latency_ms),
    "throughput": ("1/s", throughput_per_second),
}


def compare(blocks: Sequence[Block]) -> list[Compared]:
    """Every figure that both sides of at least two pairs have."""
    runs = {(block.pair, block.side): block.run for block in blocks}
    found = []
    for name, (unit, figure) in FIGURES.items():
        pairs = []
        for pair in sorted({block.pair for block in blocks}):
            if (pair, "target") not in runs or (pair, "control") not in runs:
                continue
            target, control = figure(runs[pair, "target"]), figure(runs[pair, "control"])
            if target is not None and control is not None and target > 0 and control > 0:
                pairs.append((target, control))
        if len(pairs) >= LEAST_PAIRS:
            found.append(_compared(name, unit, pairs))
    return found


def _compared(name: str, unit: str, pairs: Sequence[tuple[float, float]]) -> Compared:
    logs = [math.log(target / control) for target, control in pairs]
    middle, count = fmean(logs), len(logs)
    half = float(scipy.special.stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * stdev(logs) / math.sqrt(count)
    return Compared(
        name=name,
        unit=unit,
        target=fmean(target for target, _ in pairs),
        control=fmean(control for _, control in pairs),
        ratio=math.exp(middle),
        low=math.exp(middle - half),
        high=math.exp(middle + half),
        ratios=tuple(math.exp(each) for each in logs),
    )
