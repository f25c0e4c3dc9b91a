"""Results of another load tool as evidence, if they come from the same server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from signoff.acceptance.deployment import Deployment
from signoff.acceptance.errors import EvidenceUnusable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.verdict import Verdict
from signoff.perf.client.request_url import Origin, origin
from signoff.perf.errors import EvidenceUnreadable, UrlInvalid
from signoff.perf.imported.external_results import read_external
from signoff.perf.imported.external_run import ExternalRun

RECORD = "foreign"


def read_evidence(path: Path, deployment: Deployment) -> ExternalRun:
    """The run of a file, which has to be of the deployment's target. Raises EvidenceUnusable."""
    try:
        found = read_external(path)
    except EvidenceUnreadable as error:
        raise EvidenceUnusable(str(error), error.hint) from None
    if _place(found.target) != _place(deployment.target):
        raise EvidenceUnusable(
            f"{path}: {found.tool} asked {found.target}, and {deployment.target} is judged",
            f"judge that server: --target {found.target}",
        )
    return found


def bound(verdict: Verdict, evidence: Evidence) -> Verdict:
    """Nothing fails on another tool's record: nothing shows whether the server was late, or the tool."""
    tool = next(evidence.of(RECORD), None)
    if tool is None or verdict.outcome != "fail":
        return verdict
    return Verdict(
        "inconclusive",
        f"{verdict.reason}; but {tool['tool']} does not prove that it was not late itself, so nothing fails on it",
        verdict.measured,
        hint="measure it: run again without --evidence",
        detail=verdict.detail,
    )


def _place(url: str) -> Origin | None:
    try:
        found = origin(url)
    except UrlInvalid:
        return None
    return replace(found, host="127.0.0.1") if found.host == "localhost" else found
