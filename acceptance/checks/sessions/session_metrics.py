"""The session metrics move when a session is opened and turns are held in it."""

from __future__ import annotations

from signoff.acceptance.checks.sessions.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.conversing import probe_result, probed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from signoff.coherence.session_probe import probe_session_metrics


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Read the session metrics at rest, open a session, read again."""
    path = criterion.parameters["path"]
    site.deployment.request_url(site.deployment.target, path)  # one that leads elsewhere is not sent
    return probed(site, "session-metrics", lambda send: probe_session_metrics(send, site.seed, path), key=path)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if a metric of sessions or turns rose with the session and not at rest."""
    probe = probe_result(evidence, "session_metrics")
    if probe["errors"]:
        return Verdict("fail", probe["errors"][0])
    moved = [*probe["sessions_moved"], *probe["turns_moved"]]
    if not moved:
        return Verdict("fail", f"a session was opened and none of {probe['figures']} figures moved with it")
    return Verdict("pass", f"moved with a new session: {', '.join(dict.fromkeys(moved))}"[:300])


CHECK = Check(KINDS["session_metrics"], measure, judge)
