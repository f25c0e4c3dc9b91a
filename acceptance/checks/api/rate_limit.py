"""More requests than the limit allows are refused with 429, and afterwards the service answers again."""

from __future__ import annotations

import math
import re
import time

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, streamed
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import TOO_MANY, status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

BURST = 40
MOST = 200
UNIT = "requests/s"
PERIODS_S = {r"(/|per|an?)\s*h(ou)?r?\b": 3600.0, r"(/|per|an?)\s*m(in(ute)?)?\b": 60.0}
"""How a document names a longer period than a second; the limit itself is always read as a rate by the second."""
LONGEST_WAIT_S = 65.0
FIRST_WAIT_S = 1.0


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send a burst of one-token completions, twice the limit of one period; then wait to be accepted again.

    Without a figure the burst is of 40 requests, and where all are answered another one of 200. Raises NotMeasurable
    where it would take more than 200.
    """
    threshold = criterion.threshold
    if threshold is not None and threshold.unit != UNIT:
        raise NotMeasurable(
            f"a rate limit in {threshold.unit} is not known", "state it in requests per second or minute"
        )
    size = BURST if threshold is None else 2 * math.ceil(threshold.value * _period_s(criterion)) + 5
    if size > MOST:
        raise NotMeasurable(
            f"to exceed {_limit(criterion)} takes a burst of {size} requests, and Signoff sends at most {MOST} at once",
            "judge the limit with a lower figure on a separate deployment",
        )

    def take(recorder: Recorder) -> None:
        body = generation.chat_body(site, "Name a colour.", 1, stream=False)
        for many in (size,) if threshold is not None else (size, MOST):
            for record in streamed.at_once(site, [body] * many):
                recorder.write("burst", record)
            if any(record.get("status") == TOO_MANY for record in recorder.records):
                break
        begin_s = time.monotonic()
        wait_s = max((_retry_after_s(record) for record in recorder.records if record["record"] == "burst"), default=0)
        if not any(record.get("status") == TOO_MANY for record in recorder.records):
            return
        while (waited_s := time.monotonic() - begin_s) < LONGEST_WAIT_S:
            time.sleep(min(max(wait_s, FIRST_WAIT_S), LONGEST_WAIT_S - waited_s))
            answer = generation.generate(site, "Name a colour.", 1)
            recorder.write("again", {**answer, "waited_s": round(time.monotonic() - begin_s, 1)})
            if answer["status"] != TOO_MANY:
                return

    return site.measured("rate-limit", take, key=size)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if some of the burst got 429, no more were answered than the limit allows, and a later one was answered."""
    threshold = criterion.threshold
    burst = list(evidence.of("burst"))
    answered = [record for record in burst if record["status"] == 200 and generation.reply_text(record)]
    refused = [record for record in burst if record["status"] == TOO_MANY]
    lost = [record for record in burst if record["status"] not in (200, TOO_MANY)]
    span_s = max(record["ended_ms"] for record in burst) / 1e3
    found = (
        f"of {len(burst)} requests within {span_s:.1f} s {len(answered)} were answered, {len(refused)} got {TOO_MANY}"
    )
    figure = Measured(len(refused) / len(burst), "ratio", samples=len(burst))
    if lost or len(answered) + len(refused) < len(burst):
        other = status_of(lost[0]) if lost else "200 without a generated text"
        return Verdict("fail", f"{found}, and {len(burst) - len(answered) - len(refused)} {other}", figure)
    if not refused and threshold is None:
        return Verdict(
            "inconclusive",
            f"{found}: no limit shows, and the document states no figure",
            figure,
            hint="state the limit in the document: N requests per second or per minute",
        )
    if not refused:
        return Verdict("fail", f"{found}: {_limit(criterion)} are not kept to", figure)
    if threshold is not None:
        # A bucket may be full at the start and fill up meanwhile; one request of slack for the edge of a period.
        allowed = threshold.value * (_period_s(criterion) + span_s) + 1
        if len(answered) > allowed:
            return Verdict("fail", f"{found}; {_limit(criterion)} allow at most {allowed:.0f} of them", figure)
    again = list(evidence.of("again"))
    last = again[-1]
    waited = f"{last['waited_s']:g} s later"
    if last["status"] == TOO_MANY:
        long = max(_retry_after_s(record) for record in refused) > LONGEST_WAIT_S
        return Verdict(
            "inconclusive" if long else "fail",
            f"{found}; {waited} the service still gives {TOO_MANY}",
            figure,
            hint="Retry-After asks for a longer time than Signoff waits" if long else "",
        )
    if came := generation.unanswered(last):
        return Verdict("fail", f"{found}; {waited} a request gives {came}", figure)
    asks = [_retry_after_s(record) for record in refused if "retry-after" in record["headers"]]
    after = f"Retry-After {max(asks):g} s" if asks else "without Retry-After"
    return Verdict("pass", f"{found} ({after}); {waited} the service answers again", figure)


def _period_s(criterion: Criterion) -> float:
    """The time over which the document counts: `100 requests/min` may all come in the first second."""
    stated = criterion.parameters.get("window_s")
    if isinstance(stated, int | float):
        return float(stated)
    text = criterion.text.lower()
    return next((period_s for words, period_s in PERIODS_S.items() if re.search(words, text)), 1.0)


def _limit(criterion: Criterion) -> str:
    if criterion.threshold is None:
        return "the limit"
    period_s = _period_s(criterion)
    return f"{criterion.threshold.value * period_s:g} requests in {period_s:g} s"


def _retry_after_s(record: Record) -> float:
    """What Retry-After asks for; 0 if it is not a number of seconds."""
    text = (record.get("headers") or {}).get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0


CHECK = Check(KINDS["rate_limit"], measure, judge, seconds=6)
