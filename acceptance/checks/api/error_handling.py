"""Errors are answered as errors, and the service is as well after them as before."""

from __future__ import annotations

from collections.abc import Mapping

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.checks.api.service import status_word
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, streamed
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import fault, inside, is_refusal, status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

LEFT_TOKENS = 400
LEAVE_AFTER = 3
NOWHERE = "/signoff-no-such-route"
NOBODY = "signoff-serves-no-such-model"
QUESTION = "Name a colour."


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Request missing resources, send broken bodies, leave a stream midway; check the service before and after."""

    def take(recorder: Recorder) -> None:
        recorder.write("before", _look(site))
        recorder.write("route", site.ask("GET", NOWHERE))
        recorder.write("method", site.ask("GET", generation.CHAT_PATH))
        unknown = generation.chat_body(site, QUESTION, 4, model=NOBODY)
        recorder.write("error", {**site.ask("POST", generation.CHAT_PATH, body=unknown), "what": "an unknown model"})
        torn = site.ask("POST", generation.CHAT_PATH, raw=b'{"messages": [')
        recorder.write("error", {**torn, "what": "a torn body"})
        long = generation.chat_body(site, "Tell a long story about the sea.", LEFT_TOKENS, stream=True)
        recorder.write("left", streamed.stream(site, long, leave_after=LEAVE_AFTER))
        recorder.write("after", _look(site))

    return site.measured("error-handling", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if every error gets an error response, and health and a completion are unchanged afterwards."""
    before, after = next(evidence.of("before")), next(evidence.of("after"))
    if came := generation.unanswered(before["completion"]):
        return Verdict("fail", f"a sound request gives {came} before any error")
    problems = [f"{record['what']} {problem}" for record in evidence.of("error") if (problem := fault(record))]
    for what, record in (
        ("an unknown route", next(evidence.of("route"))),
        (f"GET {generation.CHAT_PATH}", next(evidence.of("method"))),
    ):
        if not is_refusal(record):
            problems.append(f"{what} gets {status_of(record)}, not a 4xx")
        elif shown := inside(record):
            problems.append(f"{what} gets {record['status']} that shows the server's inside: {shown}")
    left = next(evidence.of("left"))
    if left["status"] != 200:
        problems.append(f"a stream, to be left midway, gets {status_of(left)}")
    if came := generation.unanswered(after["completion"]):
        problems.append(f"after the errors a sound request gives {came}")
    states = [_state(look["health"]) for look in (before, after)]
    if states[0] != states[1]:
        problems.append(f"/health says {states[0]} before the errors and {states[1]} after them")
    if problems:
        return Verdict("fail", "; ".join(problems[:4]), detail={"problems": problems})
    midway = "a client left a stream midway" if left["left"] else "a stream came too quickly to be left midway"
    return Verdict(
        "pass",
        f"unknown routes, methods and models and a torn body are refused; {midway}; "
        f"afterwards as before: completions answered, health {states[1]}",
    )


def _look(site: Site) -> Mapping[str, Record]:
    return {"health": site.ask("GET", "/health"), "completion": generation.generate(site, QUESTION, 4)}


def _state(record: Record) -> str:
    body = record.get("json")
    word = status_word(body) if isinstance(body, Mapping) else ""
    return f"{status_of(record)} {word}".strip()


CHECK = Check(KINDS["error_handling"], measure, judge, seconds=2)
