"""Sessions that run side by side know nothing of each other."""

from __future__ import annotations

from acceptance.checks.check import Check
from acceptance.conversing import converse
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Recorder, Site
from acceptance.verdict import Measured, Verdict
from coherence.session_probe import probe_isolation

SESSIONS = 64


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Tell every session a nonce of its own, then ask all of them at once."""

    def take(recorder: Recorder) -> None:
        _, records = converse(site, lambda send: probe_isolation(send, SESSIONS, site.seed))
        for record in records:
            recorder.write("probe", record)

    return site.measured("session-isolation", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where no reply holds another session's nonce; the interval is the rule of three."""
    probe = next(record for record in evidence.of("probe") if record.get("probe") == "isolation")
    leaking = len({leak.split(" ", 1)[0] for leak in probe["leaks"]})
    measured = Measured(
        leaking / probe["sessions"], "ratio", low=0.0, high=probe["bound"], samples=probe["sessions"]
    )
    if probe["leaks"]:
        return Verdict("fail", f"{leaking} of {probe['sessions']} sessions leak: {probe['leaks'][0]}", measured)
    if probe["errors"]:
        return Verdict("fail", f"{len(probe['errors'])} turns failed: {probe['errors'][0]}", measured)
    if not probe["recalled"]:
        return Verdict(
            "inconclusive",
            "no session remembered anything, so there was nothing that could leak",
            measured,
            mend="make sessions remember first; then ask again",
        )
    return Verdict(
        "pass",
        f"no leak between {probe['sessions']} sessions; below {probe['bound']:.1%} of sessions at 95 %",
        measured,
    )


CHECK = Check(
    kind="session_isolation",
    summary="No session's reply holds what only another session was told.",
    measure=measure,
    judge=judge,
    seconds=3,
)
