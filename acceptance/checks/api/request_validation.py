"""Requests that are wrong are refused clearly: a 4xx with a reason in JSON, and nothing of the server's inside."""

from __future__ import annotations

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import TOO_MANY, fault
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

SOUND = "Name a colour."
RAW = {
    "a body that is torn": b'{"messages": [{"role": "user", "content": "Na',
    "a body that is no text": b'{"messages": "\xff\xfe"}',
    "a list in place of an object": b"[]",
}
FIELDS: dict[str, dict[str, object]] = {
    "messages as a text": {"messages": "Name a colour."},
    "no messages in the list": {"messages": []},
    "a message without a role": {"messages": [{"content": "Name a colour."}]},
    "a message of an unknown role": {"messages": [{"role": "wizard", "content": "Name a colour."}]},
    "max_tokens as a word": {"max_tokens": "many"},
    "temperature as a word": {"temperature": "hot"},
    "stream as a word": {"stream": "perhaps"},
}


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send one invalid request of each kind, between two valid ones."""

    def take(recorder: Recorder) -> None:
        sound = generation.chat_body(site, SOUND, 4)
        recorder.write("sound", generation.generate(site, SOUND, 4))
        for what, content in RAW.items():
            recorder.write("wrong", {**site.ask("POST", generation.CHAT_PATH, raw=content), "what": what})
        without = {key: value for key, value in sound.items() if key != "messages"}
        recorder.write("wrong", {**site.ask("POST", generation.CHAT_PATH, body=without), "what": "no messages"})
        for what, fields in FIELDS.items():
            answer = site.ask("POST", generation.CHAT_PATH, body={**sound, **fields})
            recorder.write("wrong", {**answer, "what": what})
        recorder.write("sound", generation.generate(site, SOUND, 4))

    return site.measured("request-validation", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if each invalid request gets a clear 4xx and the valid ones before and after are answered."""
    before, after = evidence.of("sound")
    if came := generation.unanswered(before):
        return Verdict("fail", f"a request that is right gives {came}, so refusals of wrong ones show nothing")
    wrong = list(evidence.of("wrong"))
    if any(record["status"] == TOO_MANY for record in wrong):
        return Verdict(
            "inconclusive",
            f"a rate limit answered in place of the validation ({TOO_MANY})",
            hint="judge it where one client may send a dozen requests in a row",
        )
    problems = [f"{record['what']} {problem}" for record in wrong if (problem := fault(record))]
    if problems:
        return Verdict(
            "fail",
            f"{len(problems)} of {len(wrong)} wrong requests are not refused clearly: {'; '.join(problems[:3])}",
            detail={"problems": problems},
        )
    if came := generation.unanswered(after):
        return Verdict("fail", f"after {len(wrong)} wrong requests one that is right gives {came}")
    statuses = ", ".join(str(status) for status in sorted({record["status"] for record in wrong}))
    return Verdict("pass", f"{len(wrong)} wrong requests are refused with {statuses} and a reason each")


CHECK = Check(KINDS["request_validation"], measure, judge, seconds=1)
