"""Sessions that run side by side know nothing of each other."""

from __future__ import annotations

from signoff.acceptance.checks.sessions.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.conversing import probe_result, probed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Measured, Verdict
from signoff.coherence.session_probe import probe_isolation

SESSIONS = 64
RULE_OF_THREE = 3


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Tell every session a unique nonce, then ask all of them at once."""
    return probed(site, "session-isolation", lambda send: probe_isolation(send, SESSIONS, site.seed))


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if no reply contains another session's nonce; the rule of three gives the upper bound."""
    probe = probe_result(evidence, "isolation")
    count, leaks = probe["sessions"], probe["leaks"]
    if leaks:
        leaking = len({leak.split(" ", 1)[0] for leak in leaks})
        return Verdict(
            "fail",
            f"{leaking} of {count} sessions leak: {leaks[0]}",
            Measured(leaking / count, "ratio", samples=count),
        )
    if probe["errors"]:
        return Verdict("fail", f"{len(probe['errors'])} turns failed: {probe['errors'][0]}")
    if not probe["recalled"]:
        return Verdict(
            "inconclusive",
            "no session remembered anything, so there was nothing that could leak",
            hint="make sessions remember first; then ask again",
        )
    bound = min(1.0, RULE_OF_THREE / probe["answered"])
    return Verdict(
        "pass",
        f"no leak between {count} sessions, so less than {bound:.1%} of sessions leak (95 %)",
        Measured(0.0, "ratio", 0.0, bound, count),
    )


CHECK = Check(KINDS["session_isolation"], measure, judge, seconds=3)
