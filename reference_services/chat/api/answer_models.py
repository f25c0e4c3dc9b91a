"""The answers of a chat service as openapi.json describes them; `answers.py` and the routes make them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from signoff.reference_services.web.requests.description import Count, Told, sometimes

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
    """What moderation came to, on the request and on each answer; None if it is not known yet."""

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


class GraphQLProblem(Told):
    """What went wrong with a query."""

    model_config = ConfigDict(extra="allow")

    message: str


class GraphQLAnswer(Told):
    """The answer to a query, what went wrong with it, or both."""

    data: dict[str, Any] | None = sometimes()
    errors: list[GraphQLProblem] = sometimes()
