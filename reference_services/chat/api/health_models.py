"""The answers of a chat service about itself as openapi.json describes them; `operations.py` makes them."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict

from signoff.reference_services.web.requests.description import Count, Time, Told, sometimes


class Readiness(Told):
    """Whether the engine is loaded."""

    status: Literal["ready", "loading", "failed"]


class Engine(Told):
    """What answers."""

    name: str
    version: str
    flags: list[str] = sometimes()
    left_out: list[str] = sometimes()
    """Flags of a real engine: those that it runs with, and those of the settings that it does not know."""


class EngineState(Engine):
    """What answers, and how it is."""

    state: Literal["ready", "loading", "failed"]


class Version(Told):
    """Of the service and of its engine."""

    version: str
    engine: Engine


class TurnStore(Told):
    """Where turns are kept, and what an acknowledged one survives there."""

    kind: str
    address: str | None
    durability: str
    warnings: list[str]


class TurnStoreHealth(TurnStore):
    """The same, and whether it can be asked."""

    available: bool


class Configuration(Told):
    """Every setting under its name; none of them is a secret."""

    model_config = ConfigDict(extra="allow")

    engine: Engine
    turn_store: TurnStore
    service_version: str


class ConversationHealth(Told):
    """How the conversations go."""

    active_sessions: Count | None
    turns_committed: Count
    memory_size_turns: Count
    coherence_score: float | None
    coherence_replies: Count


class ModeratorHealth(Told):
    """The moderator, and the behaviour while it fails."""

    moderator: str
    available: bool
    on_failure: Literal["open", "closed"]


class DocumentStore(Told):
    """Where documents are kept."""

    store: str
    available: bool


class Health(Told):
    """How the service is. `reason` is there where it is unhealthy."""

    status: Literal["healthy", "degraded", "unhealthy"]
    service: str
    model: str
    checks: dict[str, Literal["healthy", "loading", "unhealthy"]]
    context_length: Count
    conversation_memory: bool
    timestamp: Time
    uptime_seconds: float
    engine: EngineState
    active_sessions: Count | None
    store: TurnStoreHealth
    conversation: ConversationHealth
    retrieval: DocumentStore = sometimes()
    moderation: ModeratorHealth = sometimes()
    reason: str = sometimes()
