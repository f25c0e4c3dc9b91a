"""The kinds about sessions and their memory."""

from __future__ import annotations

from signoff.acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="session_recall",
        summary="A session answers from an earlier turn that was not resent; a fresh session cannot.",
        failure="0 of 12 sessions remembered; not recall-0, recall-1, recall-2",
        words=("Set up the management of conversational context",),
        part="Sessions",
        units=("ratio",),
        faults=("forgets_session",),
    ),
    Kind(
        name="session_isolation",
        summary="No session's reply contains facts of another session.",
        failure="64 of 64 sessions leak: isolation-0 knew what isolation-1 was told",
        words=("Sessions are secured: session management security",),
        part="Sessions",
        units=("ratio",),
    ),
    Kind(
        name="session_record",
        summary="A session's record shows its turns, and an unknown session is a 404.",
        failure="/sessions/{id} shows no list of messages with role and content",
        words=("Persist the chat history and give it back",),
        part="Sessions",
    ),
    Kind(
        name="session_metrics",
        summary="The session metrics move when a session is opened, and not at rest.",
        failure="a session was opened and none of 1 figures moved with it",
        part="Metrics integration",
    ),
    Kind(
        name="coherence",
        summary="At least the demanded share of conversations uses its history.",
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
