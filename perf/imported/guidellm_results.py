"""GuideLLM's results as records: the JSON of `guidellm benchmark` with its requests (GuideLLM 0.8).

A request counts from its target time. GuideLLM 0.8.1 writes that as seconds since 1970 for most requests, and since
the start of its scheduler for some: both are read. Requests that the tool cut off at its end stay in, as failures.
Gaps between single tokens are not in the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from signoff.perf.client.exchange import Exchange
from signoff.perf.errors import EvidenceUnreadable
from signoff.perf.imported.external_run import OF_EVERY_TOOL, ExternalRun, exchange, number, origin_named, outcome_of

SINCE_1970_S: Final = 1e9
"""Larger values are times, smaller ones are durations."""
GROUPS: Final = ("successful", "errored", "incomplete")


def is_guidellm(document: Any) -> bool:
    """Whether a JSON document is GuideLLM's."""
    return isinstance(document, Mapping) and isinstance(document.get("benchmarks"), list)


def read_guidellm(path: Path, document: Mapping[str, Any]) -> ExternalRun:
    """The run of a file with one benchmark. Raises EvidenceUnreadable for several, and for one without requests."""
    benchmarks = document["benchmarks"]
    if len(benchmarks) != 1:
        raise EvidenceUnreadable(
            f"{path}: {len(benchmarks)} benchmarks, and it is not clear which one has the document's load",
            "run one rate: --profile constant --rate R",
        )
    benchmark = benchmarks[0]
    exchanges = tuple(_exchanges(path, benchmark.get("requests") or {}))
    if not exchanges:
        raise EvidenceUnreadable(f"{path}: no single request is in it", "write requests into the output as well")
    backend = ((document.get("config") or {}).get("spec") or {}).get("backend") or {}
    strategy = ((benchmark.get("config") or {}).get("strategy") or {}).get("type_", "")
    closed = strategy in ("synchronous", "concurrent", "throughput")
    more = ("its load was a closed loop: a slow server was asked less often",) if closed else ()
    return ExternalRun(
        tool="GuideLLM",
        version=str((document.get("metadata") or {}).get("guidellm_version", "")),
        target=origin_named(str(backend.get("target", ""))),
        model=str(backend.get("model") or ""),
        stream=bool(backend.get("stream")),
        exchanges=exchanges,
        cannot_prove=(*OF_EVERY_TOOL, "it keeps no gaps between single tokens", *more),
    )


def _exchanges(path: Path, requests: Mapping[str, Any]) -> Iterator[Exchange]:
    sequence = 0
    for group in GROUPS:
        for place, request in enumerate(requests.get(group) or []):
            found = _exchange(sequence, f"{path}: benchmarks[0].requests.{group}[{place}]", group, request)
            if found is not None:
                yield found
                sequence += 1


def _exchange(sequence: int, where: str, group: str, request: Mapping[str, Any]) -> Exchange | None:
    info = request.get("info") or {}
    timings = info.get("timings") or {}
    if timings.get("request_start") is None:
        # Cut off before it was sent: nothing was asked of the server.
        return None
    sent_ns = _ns(number(timings, "request_start", where))
    intended_ns = _intended_ns(info, timings, sent_ns)
    end = timings.get("request_end")
    finished_ns = _ns(end) if isinstance(end, int | float) else sent_ns
    if group != "successful":
        error = info.get("error")
        outcome = "cut_off" if group == "incomplete" else outcome_of(None, "", error)
        return exchange(
            sequence,
            intended_ns=intended_ns,
            sent_ns=sent_ns,
            finished_ns=finished_ns,
            outcome=outcome,
            error=str(error or ""),
        )
    first = timings.get("first_token_iteration")
    return exchange(
        sequence,
        intended_ns=intended_ns,
        sent_ns=sent_ns,
        finished_ns=_ns(number(timings, "request_end", where)),
        first_token_ns=_ns(first) if isinstance(first, int | float) else None,
        tokens=(request.get("prompt_tokens"), request.get("output_tokens")),
    )


def _intended_ns(info: Mapping[str, Any], timings: Mapping[str, Any], sent_ns: int) -> int:
    """The target time, where it is reported and lies before the send."""
    target, start = timings.get("targeted_start"), info.get("scheduler_start_time")
    if not isinstance(target, int | float):
        return sent_ns
    if target < SINCE_1970_S and isinstance(start, int | float):
        target += start
    return min(sent_ns, _ns(target)) if target > SINCE_1970_S else sent_ns


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)
