"""The result of `signoff load` as JSON: a contract."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any, Final

from signoff.acceptance.machine import machine
from signoff.perf.load.load_figures import LoadFigures
from signoff.perf.load.load_run import LoadRun
from signoff.perf.server_side.readings import ServerSide

MEASURING_PACKAGES: Final = ("signoff", "httptools", "numpy")
LATE_MS: Final = 1.0
MOST_NAMED: Final = 5
OMISSION: Final = (
    "a closed loop waits for an answer before it asks again: its latencies suffer from coordinated omission and "
    "do not show what users who come on their own would wait"
)
NONE_SUCCEEDED: Final = "no request succeeded"


def result_of(
    run: LoadRun, began: datetime, server: ServerSide, gpu: dict[str, Any] | None, workers: int
) -> dict[str, Any]:
    """Plain JSON; `gpu` is null if there is none. Keys are called from outside: they are added, never changed."""
    plan = run.plan
    figures = LoadFigures.of(run.exchanges, plan.timeout_s * 1e3, plan.stream)
    errors = {kind: count for kind, count in run.outcomes().items() if kind != "ok"}
    good = sum(each.ok for each in run.exchanges)
    late = run.late(LATE_MS)
    valid, reason = run.valid, run.reason
    if valid and not good:
        valid, reason = False, f"{NONE_SUCCEEDED}: {_in_words(errors)}"
    health = run.health
    cache = server.cache.as_record() if server.cache is not None else {}
    planned = run.planned if run.planned is not None else len(run.exchanges)
    offered = run.offered_per_second
    return {
        "schema": 1,
        "url": plan.url,
        "arrivals": plan.arrivals,
        "offered_rate": None if offered is None else round(offered, 4),
        "achieved_rate": round(run.achieved_per_second, 4),
        "duration_s": plan.duration_s,
        "requests": len(run.exchanges),
        "errors": errors,
        "error_examples": _examples(run),
        "redacted": sum(each.redacted for each in run.exchanges),
        **{name: None if value is None else asdict(value) for name, value in _spreads(figures).items()},
        "failures_charged_at_ms": plan.timeout_s * 1e3,
        **({"closed_loop": plan.closed_loop, "coordinated_omission": OMISSION} if plan.closed_loop else {}),
        "tokens": _tokens(run),
        "schedule": {
            "planned": planned,
            "sent": sum(each.sent_ns is not None for each in run.exchanges),
            "never_sent": max(0, planned - len(run.exchanges)),
            "late_over_ms": LATE_MS,
            "late": len(late),
            "latest": [{"request": number, "late_ms": round(ms, 3)} for number, ms in late[:MOST_NAMED]],
            "sha256": run.schedule_sha256(),
        },
        "client": {
            "send_lag_ms": None if health.send_lag_ms is None else asdict(health.send_lag_ms),
            "receive_lag_ms": None if health.receive_lag_ms is None else asdict(health.receive_lag_ms),
            "loop_lag_ms": None if health.loop_lag_ms is None else asdict(health.loop_lag_ms),
            "cpu_share": health.cpu_share,
            "steal_share": health.steal_share,
            "stamps": health.stamps,
            "workers": workers,
            "moved_share": health.moved_share,
            "moved": health.moved,
        },
        "prefix_cache": {"prompts": "varied" if plan.vary else "the same", **cache},
        "server": server.as_record(),
        "gpu": gpu,
        "seed": plan.seed,
        "valid": valid,
        "reason": reason,
        "interrupted": run.interrupted,
        "started": _utc(began),
        "finished": _utc(datetime.now(UTC)),
        "versions": {name: metadata.version(name) for name in MEASURING_PACKAGES},
        "machine": machine(),
    }


def _spreads(figures: LoadFigures) -> dict[str, Any]:
    names = ("ttft_ms", "itl_ms", "e2e_ms", "ttft_from_sent_ms", "e2e_from_sent_ms")
    return {name: getattr(figures, name) for name in names}


def _tokens(run: LoadRun) -> dict[str, Any]:
    """What the server counted, over the good answers that reported it; None if none did."""
    prompts = [each.prompt_tokens for each in run.exchanges if each.ok and each.prompt_tokens is not None]
    answers = [each.completion_tokens for each in run.exchanges if each.ok and each.completion_tokens is not None]
    return {
        "counted_by_server": len(answers),
        "prompt": sum(prompts) if prompts else None,
        "completion": sum(answers) if answers else None,
        "completion_per_second": round(sum(answers) / run.lasted_s, 3) if answers else None,
    }


def _examples(run: LoadRun) -> Mapping[str, str]:
    """The first error text of each kind."""
    found: dict[str, str] = {}
    for each in run.exchanges:
        if not each.ok and each.error:
            found.setdefault(each.outcome, each.error)
    return found


def _in_words(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in errors.items()) or "none was made"


def attempts_of(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The runs before the last one: what a repeat has to show."""
    return [{name: each[name] for name in ("valid", "reason", "seed", "started", "client")} for each in results[:-1]]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
