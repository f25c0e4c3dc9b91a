"""The kinds about sessions and their memory."""

from __future__ import annotations

import json

from signoff.acceptance.asked import Asked, last_message, shown
from signoff.acceptance.kind import Kind, by_name
from signoff.reports.stored.threshold import Threshold


def _session_recall(asked: Asked) -> str:
    question = last_message(asked.parameters.get("request"))
    words = f" to {json.dumps(shown(question), ensure_ascii=False)}" if question else ""
    return (
        f"each of 12 sessions answers{words} from an earlier turn that is not sent again, a fresh session does not "
        "know it, and neither do requests without a session"
    )


def _context_truncation(asked: Asked) -> str:
    length = asked.parameters.get("max_model_len")
    context = "its context, as long as the server states," if length is None else f"its context of {length} tokens"
    return (
        f"a session that says half as much again as {context} is answered at every turn, with no prompt longer than "
        "that, and still knows its last two facts"
    )


KINDS = by_name(
    Kind(
        name="session_recall",
        summary="A session answers from an earlier turn that was not resent; a fresh session cannot.",
        asks=_session_recall,
        failure="0 of 12 sessions remembered; not recall-0, recall-1, recall-2",
        words=("Set up the management of conversational context",),
        part="Sessions",
        units=("ratio",),
        faults=("forgets_session",),
    ),
    Kind(
        name="session_isolation",
        summary="No session's reply contains facts of another session.",
        asks="of 64 sessions that each get a different word and are asked at once, none answers with another's",
        failure="64 of 64 sessions leak: isolation-0 knew what isolation-1 was told",
        words=("Sessions are secured: session management security",),
        part="Sessions",
        units=("ratio",),
    ),
    Kind(
        name="session_record",
        summary="A session's record shows its turns, and an unknown session is a 404.",
        asks=(
            "GET {path} shows both turns that were held in a session, in order and with their replies, and a session "
            "that was never opened is a 404"
        ),
        sample=Asked(parameters={"path": "/sessions/{id}"}),
        failure="/sessions/{id} shows no list of messages with role and content",
        words=("Persist the chat history and give it back",),
        part="Sessions",
    ),
    Kind(
        name="session_metrics",
        summary="The session metrics move when a session is opened, and not at rest.",
        asks=(
            "a figure of GET {path} about sessions or turns rises when a session is opened and held, and not at rest"
        ),
        sample=Asked(parameters={"path": "/metrics/sessions"}),
        failure="a session was opened and none of 1 figures moved with it",
        part="Metrics integration",
    ),
    Kind(
        name="coherence",
        summary="At least the demanded share of conversations uses its history.",
        asks=(
            "share of conversations whose answer draws on their history and is not given by a fresh session, {limit}"
        ),
        sample=Asked(Threshold(0.7, "ratio", ">=")),
        failure="0 of 12 (0) in [0, 0.221]: below 0.7 (…)",
        words=("Conversation coherence above 0.7",),
        figure="Coherence",
        units=("ratio",),
        needs_limit=True,
        faults=("forgets_session",),
    ),
    Kind(
        name="context_truncation",
        summary="A session of 1.5 times the context still answers, and remembers its last turns (12 requests).",
        asks=_context_truncation,
        sample=Asked(parameters={"max_model_len": 8192}),
        failure="about 712 tokens were said in one session, and the context has 400; … 0 of the last 2 facts …",
        words=("Truncate the context when it grows too long",),
        part="Load beyond the limit",
        units=("ratio",),
        faults=(
            "forgets_session",
            "forgets_when_full",
        ),
    ),
)
