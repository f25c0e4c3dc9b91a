"""Records of sessions with a server."""

# Annotations are no texts here: `NotRequired` would not be seen in one.

from collections.abc import Sequence
from typing import NotRequired

from signoff.acceptance.records.envelope import Envelope


class Turn(Envelope):
    """What one side said in a conversation."""

    conversation: str
    category: str
    session: str | None
    control: bool
    role: str
    text: str
    status: int | None
    ms: float | None
    error: str
    prompt_tokens: NotRequired[int | None]


class Conversation(Envelope):
    """What a conversation and its control came to."""

    id: str
    category: str
    turns: int
    question: str
    expected: Sequence[str]
    forbidden: Sequence[str]
    reply: str
    control_reply: str
    correct: bool
    control_correct: bool
    why: str
    errors: Sequence[str]


class Page(Envelope):
    """A page of a session, asked once."""

    page: str
    status: int | None
    ms: float | None
    error: str
    text: str


class Probe(Envelope):
    """What a probe of sessions came to."""

    probe: str
    seed: int
    holds: bool
    errors: Sequence[str]


class Plant(Envelope):
    """A fact that no server can know, and the question about it."""

    question: str
    value: str
    told: str
