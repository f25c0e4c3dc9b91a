"""Sessions, and figures of them, as openapi.json describes them; `sessions.py` makes them."""

from __future__ import annotations

from typing import Literal

from signoff.reference_services.web.requests.description import Count, Time, Told, sometimes


class Said(Told):
    """A message of a session."""

    role: Literal["user", "assistant"]
    content: str
    time: Time


class SessionSettings(Told):
    """What holds for sessions."""

    conversation_memory_size: Count
    context_window_size: Count
    session_timeout_minutes: float


class Parent(Told):
    """Where a branch came from: a session, when that was opened, and after how many of its turns it was left."""

    session_id: str
    created: Time
    turn: Count


class Session(Told):
    """A session with all that was said in it. `title` and `parent` are there where the service has threads."""

    session_id: str
    created: Time
    last_used: Time
    system: str | None
    turn_count: Count
    turns: list[Said]
    settings: SessionSettings
    title: str | None = sometimes()
    parent: Parent | None = sometimes()


class CommitLatency(Told):
    """How long the last turns took to be stored."""

    samples: Count
    mean: float | None
    p50: float | None
    max: float | None


class SessionCacheFigures(Told):
    """How often the last turns of a session were in memory."""

    sessions: Count
    hits: Count
    misses: Count


class SessionFigures(Told):
    """Figures of the sessions. Totals count from the start of the process."""

    active_sessions: Count
    turns_stored: Count
    sessions_created_total: Count
    sessions_expired_total: Count
    sessions_evicted_total: Count
    turns_committed_total: Count
    turns_in_progress: Count
    session_cache: SessionCacheFigures
    commit_latency_ms: CommitLatency
