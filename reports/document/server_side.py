"""Server metrics of the load run compared with the client's counts: sentences, a table, and the queue over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from signoff.reports.plain_text import line
from signoff.reports.stored.decode import decode
from signoff.reports.stored.stored_server import StoredComparison, StoredGpus, StoredServerSide

CURVE_WIDTH, CURVE_HEIGHT = 400.0, 48.0
AGREES, DIFFERS, UNTOLD = "the same", "differs", "not reported"
_MOST = (("running", "running"), ("waiting", "waiting"))


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the table; `state` is in words, `is_off` if the two sides differ."""

    what: str
    client: str
    server: str
    state: str
    metric: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """A series as the points of an SVG polyline, in a drawing 400 wide and 48 high; `most` is at its top."""

    name: str
    points: str


@dataclass(frozen=True, slots=True)
class ServerShown:
    """Server metrics as the document shows them. `curves` share one scale, whose top is `top` requests."""

    title: str
    source: str
    counts: tuple[Count, ...]
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    curves: tuple[Curve, ...]
    top: str
    lasted: str


def shown(side: StoredServerSide) -> ServerShown:
    """One server, ready to be shown."""
    title = "Server metrics" + (f": {line(side.service, 60)}" if side.service else "")
    if side.problem:
        source = f"The server reported nothing about the load run: {line(side.problem, 400)}."
        return ServerShown(title, source, (), _gpus(side.gpu), (), (), "", "")
    missed = f", {side.missed} missed" if side.missed else ""
    curves, top = _curves(side)
    return ServerShown(
        title=title,
        source=f"{side.readings} readings of {line(side.url, 200)}{missed}.",
        counts=tuple(_count(each) for each in side.compared),
        facts=(*_facts(side), *_gpus(side.gpu)),
        notes=tuple(line(note, 300) for note in side.notes),
        curves=curves,
        top=_number(top),
        lasted=f"{side.series[-1].t_s - side.series[0].t_s:.0f} s" if side.series else "",
    )


def server_lines(server: Mapping[str, Any], gpu: Mapping[str, Any] | None) -> list[str]:
    """The same for a terminal, from a result of `signoff load`, which shows the cache separately."""
    side = decode(StoredServerSide, {**server, "gpu": gpu, "cache": None}, "server")
    side_shown = shown(side)
    if side.problem:
        return [
            f"server:   reported nothing: {line(side.problem, 400)}",
            *(f"          {fact}" for fact in side_shown.facts),
        ]
    counts = [each for each in side_shown.counts if each.state != UNTOLD]
    parts = [f"{each.what} {each.server}" + (f" (here {each.client})" if each.is_off else "") for each in counts]
    if parts:
        state = "differs from here" if any(each.is_off for each in counts) else "the same as here"
        head = f"{', '.join(parts)}: {state}"
    else:
        head = "reported no count that could be compared"
    rest = [side_shown.source.rstrip("."), *side_shown.facts, *side_shown.notes]
    return [f"server:   {head}", *(f"          {each}" for each in rest)]


def _count(each: StoredComparison) -> Count:
    client, server = (UNTOLD if value is None else f"{value:,}" for value in (each.client, each.server))
    if each.client is None or each.server is None:
        return Count(line(each.what, 60), client, server, UNTOLD, line(each.metric, 80), is_off=False)
    apart = each.server - each.client
    state = f"{DIFFERS}: {abs(apart):,} {'more' if apart > 0 else 'fewer'} there" if apart else AGREES
    return Count(line(each.what, 60), client, server, state, line(each.metric, 80), is_off=apart != 0)


def _facts(side: StoredServerSide) -> list[str]:
    most = [
        f"{_number(max(values))} {word}"
        for name, word in _MOST
        if (values := [value for point in side.series if (value := getattr(point, name)) is not None])
    ]
    used = [point.kv_cache for point in side.series if point.kv_cache is not None]
    if used:
        most.append(f"{max(used):.0%} of the KV cache")
    facts = [f"at most {', '.join(most)}"] if most else []
    if side.totals is not None and side.totals.preemptions is not None:
        facts.append(f"preemptions: {side.totals.preemptions:,}")
    if side.totals is not None and side.totals.tokens_per_step is not None:
        facts.append(f"{side.totals.tokens_per_step:.4g} tokens a step of the engine")
    if side.totals is not None and side.totals.requests:
        ended = ", ".join(f"{count:,} {line(how, 40)}" for how, count in side.totals.requests.items())
        facts.append(f"requests by how they ended there: {ended}")
    if side.cache is not None:
        facts.append(f"cache hit rate {side.cache.hit_rate:.1%} ({line(side.cache.metric, 80)})")
    return facts


def _gpus(gpus: StoredGpus | None) -> tuple[str, ...]:
    if gpus is None:
        return ()
    if gpus.problem:
        return (f"GPU: {line(gpus.problem, 300)}",)
    found = []
    for each in gpus.devices:
        parts = [f"at most {_gib(each.most_used_bytes)} of {_gib(each.total_bytes)} GiB in use"]
        if each.most_of_service_bytes is not None:
            parts.append(f"{_gib(each.most_of_service_bytes)} GiB by the service")
        if each.mean_busy_share is not None:
            parts.append(f"busy {each.mean_busy_share:.0%} of the time")
        found.append(f"GPU {each.device} ({line(each.name, 60)}): {', '.join(parts)}")
    return tuple(found)


def _gib(size: int | None) -> str:
    return "?" if size is None else f"{size / 2**30:.1f}"


def _curves(side: StoredServerSide) -> tuple[tuple[Curve, ...], float]:
    """Running and waiting over time; nothing for fewer than three readings, or without any request."""
    curves = {
        name: [(point.t_s, value) for point in side.series if (value := getattr(point, name)) is not None]
        for name, _ in _MOST
    }
    top = max((value for points in curves.values() for _, value in points), default=0.0)
    if len(side.series) < 3 or top <= 0:
        return (), top
    start, end = side.series[0].t_s, side.series[-1].t_s
    scale = CURVE_WIDTH / (end - start) if end > start else 0.0
    return (
        tuple(
            Curve(name, " ".join(f"{(t_s - start) * scale:.1f},{_y(value, top):.1f}" for t_s, value in points))
            for name, points in curves.items()
            if points
        ),
        top,
    )


def _y(value: float, top: float) -> float:
    return 1.0 + (CURVE_HEIGHT - 2.0) * (1.0 - value / top)


def _number(value: float) -> str:
    return f"{value:,.4g}" if value % 1 else f"{value:,.0f}"
