"""The kinds about sessions and their memory."""

from __future__ import annotations

from acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="session_recall",
        summary="A session answers from an earlier turn that was not sent again; a fresh session cannot.",
        failure="TODO",
        words=("Set up the management of conversational context",),
        part="Sessions",
        units=("ratio",),
        faults=("forgets_session",),
    ),
    Kind(
        name="session_isolation",
        summary="No session's reply holds what only another session was told.",
        failure="TODO",
        words=("Sessions are secured: session management security",),
        part="Sessions",
        units=("ratio",),
    ),
    Kind(
        name="session_record",
        summary="A session's record shows the turns that were held, and an unknown session is a 404.",
        failure="TODO",
        words=("Persist the chat history and give it back",),
        part="Sessions",
    ),
    Kind(
        name="session_metrics",
        summary="The session metrics move with a session that is opened, and not at rest.",
        failure="TODO",
        words=("Session metrics are exposed",),
        part="Metrics integration",
    ),
    Kind(
        name="coherence",
        summary="Conversations draw on their history in at least the share that the document asks for.",
        failure="TODO",
        words=("Conversation coherence above 0.7",),
        figure="Coherence",
        units=("ratio",),
        needs_limit=True,
        faults=("forgets_session",),
    ),
    Kind(
        name="context_truncation",
        summary="A session of 1.5 times the context still answers, and knows its last turns (12 requests).",
        failure="TODO",
        words=("Truncate the context when it grows too long",),
        part="Load beyond the limit",
        units=("ratio",),
        faults=(
            "forgets_session",
            "forgets_when_full",
        ),
    ),
)
