"""One run of a tool against a truth server: its figures, the truth, and what it cost."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

import numpy as np
import psutil

from signoff.perf.processes.memory_sampler import MemorySampler
from signoff.perf.processes.process_tree import Sample
from tests.bench.pace import Pace
from tests.bench.tools import Figures, Load, Tool
from tests.bench.truth import Truth, quantiles, serving

LIMIT_S = 240
"""So long after its load a tool may still take to start and to tell."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a tool told and what was true, in ms. `cpu_s_per_1000_events` is of the time under load alone."""

    tool: str
    offered: float
    achieved: float
    served: int
    answered: int
    reported: dict[str, dict[str, float]]
    truth: dict[str, dict[str, float]]
    truth_known_within_ms: float
    cpu_s_per_1000_events: float
    cpu_cores: float
    peak_mib: float
    valid: bool | None
    busy_elsewhere: float
    """Cores that others than the tool and the server used, on average."""
    more: dict[str, Any]

    def error_ms(self, figure: str, quantile: str) -> float:
        """How far a told figure is from the truth."""
        return abs(self.reported[figure][quantile] - self.truth[figure][quantile])

    @property
    def sustained(self) -> bool:
        """Whether the tool offered what was asked and answered all of it.

        Arrivals are random: of few requests as many may be missing as twice the deviation of their number.
        """
        short = max(0.05, 2 / math.sqrt(max(1, self.served)))
        return self.achieved >= (1 - short) * self.offered and self.answered >= 0.95 * self.served

    def as_record(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


class Server(Protocol):
    """What serves a tool and knows what it served."""

    base: str

    def truth(self) -> Truth: ...


class Unmeasured(Exception):
    """A tool did not come to an end, or told nothing."""


def measure(tool: Tool, pace: Pace, load: Load) -> Measured:
    """Runs a tool against a server of its own. Raises Unmeasured."""
    return measure_at(tool, serving(pace), load)


def measure_at(tool: Tool, serves: contextlib.AbstractContextManager[Server], load: Load) -> Measured:
    """Runs a tool against what `serves`. Raises Unmeasured."""
    with serves as server:
        load = replace(load, url=server.base)
        for left in ("aiperf", "guidellm.json", "signoff.json"):
            path = load.folder / left
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        samples, machine = _run(tool, load)
        try:
            figures = tool.figures(load)
        except (OSError, KeyError, ValueError) as error:
            raise Unmeasured(f"{tool.name} at {load.rate:g}/s told nothing: {error!r}") from None
        truth = server.truth()
    return compare(tool.name, load, figures, truth, samples, machine)


@dataclass(frozen=True, slots=True)
class Machine:
    """What all processes of the machine used while a tool ran."""

    wall_s: float
    busy_s: float


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _run(tool: Tool, load: Load) -> tuple[tuple[Sample, ...], Machine]:
    log = load.folder / f"{tool.name}.log"
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    begin, busy = time.monotonic(), _busy_s()
    with log.open("wb") as output:
        process = subprocess.Popen(
            tool.command(tool.program, load),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=load.folder,
            start_new_session=True,
        )
        try:
            with MemorySampler(process.pid) as sampler:
                status = process.wait(2 * load.duration_s + LIMIT_S)
        except subprocess.TimeoutExpired:
            raise Unmeasured(f"{tool.name} at {load.rate:g}/s did not end") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it may have left behind
            process.wait()
    if status not in tool.settles:
        raise Unmeasured(f"{tool.name} at {load.rate:g}/s ended with {status}: {log}")
    return sampler.samples, Machine(time.monotonic() - begin, _busy_s() - busy)


def compare(
    name: str,
    load: Load,
    figures: Figures,
    truth: Truth,
    samples: Sequence[Sample],
    machine: Machine,
) -> Measured:
    """Figures beside the truth. A tool that repeats its run is compared with the last one."""
    if figures.more is not None and figures.answered:
        truth = truth.last(figures.answered)
    first, last = truth.window_ns()
    gaps = truth.gaps_ms() if figures.gaps == "each gap" else truth.mean_gaps_ms()
    used = _cpu_at(samples, last) - _cpu_at(samples, first)
    return Measured(
        tool=name,
        offered=load.rate,
        achieved=truth.rate_per_second(),
        served=int(truth.whole.sum()),
        answered=figures.answered,
        reported={"ttft": figures.ttft_ms, "itl": figures.itl_ms},
        truth={"ttft": quantiles(truth.ttft_ms()), "itl": quantiles(gaps)},
        truth_known_within_ms=quantiles(truth.writing_ms())["p99"],
        cpu_s_per_1000_events=used / truth.events * 1000,
        cpu_cores=used / ((last - first) / 1e9),
        peak_mib=max(each.rss_bytes for each in samples) / 2**20,
        valid=figures.valid,
        busy_elsewhere=max(0.0, machine.busy_s - samples[-1].cpu_seconds - truth.cpu_s) / machine.wall_s,
        more=figures.more or {},
    )


def _cpu_at(samples: Sequence[Sample], t_ns: int) -> float:
    times = [each.t_ns for each in samples]
    return float(np.interp(t_ns, times, [each.cpu_seconds for each in samples]))
