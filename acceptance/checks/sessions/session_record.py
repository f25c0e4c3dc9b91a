"""A session can be read back: its record shows the turns that were held, and nothing else."""

from __future__ import annotations

from signoff.acceptance.checks.sessions.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.conversing import probe_result, probed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from signoff.coherence.session_probe import probe_record


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send two turns in a fresh session, read its record, and request a session that was never opened."""
    path = criterion.parameters["path"]
    site.deployment.request_url(site.deployment.target, path)  # one that leads elsewhere is not sent
    return probed(site, "session-record", lambda send: probe_record(send, site.seed, path), key=path)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if both turns are in the record, in order with their replies, and the unknown session is a 404."""
    probe = probe_result(evidence, "record")
    if wrong := [*probe["errors"], *probe["problems"]]:
        return Verdict("fail", "; ".join(wrong[:3]))
    return Verdict(
        "pass",
        f"the record shows the {probe['messages_shown']} messages of {probe['turns_sent']} turns, in order; "
        "an unknown session is a 404",
    )


CHECK = Check(KINDS["session_record"], measure, judge, seconds=2)
