"""Turns a run's verdicts into the stored run, and writes the result documents."""

from __future__ import annotations

import os
import platform
import secrets
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from acceptance.criterion import Criterion
from acceptance.reading import Document
from reports import stored_run
from reports.headline import fold, headline
from reports.result_document import write_results
from reports.stored_run import (
    Engine,
    LogEntry,
    Measurement,
    OpenCounts,
    Side,
    StoredConflict,
    StoredCriterion,
    StoredDocument,
    StoredRun,
    StoredThreshold,
)

if TYPE_CHECKING:
    from acceptance.running.judging import Judged, Judging

RESULTS = stored_run.FILE_NAME
MEASURING_PACKAGES = ("signoff", "httpx", "httptools", "numpy", "scipy", "pytest")


def new_run_id() -> str:
    """A folder name that sorts by time and that two runs of one second do not share."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def store(judging: Judging, finished: datetime) -> StoredRun:
    """Write results.json and a result document for each task document; gives the stored run."""
    run = _stored(judging, finished)
    judging.folder.mkdir(parents=True, exist_ok=True)
    stored_run.save(run, judging.folder / RESULTS)
    write_results(run, judging.folder)
    return run


def outcome(results: Path) -> str:
    """The outcome of a stored run."""
    return stored_run.load(results).outcome


def closing_lines(folder: Path) -> str:
    """What a person reads at the end: the headline, what failed, and where the result is."""
    run = stored_run.load(folder / RESULTS)
    bad = [criterion for criterion in run.criteria if criterion.outcome in {"fail", "inconclusive", "error"}]
    lines = [headline(run)]
    lines += [
        f"  {criterion.outcome}: {criterion.document}:{criterion.line}: {criterion.reason}" for criterion in bad[:20]
    ]
    if len(bad) > 20:
        lines.append(f"  and {len(bad) - 20} more")
    lines += [f"result: {path}" for path in sorted(folder.glob("*.html"))]
    return "\n".join(lines)


def _stored(judging: Judging, finished: datetime) -> StoredRun:
    criteria = tuple(
        _criterion(judging, document, criterion)
        for document in judging.reading.documents
        for criterion in document.criteria
    )
    run = StoredRun(
        outcome="invalid",
        profile=judging.profile.name,
        alpha=judging.profile.alpha,
        target=judging.deployment.target,
        engine=judging.engine(),
        machine=_machine(),
        versions={name: metadata.version(name) for name in MEASURING_PACKAGES},
        started=utc(judging.started),
        finished=utc(finished),
        run_id=judging.folder.name,
        criteria=criteria,
        conflicts=tuple(_conflict(conflict) for conflict in judging.reading.conflicts),
        documents=tuple(_document(document) for document in judging.reading.documents),
        out_of_reach=dict(judging.deployment.out_of_reach),
        log=_log(judging),
        extra={"deployment": judging.deployment.name, "seed": judging.seed},
    )
    return fold(run) if judging.trouble is None else fold(run)
