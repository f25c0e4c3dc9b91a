"""Limits of this machine for a run: memory for records, open files, cores."""

from __future__ import annotations

import contextlib
import math
import os
import resource
from collections.abc import Mapping
from typing import Any, Final

import psutil

from signoff.perf.errors import PlanInvalid
from signoff.perf.load.plan import LoadPlan

RECORD_BYTES: Final = 1_500
TOKEN_BYTES: Final = 64
"""An exchange takes 585 bytes and 42 per token (tracemalloc, CPython 3.11); the rest is for transfer."""
FREE_SHARE: Final = 0.8
SPARE_FILES: Final = 64
"""Descriptors for everything except the run's connections."""


def check_memory(plan: LoadPlan) -> None:
    """Raises PlanInvalid if the records of a run would not fit into the memory that is free."""
    requests = plan.most_requests()
    if not math.isfinite(requests):
        return
    plan_tokens = max((_tokens_of(body) for body in (plan.body, *plan.more_bodies)), default=0)
    tokens = max([plan_tokens, *(answer or 0 for _, _, answer in plan.trace)]) if plan.stream else 0
    need = requests * (RECORD_BYTES + tokens * TOKEN_BYTES)
    free = psutil.virtual_memory().available
    if need > FREE_SHARE * free:
        raise PlanInvalid(
            f"{requests:.0f} requests with up to {tokens} tokens each need {need / 2**30:.1f} GiB for their records, "
            f"and {free / 2**30:.1f} GiB are free",
            "lower the rate, the duration or the tokens, or split the run",
        )


def open_files_short(plan: LoadPlan, workers: int) -> str:
    """The shortage of open files if the server stalls for the whole time-out; "" if there is none.

    Raises PlanInvalid if a closed loop can never have its connections.
    """
    hard = _hard_limit()
    if plan.closed_loop:
        need = math.ceil(plan.closed_loop / workers) + SPARE_FILES
        if need > hard:
            raise PlanInvalid(
                f"{plan.closed_loop} requests in flight need {need} open files a worker, and {hard:.0f} are allowed",
                "raise the hard limit (ulimit -Hn), or use more workers",
            )
        return ""
    rate = max(plan.rate_per_second, *plan.steps_per_second, plan.ramp_from_per_second)
    need = math.ceil(min(plan.most_requests(), rate * plan.timeout_s) / workers) + SPARE_FILES
    if need <= hard:
        return ""
    return (
        f"{hard:.0f} open files are allowed, and a server that stalls until the time-out would take {need}: "
        "raise the hard limit (ulimit -Hn), or use more workers"
    )


def raise_open_files() -> None:
    """Raises this process's own limit of open files to the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def come_first() -> None:
    """Gives this process real-time priority, if permitted: a send that waits for a core is late.

    Real-time scheduling (sched(7)) needs permission, and a client must not block the only core.
    Child processes have normal priority.
    """
    if (os.cpu_count() or 1) > 1 and hasattr(os, "SCHED_RR"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def _hard_limit() -> float:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return math.inf if hard == resource.RLIM_INFINITY else hard


def _tokens_of(body: Mapping[str, Any]) -> int:
    found = body.get("max_completion_tokens", body.get("max_tokens"))
    return found if isinstance(found, int) else 0
