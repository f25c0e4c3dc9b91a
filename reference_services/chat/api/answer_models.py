"""The answers of a chat service as openapi.json describes them; `answers.py` and the routes make them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from reference_services.web.requests.description import Told, sometimes

Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Count = Annotated[int, Field(ge=0)]
FinishReason = Literal["stop", "length", "content_filter"]


class Usage(Told):
    """Tokens read and generated."""

    prompt_tokens: Count
    completion_tokens: Count
    total_tokens: Count


class TokenLogprob(Told):
    """A token with its log probability."""

    token: str
    logprob: float | None
    bytes: list[Annotated[int, Field(ge=0, le=255)]]


class TokenLogprobs(TokenLogprob):
    """A token with the most probable ones at its place."""

    top_logprobs: list[TokenLogprob]


class ChatLogprobs(Told):
    """The log probabilities of a chat's reply."""

    content: list[TokenLogprobs]
    refusal: None


class TextLogprobs(Told):
    """The log probabilities of a text completion."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float]]
    text_offset: list[Count]


class FoundPassage(Told):
    """A passage that went into the prompt."""

    id: str
    passage: Count
    score: float
    text: str


class Retrieved(Told):
    """What the caller's documents held; only where there is a store of them."""

    available: bool
    documents: list[FoundPassage]


class Moderated(Told):
    """What moderation came to, on the request and on each answer; None where it is not known yet."""

    input: str
    output: list[str | None]


class Answered(Told):
    """What all answers have. `cached`, `retrieval` and `moderation` are there while what they report of is on."""

    id: str
    created: Count
    model: str
    cached: bool = sometimes()
    retrieval: Retrieved = sometimes()
    moderation: Moderated = sometimes()


class ReplyMessage(Told):
    """The reply."""

    role: Literal["assistant"]
    content: str
    refusal: None


class ChatChoice(Told):
    """One reply."""

    index: Count
    message: ReplyMessage
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason


class ChatCompletion(Answered):
    """A chat completion."""

    object: Literal["chat.completion"]
    choices: Annotated[list[ChatChoice], Field(min_length=1)]
    usage: Usage


class Delta(Told):
    """What a chunk adds to a reply."""

    role: Literal["assistant"] = sometimes()
    content: str = sometimes()


class ChatChunkChoice(Told):
    """What a chunk adds to which reply."""

    index: Count
    delta: Delta
    logprobs: ChatLogprobs | None
    finish_reason: FinishReason | None


class ChatChunk(Answered):
    """A piece of a chat completion. Where usage is asked for, the last one has it and no choice."""

    object: Literal["chat.completion.chunk"]
    choices: list[ChatChunkChoice]
    usage: Usage | None = sometimes()


class TextChoice(Told):
    """One continuation."""

    index: Count
    text: str
    logprobs: TextLogprobs | None
    finish_reason: FinishReason


class TextCompletion(Answered):
    """A text completion."""

    object: Literal["text_completion"]
    choices: Annotated[list[TextChoice], Field(min_length=1)]
    usage: Usage


class TextChunkChoice(TextChoice):
    """What a chunk adds to which continuation."""

    finish_reason: FinishReason | None  # type: ignore[assignment]


class TextChunk(Answered):
    """A piece of a text completion."""

    object: Literal["text_completion"]
    choices: list[TextChunkChoice]
    usage: Usage | None = sometimes()


class Embedding(Told):
    """The embedding of one text: numbers, or 32-bit floats in base64."""

    object: Literal["embedding"]
    index: Count
    embedding: list[float] | str


class ReadTokens(Told):
    """Tokens read."""

    prompt_tokens: Count
    total_tokens: Count


class Embeddings(Told):
    """The embeddings of texts, in their order."""

    object: Literal["list"]
    model: str
    data: list[Embedding]
    usage: ReadTokens


class Model(Told):
    """A name under which the model can be asked for."""

    id: str
    object: Literal["model"]
    created: Count
    owned_by: str
    root: str
    max_model_len: Count


class Models(Told):
    """All names."""

    object: Literal["list"]
    data: list[Model]


class Tokens(Told):
    """What a text or a chat is to the model."""

    count: Count
    max_model_len: Count
    tokens: list[int]
    token_strs: None


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
    """Who moderates, and what happens while nobody can."""

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


class GraphQLProblem(Told):
    """What went wrong with a query."""

    model_config = ConfigDict(extra="allow")

    message: str


class GraphQLAnswer(Told):
    """The answer to a query, what went wrong with it, or both."""

    data: dict[str, Any] | None = sometimes()
    errors: list[GraphQLProblem] = sometimes()


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
