"""From evidence to a verdict, and from an error to one."""

from __future__ import annotations

import traceback
from dataclasses import replace
from pathlib import Path

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable, NotRun, SignoffError
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import ended_process, external_load
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.verdict import Verdict
from signoff.reports.stored.run_folder import FULL, RunFolder


def decided(check: Check, criterion: Criterion, found: Evidence) -> Verdict:
    """The verdict of a check on its evidence, limited if a process ended or the run is another tool's."""
    verdict = ended_process.bound(check.judge(criterion, found), found, of_process=check.of_process)
    verdict = _unless_stale(criterion, external_load.bound(verdict, found))
    return replace(verdict, assumptions=_assumptions(verdict, found))


def unjudged(error: Exception) -> Verdict | None:
    """The verdict if nothing was measured, never a pass or a fail; None if Signoff is at fault."""
    if isinstance(error, NotMeasurable):
        return Verdict("not_measurable", str(error), hint=error.hint)
    if isinstance(error, NotRun):
        return Verdict("not_run", str(error), hint=error.hint)
    if isinstance(error, SignoffError):
        return Verdict("error", str(error), hint=error.hint)
    if isinstance(error, OSError) and error.errno in FULL:
        where = error.filename or "a temporary file"
        return Verdict("error", f"{where}: {error.strerror}", hint="free some space, and run again")
    return None


def fault_of_ours(criterion: Criterion, error: Exception, folder: Path) -> Verdict:
    """The verdict if a check itself failed. The traceback goes to errors.log in the run's folder."""
    keep_traceback(f"{criterion.document} {criterion.id}", error, folder)
    return Verdict(
        "error",
        f"the check {criterion.kind} ended with {type(error).__name__}: {error}",
        hint=f"this is a fault of Signoff; see {folder / 'errors.log'}",
    )


def keep_traceback(where: str, error: Exception, folder: Path) -> None:
    """Append it to errors.log in the run's folder."""
    RunFolder(folder).append("errors.log", f"{where}\n{''.join(traceback.format_exception(error))}\n")


def _unless_stale(criterion: Criterion, verdict: Verdict) -> Verdict:
    """A stale binding cannot pass: the statement changed after a person bound it."""
    if verdict.outcome == "pass" and criterion.parameters.get("stale_binding"):
        return Verdict(
            "inconclusive",
            f"{verdict.reason}; but the statement changed after its binding was written",
            verdict.measured,
            hint="check the statement and update its fingerprint in the binding file",
        )
    return verdict


def _assumptions(verdict: Verdict, evidence: Evidence) -> tuple[str, ...]:
    """The verdict's own, and where a request went to another address than the document's."""
    found = [record["assumption"] for record in evidence.records if record.get("assumption")]
    return tuple(dict.fromkeys((*verdict.assumptions, *found)))
