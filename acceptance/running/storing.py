"""Turns a run's verdicts into the stored run, and writes the result documents."""

from __future__ import annotations

import re
import secrets
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path, PurePath

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.machine import machine
from signoff.acceptance.reading import Document
from signoff.acceptance.running.accepted import accepted_lines, read_anew, reading_of, reading_of_run
from signoff.acceptance.running.findings import Findings
from signoff.perf.redaction import known_secrets
from signoff.reports.document.cut_run import BEGUN, JudgedLine, as_judged
from signoff.reports.document.headline import fold, headline, open_counts, out_of_reach
from signoff.reports.forms.result_files import write_results
from signoff.reports.plain_text import line as plain_line
from signoff.reports.stored import stored_run
from signoff.reports.stored.conflict import Conflict
from signoff.reports.stored.decode import decode
from signoff.reports.stored.stored_run import (
    Engine,
    LogEntry,
    StoredCriterion,
    StoredDocument,
    StoredRun,
)
from signoff.reports.stored.stored_server import StoredServerSide

RESULTS = stored_run.FILE_NAME
MOST_SHOWN = 20
TASK_NUMBER_FIELDS = ("Task Number", "Task ID")
MEASURING_PACKAGES = ("signoff", "httptools", "numpy", "scipy", "pytest")


