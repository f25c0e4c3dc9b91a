"""How often each verdict errs, and how much it has to see: simulated, with exact intervals.

`python -m tests.calibration.calibrate [--runs 4000] [--only mean,percentile,...] [--elsewhere]` prints one table a
rule and ends with status 1 where a rate that is promised is not kept.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from signoff.perf.decisions.mean_latency import LOOKS
from signoff.perf.decisions.proportion import share_bounds
from signoff.perf.decisions.statistics import (
    Decision,
    decide_cold_starts,
    decide_growth,
    decide_mean,
    decide_percentile,
    decide_rate,
    decide_throughput,
)
from tests.calibration.worlds import ELSEWHERE, LIMIT_MS, TIMEOUT_MS, WORLDS, scale

Sample = tuple[str, int]
"""What a decision said, and how much it had seen."""


@dataclass(frozen=True, slots=True)
class Case:
    """One truth of one world. `counted` is the outcome whose rate is shown; `most` and `least` what is promised."""

    rule: str
    world: str
    truth: str
    counted: str
    draw: Callable[..., Sample]
    arguments: tuple[object, ...]
    most: float | None = None
    least: float | None = None
    mean_most: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A case as it came out: rate of the counted outcome with its 95 % interval, of its contradiction, and the mean
    seen."""

    case: Case
    runs: int
    count: int
    contradictions: float
    seen: float
    seen_error: float

    @property
    def kept(self) -> bool:
        """Whether the rate that is promised is the rate that was found."""
        rate = self.count / self.runs
        return (
            (self.case.most is None or rate <= self.case.most)
            and (self.case.least is None or rate >= self.case.least)
            and (self.case.mean_most is None or self.seen < self.case.mean_most)
            and (self.case.rule != "mean" or self.contradictions <= 0.002)
        )

    def text(self) -> str:
        low, high = share_bounds(self.count, self.runs, 0.025)
        case = self.case
        promise = f"<= {case.most:.1%}" if case.most is not None else f">= {case.least:.1%}" if case.least else ""
        return (
            f"{case.rule:<11} {case.world:<20} {case.truth:<17} {case.counted:<5} {self.count / self.runs:8.3%} "
            f"[{low:7.3%}, {high:7.3%}] {promise:<9} {self.contradictions:8.3%}  "
            f"{self.seen:6.0f} +- {1.96 * self.seen_error:3.0f}"
            f"{'' if self.kept or not promise else '  NOT KEPT'}"
        )


HEAD = (
    f"{'rule':<11} {'world':<20} {'truth':<17} {'rate':<5} {'':8} {'95 % interval':<18} {'promised':<9} "
    f"{'opposite':>8}  {'seen on average'}"
)


def first_decision(decision: Decision, seen: int) -> Sample:
    """What would have been said had the run ended with the first look that decided: the rest takes nothing back."""
    return str(decision.detail.get("withdrawn", decision.outcome)), seen


def mean(random: np.random.Generator, world: str, factor: float, by: float, alpha: float) -> Sample:
    latencies = by * (WORLDS.get(world) or ELSEWHERE[world])(LOOKS[-1], random)
    found = decide_mean(latencies, LIMIT_MS, TIMEOUT_MS, alpha)  # type: ignore[arg-type]
    return first_decision(found, LOOKS[found.detail["looks_taken"] - 1])


def percentile(
    random: np.random.Generator, world: str, quantile: float, limit: float, factor: float, count: int
) -> Sample:
    latencies = factor * WORLDS[world](count, random)
    return decide_percentile(latencies, limit, quantile, 0.01).outcome, count  # type: ignore[arg-type]


