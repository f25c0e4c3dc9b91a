"""No more requests than the limit are in progress at once; further ones wait or are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, streamed
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import TOO_MANY, UNAVAILABLE, status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Measured, Verdict

MOST = 200
SURPLUS = 3
TOKENS = 48
SHRINK = 0.25
APART, TOGETHER = 0.6, 0.25
TOO_QUICK_MS = 100.0
"""Answers that end some milliseconds apart: on a busy machine their order is chance."""
COMPLETIONS = (generation.CHAT_PATH, "/v1/completions")


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send two single requests, then three more than the limit at once, streamed if they are completions."""
    assert criterion.threshold is not None
    count = int(criterion.threshold.value) + SURPLUS
    if count > MOST:
        raise NotMeasurable(
            f"to exceed {criterion.threshold.text()} takes {count} requests at once, and Signoff sends at most {MOST}",
            "judge the limit by the server's configuration, or on a deployment with a lower one",
        )
    request = criterion.parameters.get("request") or {}
    bodies = [_body(site, request, number) for number in range(count)]

    def take(recorder: Recorder) -> None:
        # The first answer of an engine may take many times as long as all later ones, and is no measure of them.
        for _ in range(2):
            recorder.write("alone", streamed.stream(site, bodies[0], request=request))
        for record in streamed.at_once(site, bodies, request=request):
            recorder.write("answer", record)

    return site.measured("concurrency", take, key=[count, request])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """By the number of streams that overlap in the middle of their text; without streams, by the times between ends."""
    threshold = criterion.threshold
    assert threshold is not None
    answers = list(evidence.of("answer"))
    # The quicker one; one that was not served stands before all that were.
    alone = min(evidence.of("alone"), key=lambda record: (_is_served(record), record["ended_ms"]))
    if not _is_served(alone):
        what = alone["error"] or status_of(alone)
        return Verdict("fail", f"one request alone at {alone['url']} gives {what} and no answer")
    served = [record for record in answers if _is_served(record)]
    refused = [record for record in answers if record["status"] in (TOO_MANY, UNAVAILABLE)]
    broken = [record for record in answers if record not in served and record not in refused]
    if broken:
        what = broken[0]["error"] or status_of(broken[0])
        return Verdict(
            "fail", f"{len(broken)} of {len(answers)} requests at once were neither served nor refused: {what}"
        )
    surplus = f"{len(served)} of {len(answers)} at once were served, {len(refused)} refused" + (
        f" with {status_of(refused[0])}" if refused else ""
    )
    if not served:
        return Verdict("fail", f"{surplus}: none got through")
    spans = [_span(record) for record in served]
    if all(span is not None for span in spans):
        most = _overlap([span for span in spans if span is not None])
        figure = Measured(most, "requests", samples=len(served))
        holds = threshold.holds(most)
        return Verdict(
            "pass" if holds else "fail", f"at most {most} answers were being written at once; {surplus}", figure
        )
    if threshold.holds(len(served)) and refused:
        return Verdict("pass", surplus, Measured(len(served), "requests", samples=len(answers)))
    return _by_ends(int(threshold.value), alone, served, surplus)


def _is_served(record: Record) -> bool:
    """Whether a complete answer arrived, for a completion one with text; `200 {}` does not count."""
    if record["status"] != 200 or record["error"]:
        return False
    if streamed.pieces(record) or generation.completion_text(record):
        return True
    return bool(record.get("json")) and not record["url"].endswith(COMPLETIONS)


def _by_ends(limit: int, alone: Record, served: Sequence[Record], surplus: str) -> Verdict:
    """Where N may be in progress, the answer N after another ends about one answer's time later."""
    ends = sorted(record["ended_ms"] for record in served)
    apart = [later - sooner for sooner, later in zip(ends, ends[limit:], strict=False)]
    share = min(apart) / alone["ended_ms"] if apart else 1.0
    found = (
        f"{surplus}; one takes {alone['ended_ms']:.0f} ms alone, and {limit + 1} of them ended within {share:.0%} of it"
    )
    if alone["ended_ms"] < TOO_QUICK_MS:
        return Verdict(
            "not_measurable",
            f"{found}: too quick to show what was made at once",
            hint=f"let the request take {TOO_QUICK_MS:g} ms or more, by a longer answer, or let the endpoint stream",
        )
    if not apart:
        return Verdict("inconclusive", f"{surplus}: too few were served to see the limit")
    if share >= APART:
        return Verdict("pass", found, assumptions=("answers that end one after another were made one after another",))
    if share <= TOGETHER:
        return Verdict("fail", found)
    return Verdict("inconclusive", found, hint="let the endpoint stream, so that it shows when answers are written")


def _body(site: Site, request: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    asked = request.get("body")
    if isinstance(asked, Mapping):
        own = dict(asked)
        return {**own, "stream": True} if request.get("path") in COMPLETIONS else own
    return generation.chat_body(site, f"Tell a story about {number} ships.", TOKENS, stream=True)


def _span(record: Record) -> tuple[float, float] | None:
    """The middle of the time in which the text was written; None if it came at once."""
    times = [at_ms for at_ms, _ in streamed.pieces(record)]
    if streamed.arrivals(times) < 3:
        return None
    margin = (times[-1] - times[0]) * SHRINK
    return times[0] + margin, times[-1] - margin


def _overlap(spans: Sequence[tuple[float, float]]) -> int:
    """The most spans that share a moment."""
    return max(sum(begin <= at <= end for begin, end in spans) for at, _ in spans)


CHECK = Check(KINDS["concurrency_limit"], measure, judge, seconds=10)
