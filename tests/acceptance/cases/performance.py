"""The failing cases of figures: real load on a small service, whose pace is the one thing that differs."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.deployment import Start
from signoff.acceptance.measuring.site import Site
from tests.acceptance.cases.case import NOWHERE, Case, Stage
from tests.acceptance.cases.servers.paced_service import Pace, Paced
from tests.acceptance.conftest import BRIEF, criterion

Built = tuple[Site, Criterion]
RATE = replace(criterion("throughput"), threshold=Threshold(80, "requests/s", ">", "rate", "throughput"))
LOAD = replace(BRIEF, load_s=6.0)
"""600 requests with RATE: a mean is first decided after 500."""


def limit(kind: str, value: float, unit: str, statistic: str | None = "mean", comparator: Any = "<") -> Criterion:
    return replace(criterion(kind), threshold=Threshold(value, unit, comparator, statistic, kind))


def paced(asked: Criterion, change: Callable[[Any], Pace], *others: Criterion) -> Callable[[Stage, Any], Built]:
    """A service at the twin's pace, under load."""

    def built(stage: Stage, thing: Any) -> Built:
        url = stage.serve(type("OwnPaced", (Paced,), {"pace": change(thing)}))
        return stage.site(url, asked, *others, profile=LOAD), asked

    return built


def _keeps_up(stage: Stage, places: int) -> Built:
    """Twelve requests a second, of which a service with two places answers eight."""
    asked = replace(RATE, threshold=Threshold(10, "requests/s", ">", "rate", "throughput"))
    pace = Pace(first_s=0.25, together=threading.Semaphore(places))
    url = stage.serve(type("OwnPaced", (Paced,), {"pace": pace}))
    return stage.site(url, asked, limit("latency", 1, "s"), profile=replace(BRIEF, load_s=42.0)), asked


def _uses(asked: Criterion, arguments: Callable[[int], tuple[str, str]]) -> Callable[[Stage, int], Built]:
    def built(stage: Stage, thing: int) -> Built:
        url, process = stage.start("tests.acceptance.cases.servers.heavy_server", *arguments(thing))
        site = stage.site(url, asked, profile=replace(BRIEF, load_s=6.5))
        site.process_id = process.pid
        return site, asked

    return built


def _starts(stage: Stage, arguments: tuple[str, ...]) -> Built:
    start = Start("hermes-2", arguments, url=NOWHERE)
    return stage.site(NOWHERE, profile=replace(BRIEF, cold_starts=1), start=start), criterion("load_time")


def _disk(stage: Stage, share: float) -> Built:
    total = shutil.disk_usage(stage.folder).total
    asked = replace(criterion("disk"), threshold=Threshold(total * share, "bytes", ">=", None, "disk"))
    return stage.site(NOWHERE, files={"/opt/models": stage.folder}), asked


CASES: Mapping[str, Case[Any]] = {
    "latency": Case(paced(limit("latency", 400, "ms"), lambda s: Pace(first_s=s), RATE), sound=0.1, broken=0.8),
    "throughput": Case(_keeps_up, sound=100, broken=2, waits=True),
    "ttft": Case(paced(limit("ttft", 400, "ms"), lambda s: Pace(first_s=s), RATE), sound=0.1, broken=0.8),
    "inter_token_latency": Case(
        paced(limit("inter_token_latency", 100, "ms"), lambda s: Pace(between_s=s), RATE), sound=0.02, broken=0.25
    ),
    "error_rate": Case(
        paced(limit("error_rate", 1, "%", None), lambda each: Pace(fails_each=each), RATE), sound=0, broken=3
    ),
    "memory": Case(
        _uses(limit("memory", 400, "MB", "max"), lambda megabytes: (str(megabytes), "0")),
        sound=1,
        broken=500,
        waits=True,
    ),
    "cpu": Case(
        _uses(limit("cpu", 0.05, "cores", "mean"), lambda threads: ("1", str(threads))), sound=0, broken=1, waits=True
    ),
    "load_time": Case(_starts, sound=(), broken=("--no-such-setting",)),
    "disk": Case(_disk, sound=0.5, broken=2.0),
}
