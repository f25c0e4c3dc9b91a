"""The coherence of conversations reaches the document's threshold."""

from __future__ import annotations

from signoff.acceptance.checks.sessions.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.conversing import converse
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict
from signoff.coherence.conversations import build
from signoff.coherence.dialogue import hold_all
from signoff.coherence.figure import lift
from signoff.perf.decisions.statistics import decide_score

CONCURRENCY = 16


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Hold seeded conversations in separate sessions, and ask each question in a fresh session too."""

    def take(recorder: Recorder) -> None:
        conversations = build(site.seed, site.profile.conversations)

        def keep(records: object) -> None:
            for record in records:  # type: ignore[attr-defined]
                recorder.write("turn", record)

        converse(
            site,
            lambda send: hold_all(
                conversations,
                send,
                CONCURRENCY,
                on_progress=lambda done, total: site.on_progress("conversations", done / total),
                on_records=keep,
            ),
            recorder,
        )

    return site.measured("coherence", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """An exact bound on the share of conversations that are correct in the session and wrong in the control."""
    assert criterion.threshold is not None
    setup = next(evidence.of("setup"))
    figure = lift(evidence.records)
    limit = criterion.threshold.base()[0]
    decision = decide_score(figure.correct_lifted, figure.conversations, limit, setup["alpha"])
    by_category = ", ".join(f"{name} {share:.0%}" for name, share in sorted(figure.recall_by_category.items()))
    return Verdict(
        decision.outcome,
        f"{decision.reason} (recall {figure.recall:.1%}, control {figure.control:.1%}; {by_category}; "
        f"{decision.basis})",
        Measured(figure.score, "ratio", decision.low, decision.high, figure.conversations),
        hint="more conversations decide it: --profile signoff" if decision.outcome == "inconclusive" else "",
        detail={**decision.detail, "errors": figure.errors},
    )


CHECK = Check(KINDS["coherence"], measure, judge, seconds=20)
