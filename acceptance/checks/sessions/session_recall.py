"""A session remembers: a reply draws on an earlier turn that was not sent again."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.acceptance.asked import last_message
from signoff.acceptance.checks.sessions.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.conversing import probe_result, probed
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Measured, Verdict
from signoff.coherence.session_probe import probe_recall, probe_stateless

SESSIONS = 12


def measure(criterion: Criterion, site: Site) -> Evidence:
    """State an unseen fact in each of several sessions, ask for it later, and ask a fresh session the same.

    A question of the document ("What did I just ask you?") is sent unchanged, after a request that the probe sends
    first: the document's example asks about a turn that was never sent.
    """
    question = last_message(criterion.parameters.get("request"))
    return probed(
        site,
        "session-recall",
        lambda send: probe_recall(send, site.seed, SESSIONS, question=question),
        lambda send: probe_stateless(send, site.seed),
        key=question or None,
    )


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if every session remembered, no fresh one knew, and nothing was remembered without a session.

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
        hint=_lost_or_unused(evidence, recall["misses"]),
    )


def _lost_or_unused(evidence: Evidence, misses: Sequence[str]) -> str:
    """Whether the history was lost or the model did not use it, as the prompts' tokens tell where they are counted.

    The control asks the same question in a fresh session: a prompt that is no longer than that one holds no history.
    """
    last: dict[tuple[str, bool], int | None] = {}
    for turn in evidence.of("turn"):
        if turn["role"] == "assistant" and turn["conversation"] in misses:
            last[turn["conversation"], turn["control"]] = turn.get("prompt_tokens")
    pairs = [(last.get((name, False)), last.get((name, True))) for name in misses]
    counted = [(asked, alone) for asked, alone in pairs if asked is not None and alone is not None]
    if not counted or len(counted) < len(pairs):
        return "see the turns in the evidence: was the history lost, or did the model not use it?"
    asked, alone = counted[0]
    if all(asked > alone for asked, alone in counted):
        return (
            f"the history was in the prompt ({asked} tokens, {alone} without a session) and the model did not use it: "
            "see its replies in the evidence"
        )
    if all(asked <= alone for asked, alone in counted):
        return (
            f"the history was not in the prompt ({asked} tokens, {alone} in a fresh session): "
            "see to the store of the sessions and to the header's name"
        )
    return "the history was in some prompts and in others not: see prompt_tokens of the turns in the evidence"


CHECK = Check(KINDS["session_recall"], measure, judge, seconds=4)