def rate(random: np.random.Generator, world: str, true: float, count: int) -> Sample:
    """Failures one by one, or in outages of ten requests on average."""
    if world == "one by one":
        failed = random.random(count) < true
    else:
        ends, begins = 0.1, 0.1 * true / (1 - true)
        lengths = np.empty((2, count), dtype=int)
        lengths[0], lengths[1] = random.geometric(begins, count), random.geometric(ends, count)
        turns = lengths.T.ravel()
        edges = np.searchsorted(np.cumsum(turns), np.arange(count), side="right")
        failed = (edges + (random.random() < true)) % 2 == 1
    return decide_rate(int(failed.sum()), count, 0.01, 0.01, failed).outcome, count  # type: ignore[arg-type]


def throughput(random: np.random.Generator, world: str, capacity: float, seconds: float) -> Sample:
    """A server of so many requests a second, with work that varies a little or much, offered 25 where 20 are asked."""
    shape = {"even work": 20.0, "uneven work": 1.0}[world]
    due = np.arange(int(25 * seconds)) / 25
    work = random.gamma(shape, 1 / capacity / shape, len(due))
    done = np.cumsum(work)
    ends = done + np.maximum.accumulate(due - np.concatenate(([0.0], done[:-1])))
    found = decide_throughput(
        ends,
        due,
        limit_per_second=20,
        duration_s=seconds,
        alpha=0.01,
        conditions={"latency": "pass"},  # type: ignore[arg-type]
    )
    return found.outcome, int(seconds)


def cold_starts(random: np.random.Generator, world: str, true: float, count: int) -> Sample:
    """`true` is the start that nine of ten keep, as a share of the limit."""
    sigma = {"lognormal 0.1": 0.1, "lognormal 0.3": 0.3}[world]
    starts = 120 * true * np.exp(sigma * (random.standard_normal(count) - 1.2815515655446004))
    return decide_cold_starts([float(each) for each in starts], 120).outcome, count


def growth(random: np.random.Generator, world: str, true: float, seconds: float) -> Sample:
    """`true` is the memory after a day, as a share of the limit of 15 GB; 2 GB at the start."""
    times = np.arange(int(seconds * 4)) / 4
    slope = (15e9 * true - 2e9) / 86_400 if true else 0.0
    noise = random.normal(0, 1e5, len(times))
    used = 2e9 + slope * times + (noise if world == "noise" else np.cumsum(random.normal(0, 2e5, len(times))))
    return decide_growth(times, used, 15e9, float(used.max()), 0.01).outcome, int(seconds)  # type: ignore[arg-type]


def mean_cases(worlds: Iterator[str] | list[str], promised: bool) -> Iterator[Case]:
    for world in worlds:
        for factor, counted, most, least in (
            (0.8, "pass", None, 0.999), (0.93, "pass", None, None), (0.993, "fail", 0.025, None),
            (1.007, "pass", 0.025, None), (1.07, "pass", 0.005, None), (1.2, "fail", None, 0.999),
        ):  # fmt: skip
            yield Case(
                "mean", world, f"{factor:g} of limit", counted, mean,
                (world, factor, scale(world, LIMIT_MS * factor), 0.01),
                most if promised else None, least if promised else None, 1500 if promised and least else None,
            )  # fmt: skip