def new_run_id() -> str:
    """A folder name that sorts by time and that two runs of one second do not share."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def utc(moment: datetime) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def begin(findings: Findings) -> None:
    """Store the criteria before judging, so that an interrupted run can be reported. Raises NotWritten."""
    findings.open_verdicts()
    begun = _begun(findings)
    selected = len(begun.criteria) if findings.selected is None else findings.selected
    stored_run.save(replace(begun, extra={**begun.extra, "selected": selected}), findings.folder / BEGUN)


def store(findings: Findings, finished: datetime) -> StoredRun:
    """Write results.json and a result document for each task document; gives the stored run. Raises NotWritten."""
    run = _without_keys(_stored(findings, finished))
    write_results(run, findings.folder)
    stored_run.save(run, findings.folder / RESULTS)
    findings.close()
    return run


def _without_keys(run: StoredRun) -> StoredRun:
    """The run as it is stored, before documents are written from it, so that all of them agree."""
    kept, count = known_secrets.counted(stored_run.to_json(run))
    return stored_run.from_json(kept) if count else run


def outcome(results: Path) -> str:
    """The outcome of a stored run."""
    return stored_run.load(results).outcome


def closing_lines(folder: Path) -> str:
    """The text at the end of a run: the headline, the open items, and the path of the result."""
    run = stored_run.load(folder / RESULTS)
    bad = [criterion for criterion in run.criteria if criterion.outcome in {"fail", "inconclusive", "error"}]
    if run.outcome == "undecided":
        bad += [item for item in run.criteria if item.outcome == "not_measurable" and not out_of_reach(run, item)]
    lines = [headline(run), *accepted_lines(run)]
    for criterion in bad[:MOST_SHOWN]:
        word = criterion.outcome.replace("_", " ")
        place = f"{criterion.document}:{criterion.line}"
        named = f"{criterion.requirement}, {place}" if criterion.requirement else place
        lines.append(f"  {word}: {named}: {plain_line(criterion.reason, 300)}")
        if criterion.hint:
            lines.append(f"    hint: {plain_line(criterion.hint, 300)}")
    if len(bad) > MOST_SHOWN:
        lines.append(f"  and {len(bad) - MOST_SHOWN} more")
    for reason, count in Counter(item.reason for item in run.criteria if item.outcome == "not_run").items():
        lines.append(f"  not run: {count} {'criterion' if count == 1 else 'criteria'}: {plain_line(reason, 300)}")
    lines += [f"result: {path}" for path in sorted(folder.glob("*.html"))]
    return "\n".join(lines)


def _stored(findings: Findings, finished: datetime) -> StoredRun:
    begun = _begun(findings)
    given = [criterion for document in findings.reading.documents for criterion in document.criteria]
    criteria = tuple(
        as_judged(stored, JudgedLine.of(line)) if (line := findings.line(criterion)) is not None else stored
        for stored, criterion in zip(begun.criteria, given, strict=True)
    )
    run = replace(begun, criteria=criteria, finished=utc(finished), log=_log(findings))
    folded, reason = fold(run)
    if findings.trouble is not None:
        hint = f" ({findings.trouble.hint})" if findings.trouble.hint else ""
        reason = f"{findings.trouble}{hint}; {reason}"
    return replace(run, outcome=folded, reason=reason, open=open_counts(run))


def _begun(findings: Findings) -> StoredRun:
    """The run with everything except its verdicts."""
    criteria = tuple(
        _criterion(findings, criterion, anew.get(criterion.id))
        for document in findings.reading.documents
        for anew in (read_anew(document),)
        for criterion in document.criteria
    )
    return StoredRun(
        outcome="invalid",
        profile=findings.profile.name,
        alpha=findings.profile.alpha,
        target=findings.deployment.target,
        engine=Engine(**findings.engine),
        machine=machine(),
        versions={name: metadata.version(name) for name in MEASURING_PACKAGES},
        started=utc(findings.started),
        finished="",
        run_id=findings.folder.name,
        criteria=criteria,
        conflicts=tuple(_conflict(conflict) for conflict in findings.reading.conflicts),
        documents=tuple(_document(document) for document in findings.reading.documents),
        out_of_reach=dict(findings.deployment.out_of_reach),
        retries=tuple(findings.retries),
        server=tuple(decode(StoredServerSide, side, "server") for side in findings.server_sides),
        reading=reading_of_run(findings.reading.documents),
        extra={"deployment": findings.deployment.name, "seed": findings.seed},
    )


def _criterion(findings: Findings, criterion: Criterion, read_anew: str | None) -> StoredCriterion:
    return StoredCriterion(
        id=criterion.id,
        document=criterion.document,
        line=criterion.line,
        column=criterion.column,
        text=criterion.text,
        section=criterion.section,
        statement=criterion.statement,
        kind=criterion.kind,
        judge=criterion.judge,
        outcome="not_run",
        reason="the run did not reach it",
        service=criterion.service,
        assumptions=criterion.assumptions,
        threshold=criterion.threshold,
        waiver=findings.waiver(criterion),
        extra={
            **KINDS[criterion.kind].shown,
            "judged_as": criterion.judged_as,
            "requirement": criterion.requirement,
            "read_anew": read_anew,
        },
    )


def _document(document: Document) -> StoredDocument:
    return StoredDocument(
        path=document.path,
        title=document.title,
        header=dict(document.header),
        service_name=_as_titled(document),
        task_number=next((document.header[name] for name in TASK_NUMBER_FIELDS if name in document.header), ""),
        diagnostics=tuple(stored_run.plain(diagnostic) for diagnostic in document.diagnostics),
        counts=dict(document.counts),
        reading=reading_of(document),
    )


def _as_titled(document: Document) -> str:
    """The service's name as the title spells it: `Hermes-2` for the configuration's `hermes-2`."""
    found = (
        re.search(re.escape(document.service_name), document.title, re.IGNORECASE) if document.service_name else None
    )
    return found.group() if found is not None else document.service_name


def _conflict(conflict: Conflict) -> Conflict:
    """With the values of its sides, not the lines that they are in."""
    return replace(conflict, sides=tuple(replace(side, spelling="") for side in conflict.sides))


def _log(findings: Findings) -> tuple[LogEntry, ...]:
    """One entry per measurement: action, time, duration and result."""
    entries: dict[tuple[str, ...], LogEntry] = {}
    for (_, identity), judged in findings.judged.items():
        if not judged.evidence:
            continue
        known = entries.get(judged.evidence)
        if known is None:
            entries[judged.evidence] = LogEntry(
                at=judged.started,
                what=PurePath(judged.evidence[0]).stem,
                result=f"{identity}: {judged.verdict.outcome}",
                seconds=judged.seconds,
                note=judged.evidence[0],
            )
        else:
            entries[judged.evidence] = replace(known, result=f"{known.result}; {identity}: {judged.verdict.outcome}")
    return tuple(sorted(entries.values(), key=lambda entry: entry.at))
