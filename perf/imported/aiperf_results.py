"""AIPerf's results as records: `profile_export_aiperf.json` with `profile_export.jsonl` beside it (AIPerf 0.13).

A request counts from `credit_issued_ns`, when the rate limiter let it go, which is before a worker sent it. Warm-up
requests are left out, cancelled and failed ones stay in. The format: github.com/ai-dynamo/aiperf, record_models.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from io import TextIOWrapper
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from signoff.perf.client.exchange import Exchange
from signoff.perf.errors import EvidenceUnreadable, InputUnreadable
from signoff.perf.imported.external_run import (
    LONGEST_BYTES,
    OF_EVERY_TOOL,
    ExternalRun,
    exchange,
    number,
    origin_named,
    outcome_of,
)
from signoff.perf.input_file import opened

RECORDS: Final = "profile_export.jsonl"
PROFILING: Final = "profiling"


def is_aiperf(document: Any) -> bool:
    """Whether a JSON document is AIPerf's summary."""
    return isinstance(document, Mapping) and "aiperf_version" in document


def read_aiperf(path: Path, document: Mapping[str, Any]) -> ExternalRun:
    """The run behind a summary. Raises EvidenceUnreadable if single requests are not beside it."""
    beside = path.with_name(RECORDS)
    if not beside.exists():
        raise EvidenceUnreadable(
            f"{path}: {RECORDS} is not beside it, and averages alone decide nothing with a stated error",
            f"keep the folder that AIPerf wrote whole, with {RECORDS}",
        )
    try:
        exchanges = tuple(_exchanges(beside))
    except InputUnreadable as error:
        raise EvidenceUnreadable(str(error), error.hint) from None
    if not exchanges:
        raise EvidenceUnreadable(f"{beside}: no request of a profiling phase", "profile for some time")
    settings = document.get("input_config") or {}
    endpoint = settings.get("endpoint") or {}
    urls = endpoint.get("urls") or [""]
    models = (settings.get("models") or {}).get("items") or [{}]
    more = () if document.get("is_complete", True) else ("it was ended before it was complete",)
    return ExternalRun(
        tool="AIPerf",
        version=str(document["aiperf_version"]),
        target=origin_named(str(urls[0])),
        model=str(models[0].get("name", "")),
        stream=bool(endpoint.get("streaming")),
        exchanges=exchanges,
        cannot_prove=(
            *OF_EVERY_TOOL,
            "its times count from when its rate limiter let a request go, not from a schedule kept beside it",
            *more,
        ),
    )


def _exchanges(path: Path) -> Iterator[Exchange]:
    with opened(path, LONGEST_BYTES) as raw, TextIOWrapper(raw, encoding="utf-8", errors="replace") as lines:
        for place, line in enumerate(lines, 1):
            where = f"{path}:{place}"
            try:
                record = json.loads(line)
                metadata, metrics = record["metadata"], record["metrics"]
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                raise EvidenceUnreadable(f"{where}: no record of a request: {error}", "give it as written") from None
            if metadata.get("phase_kind", metadata.get("benchmark_phase")) == PROFILING:
                yield _exchange(place - 1, where, metadata, metrics, record.get("error"))


def _exchange(
    sequence: int, where: str, metadata: Mapping[str, Any], metrics: Mapping[str, Any], error: Any
) -> Exchange:
    sent_ns = int(number(metadata, "request_start_ns", where))
    due_ns = sent_ns if metadata.get("credit_issued_ns") is None else int(number(metadata, "credit_issued_ns", where))
    finished_ns = int(number(metadata, "request_end_ns", where))
    intended_ns = min(due_ns, sent_ns)
    if isinstance(error, Mapping):
        outcome = outcome_of(error.get("code"), error.get("type"), error.get("message"))
        return exchange(
            sequence,
            intended_ns=intended_ns,
            sent_ns=sent_ns,
            finished_ns=finished_ns,
            outcome=outcome,
            error=str(error.get("message", "")),
        )
    if metadata.get("was_cancelled") or "request_latency" not in metrics:
        return exchange(sequence, intended_ns=intended_ns, sent_ns=sent_ns, finished_ns=finished_ns, outcome="cut_off")
    first_ns, token_ns = None, ()
    if "time_to_first_token" in metrics:
        first_ns = sent_ns + round(number(metrics["time_to_first_token"], "value", where) * 1e6)
        gaps = (metrics.get("inter_chunk_latency") or {}).get("value") or []
        token_ns = tuple(accumulate((round(gap * 1e6) for gap in gaps), initial=first_ns))
    return exchange(
        sequence,
        intended_ns=intended_ns,
        sent_ns=sent_ns,
        finished_ns=sent_ns + round(number(metrics["request_latency"], "value", where) * 1e6),
        token_ns=token_ns,
        first_token_ns=first_ns,
        tokens=(_count(metrics, "usage_prompt_tokens"), _count(metrics, "usage_completion_tokens")),
    )


def _count(metrics: Mapping[str, Any], name: str) -> int | None:
    value = (metrics.get(name) or {}).get("value")
    return int(value) if isinstance(value, int | float) else None