def cases(only: set[str], elsewhere: bool) -> Iterator[Case]:
    if "mean" in only:
        yield from mean_cases(list(WORLDS), True)
    if "mean" in only and elsewhere:
        yield from mean_cases(list(ELSEWHERE), False)
    if "percentile" in only:
        for quantile, count in ((0.95, 2000), (0.99, 8000)):
            for world in WORLDS:
                limit = float(np.quantile(WORLDS[world](2_000_000, np.random.default_rng(98)), quantile))
                for factor, counted, most in ((1.007, "pass", 0.025), (0.993, "fail", 0.025), (0.8, "pass", None)):
                    truth = f"p{quantile * 100:g} {factor:g} of limit"
                    yield Case(
                        "percentile", world, truth, counted, percentile, (world, quantile, limit, factor, count), most
                    )
    if "rate" in only:
        for world in ("one by one", "outages"):
            for true, counted, most in (
                (0.01, "pass", 0.025),
                (0.01, "fail", 0.025 if world == "one by one" else None),
                (0.002, "pass", None),
                (0.03, "fail", None),
            ):
                yield Case("error rate", world, f"{true:.1%} where 1 %", counted, rate, (world, true, 8000), most)
    if "throughput" in only:
        for world in ("even work", "uneven work"):
            for capacity, counted, most in (
                (19.8, "pass", 0.01),
                (22.0, "pass", None),
                (30.0, "pass", None),
                (17.0, "fail", None),
            ):
                yield Case(
                    "throughput", world, f"{capacity:g}/s where 20", counted, throughput, (world, capacity, 60.0), most
                )
    if "starts" in only:
        for world in ("lognormal 0.1", "lognormal 0.3"):
            for true, counted, most in ((1.007, "pass", 0.05), (0.5, "pass", None), (1.3, "fail", None)):
                yield Case(
                    "cold starts", world, f"p90 {true:g} of limit", counted, cold_starts, (world, true, 10), most
                )
    if "growth" in only:
        for world, true, counted, most in (
            ("noise", 0.0, "fail", 0.01), ("noise", 0.93, "fail", 0.025), ("noise", 2.0, "fail", None),
            ("random walk", 0.0, "fail", 0.025),
        ):  # fmt: skip
            truth = f"{true:g} of limit" if true else "no growth"
            yield Case("growth", world, truth, counted, growth, (world, true, 60.0), most)


def simulate(case: Case, runs: int, seed: int) -> tuple[int, int, list[int]]:
    """(counted, passes and fails that contradict it, what was seen)."""
    random = np.random.default_rng([seed, len(case.world), sum(map(ord, case.world + case.truth + case.rule))])
    found = [case.draw(random, *case.arguments) for _ in range(runs)]
    opposite = "fail" if case.counted == "pass" else "pass"
    return (
        sum(outcome == case.counted for outcome, _ in found),
        sum(outcome == opposite for outcome, _ in found),
        [seen for _, seen in found],
    )


def calibrate(chosen: list[Case], runs: int, processes: int) -> Iterator[Row]:
    """Each case with so many runs, in order. Seeds are fixed by the case: the same figures each time."""
    parts = [runs // 4 + (1 if part < runs % 4 else 0) for part in range(4)]
    with ProcessPoolExecutor(processes) as pool:
        waiting = [[pool.submit(simulate, case, part, seed) for seed, part in enumerate(parts)] for case in chosen]
        for case, futures in zip(chosen, waiting, strict=True):
            results = [future.result() for future in futures]
            count, opposite = sum(each[0] for each in results), sum(each[1] for each in results)
            seen = np.concatenate([each[2] for each in results])
            # Two independent runs, one of which passes while the other fails.
            contradictions = 2 * count * opposite / runs**2
            yield Row(case, runs, count, contradictions, float(seen.mean()), float(seen.std()) / math.sqrt(runs))


RULES = ("mean", "percentile", "rate", "throughput", "starts", "growth")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=4000)
    parser.add_argument("--only", default=",".join(RULES), help=f"of {', '.join(RULES)}")
    parser.add_argument("--elsewhere", action="store_true", help="the mean in worlds beyond the five as well")
    arguments = parser.parse_args()
    begin = time.monotonic()
    kept = True
    print(f"{arguments.runs} runs each\n\n{HEAD}")
    chosen = list(cases(set(arguments.only.split(",")), arguments.elsewhere))
    for row in calibrate(chosen, arguments.runs, os.cpu_count() or 1):
        print(row.text(), flush=True)
        kept = kept and (row.kept or (row.case.most is None and row.case.least is None))
    print(
        f"\n{(time.monotonic() - begin) / 60:.1f} minutes; "
        + ("every promise kept" if kept else "NOT every promise kept")
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
