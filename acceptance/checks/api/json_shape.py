"""An answer is what the document says of it: its shape, its status, its fields and values, or that it is refused.

The request is the document's own, or one of the route that it names, changed in what the document names as wrong.
"""

from __future__ import annotations

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.answers import held, sent
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import TOO_MANY, status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send the request once, or one that is right and each that differs from it in what the document names."""
    parameters = criterion.parameters
    request, changes = parameters.get("request") or {}, parameters.get("sent") or ()
    asks_for_served = any(wanted.get("served") for wanted in parameters.get("holds") or ())

    def take(recorder: Recorder) -> None:
        sent.take(recorder, criterion, site)
        if asks_for_served:
            recorder.write("served", {"model": generation.served_model(site)})

    plain = not changes and not asks_for_served and request
    return site.measured("request", take, key=request if plain else [request, changes, asks_for_served])


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass where each answer is what is asked for, and the request that is right is answered."""
    sound = next(evidence.of("sound"), None)
    if sound is not None and not 200 <= (sound["status"] or 0) < 300:
        return Verdict(
            "fail", f"a request that is right gives {status_of(sound)}, so refusals of wrong ones show nothing"
        )
    answers = list(evidence.of("answer"))
    wanted = criterion.parameters.get("status") or ()
    if sound is not None and TOO_MANY not in wanted and any(each["status"] == TOO_MANY for each in answers):
        return Verdict(
            "inconclusive",
            f"a rate limit answered in place of the service ({TOO_MANY})",
            hint="judge it where one client may send several requests in a row",
        )
    served = next((record["model"] for record in evidence.of("served")), None)
    problems = [
        f"{each['what']} {problem}" if "what" in each else _placed(each, problem)
        for each in answers
        for problem in held.problems(criterion.parameters, each, served)
    ]
    if problems:
        return Verdict("fail", "; ".join(problems[:5]), detail={"problems": problems} if len(problems) > 5 else {})
    return Verdict("pass", _seen(criterion, answers[0]["status"], len(answers)))


def _placed(answer: Record, problem: str) -> str:
    """A problem with the address that it was seen at, where it is not about the body."""
    return f"{answer['url']} {problem}" if problem.startswith(("gives ", "gets ", "has ")) else problem


def _seen(criterion: Criterion, status: int | None, count: int) -> str:
    if criterion.parameters.get("sent"):
        return f"{count} wrong request{'s' if count > 1 else ''} got what the document says ({status})"
    if status is None:
        return "the connection is refused"
    if any(criterion.parameters.get(name) for name in held.OF_A_BODY):
        return "the answer has the shape that the document shows"
    return f"the answer is {status}"


CHECK = Check(KINDS["json_shape"], measure, judge)
