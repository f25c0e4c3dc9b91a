"""The types of the GraphQL schema: what HTTP's routes show, field by field."""

from __future__ import annotations

import strawberry


@strawberry.type
class Model:
    """A name under which the model can be asked for."""

    id: str
    root: str
    max_model_len: int


@strawberry.type
class Health:
    """Whether the service can answer, and what answers."""

    status: str
    state: str
    engine: str
    context_length: int
    active_sessions: int | None
    uptime_seconds: float


@strawberry.type
class Turn:
    """A message of a session. `time` is in UTC."""

    role: str
    content: str
    time: str


@strawberry.type
class Session:
    """A session of the caller's. Times are in UTC."""

    id: str
    created: str
    last_used: str
    system: str | None
    turn_count: int
    turns: list[Turn]


@strawberry.type
class Usage:
    """Tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


@strawberry.type
class Passage:
    """A passage of a document that was put into the prompt; `score` is its cosine with the question."""

    id: str
    passage: int
    score: float
    text: str


@strawberry.type
class Completion:
    """An answer. `documents` is null if the service has no store of them."""

    id: str
    model: str
    content: str
    finish_reason: str
    usage: Usage
    documents: list[Passage] | None


@strawberry.input
class MessageInput:
    """A message of a conversation: `role` is system, user or assistant."""

    role: str
    content: str
