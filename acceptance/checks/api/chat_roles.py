"""System, user and assistant messages are accepted and read; a message of another role is refused."""

from __future__ import annotations

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import fault
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

SYSTEM = {"role": "system", "content": "You answer in one short sentence and you never mention the weather."}
USER = {"role": "user", "content": "Name a colour."}
ASSISTANT = {"role": "assistant", "content": "Blue, as a rule, is the one that most people name first."}
AGAIN = {"role": "user", "content": "Name another one."}
ACCEPTED = {
    "user": [USER],
    "system and user": [SYSTEM, USER],
    "user, assistant and user": [USER, ASSISTANT, AGAIN],
    "system, user, assistant and user": [SYSTEM, USER, ASSISTANT, AGAIN],
}
UNKNOWN = "wizard"


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Send each order of roles of a conversation, and one message with an unknown role."""

    def take(recorder: Recorder) -> None:
        for what, messages in ACCEPTED.items():
            body = generation.chat_body(site, "", 4, messages=messages)
            recorder.write("accepted", {**site.ask("POST", generation.CHAT_PATH, body=body), "what": what})
        unknown = generation.chat_body(site, "", 4, messages=[{**USER, "role": UNKNOWN}])
        recorder.write("unknown", site.ask("POST", generation.CHAT_PATH, body=unknown))

    return site.measured("chat-roles", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the three roles are accepted, each adds tokens to the prompt, and another role gets a 4xx."""
    accepted = list(evidence.of("accepted"))
    problems = [
        f"{record['what']} messages give {came}" for record in accepted if (came := generation.unanswered(record))
    ]
    if problems:
        return Verdict("fail", "; ".join(problems))
    tokens = {record["what"]: generation.usage(record, "prompt_tokens") for record in accepted}
    alone, counted = tokens["user"], all(count is not None for count in tokens.values())
    for role, with_role in (("system", "system and user"), ("assistant", "user, assistant and user")):
        if counted and tokens[with_role] == alone:
            return Verdict(
                "fail", f"a {role} message is accepted and not read: the prompt has {alone} tokens with it too"
            )
    unknown = next(evidence.of("unknown"))
    if problem := fault(unknown):
        return Verdict("fail", f"a message of the role {UNKNOWN!r} {problem}")
    read = (
        f"prompts of {', '.join(str(count) for count in tokens.values())} tokens" if counted else "no usage is reported"
    )
    return Verdict(
        "pass", f"system, user and assistant are accepted ({read}), {UNKNOWN!r} is refused with {unknown['status']}"
    )


CHECK = Check(KINDS["chat_roles"], measure, judge, seconds=1)
