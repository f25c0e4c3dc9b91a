"""A session remembers: a reply draws on an earlier turn that was not sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acceptance.checks.check import Check
from acceptance.conversing import converse
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Recorder, Site
from acceptance.verdict import Measured, Verdict
from coherence.session_probe import probe_recall, probe_stateless

QUICK_SESSIONS = 12


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Tell each of several sessions something unheard of, ask for it later, and ask a fresh session the same.

    A question of the document ("What did I just ask you?") is asked in its own words, after a request that the
    probe sends first: the document's example asks about a turn that was never sent.
    """
    question = _question(criterion.parameters.get("request"))

    def take(recorder: Recorder) -> None:
        _, recalled = converse(
            site, lambda send: probe_recall(send, site.seed, QUICK_SESSIONS, question=question)
        )
        _, stateless = converse(site, lambda send: probe_stateless(send, site.seed))
        for record in (*recalled, *stateless):
            recorder.write("probe", record)

    return site.measured(f"session-recall{'-asked' if question else ''}", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where every session remembered, no fresh one did, and nothing was remembered without a session."""
    probes = {record["probe"]: record for record in evidence.of("probe") if "probe" in record}
    recall, stateless = probes["recall"], probes["stateless"]
    measured = Measured(recall["recalled"] / recall["sessions"], "ratio", samples=recall["sessions"])
    found = f"{recall['recalled']} of {recall['sessions']} sessions remembered"
    if recall["errors"]:
        return Verdict("fail", f"{found}; {recall['errors'][0]}", measured)
    if recall["control_recalled"]:
        return Verdict(
            "fail", f"{recall['control_recalled']} fresh sessions knew what only another was told", measured
        )
    if recall["recalled"] < recall["sessions"]:
        return Verdict(
            "fail",
            f"{found}; not {', '.join(recall['misses'][:3])}",
            measured,
            mend="see the turns in the evidence: is the history in the prompt, or does the model not use it?",
        )
    if stateless["remembered"]:
        return Verdict("fail", "requests without a session header were remembered", measured)
    return Verdict("pass", f"{found}, no fresh session did", measured)


def _question(request: Mapping[str, Any] | None) -> str:
    body = (request or {}).get("body")
    messages = body.get("messages") if isinstance(body, Mapping) else None
    last = messages[-1] if isinstance(messages, list) and messages else {}
    content = last.get("content") if isinstance(last, Mapping) else ""
    return content if isinstance(content, str) else ""


CHECK = Check(
    kind="session_recall",
    summary="A session answers from an earlier turn that was not sent again; a fresh session cannot.",
    measure=measure,
    judge=judge,
    faults=("forgets_session",),
    seconds=4,
)
