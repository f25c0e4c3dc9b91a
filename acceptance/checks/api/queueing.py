"""Requests that come at once are all answered; none is lost."""

from __future__ import annotations

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import generation, streamed
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import is_busy, status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

MOST = 256
TOKENS = 8


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send a burst of short completions, and one more after it."""
    count = int(criterion.parameters["concurrent"])
    if not 1 <= count <= MOST:
        raise NotMeasurable(
            f"the document mentions {count} requests at once, and Signoff sends at most {MOST} in one burst",
            "state this number of requests as throughput, judged under load",
        )

    def take(recorder: Recorder) -> None:
        bodies = [generation.chat_body(site, f"Name the number {number}.", TOKENS) for number in range(count)]
        for record in streamed.at_once(site, bodies):
            recorder.write("answer", record)
        recorder.write("after", generation.generate(site, "Name a colour.", TOKENS))

    return site.measured("queueing", take, key=count)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if each was answered or refused with a retry time, and most were answered."""
    records = list(evidence.of("answer"))
    answered = sum(not generation.unanswered(record) for record in records)
    refused = [record for record in records if is_busy(record)]
    lost = [record for record in records if generation.unanswered(record) and not is_busy(record)]
    last_s = max(record["ended_ms"] for record in records) / 1e3
    figure = Measured(answered / len(records), "ratio", samples=len(records))
    found = f"of {len(records)} requests at once {answered} were answered within {last_s:.1f} s"
    if lost:
        return Verdict("fail", f"{found}, {len(lost)} were lost: {generation.unanswered(lost[0])}", figure)
    said = (
        f", {len(refused)} were refused with {status_of(refused[0])} and Retry-After" if refused else ", none was lost"
    )
    if answered * 2 < len(records):
        return Verdict("fail", f"{found}{said}: most were turned away", figure)
    if came := generation.unanswered(next(evidence.of("after"))):
        return Verdict("fail", f"{found}{said}; afterwards a request gives {came}", figure)
    return Verdict("pass", f"{found}{said}", figure)


CHECK = Check(KINDS["queueing"], measure, judge, seconds=5)
