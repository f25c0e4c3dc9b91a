"""A session remembers: a reply draws on an earlier turn that was not sent again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acceptance.checks.check import Check
from acceptance.conversing import probe_result, probed
from acceptance.criterion import Criterion
from acceptance.evidence import Evidence
from acceptance.site import Site
from acceptance.verdict import Measured, Verdict
from coherence.session_probe import probe_recall, probe_stateless

SESSIONS = 12


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Tell each of several sessions something unheard of, ask for it later, and ask a fresh session the same.

    A question of the document ("What did I just ask you?") is asked in its own words, after a request that the
    probe sends first: the document's example asks about a turn that was never sent.
    """
    question = _question(criterion.parameters.get("request"))
    return probed(
        site,
        "session-recall",
        lambda send: probe_recall(send, site.seed, SESSIONS, question=question),
        lambda send: probe_stateless(send, site.seed),
        key=question or None,
    )


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where every session remembered, no fresh one knew, and nothing was remembered without a session.

    Some misses beside many hits may be the model's or the server's: that is not decided here.
    """
    recall, stateless = probe_result(evidence, "recall"), probe_result(evidence, "stateless")
    count, recalled = recall["sessions"], recall["recalled"]
    figure = Measured(recalled / count, "ratio", samples=count)
    found = f"{recalled} of {count} sessions remembered"
    if errors := [*recall["errors"], *stateless["errors"]]:
        return Verdict("fail", f"{found}; {errors[0]}", figure)
    if recall["control_recalled"]:
        return Verdict("fail", f"{recall['control_recalled']} fresh sessions knew what only another was told", figure)
    if stateless["remembered"]:
        return Verdict("fail", "requests without a session header were remembered", figure)
    if recalled == count:
        return Verdict("pass", f"{found}, no fresh session knew", figure)
    return Verdict(
        "fail" if recalled * 2 <= count else "inconclusive",
        f"{found}; not {', '.join(recall['misses'][:3])}",
        figure,
        mend="see the turns in the evidence: was the history lost, or did the model not use it?",
    )


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
