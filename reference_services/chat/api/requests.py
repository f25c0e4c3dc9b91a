"""Incoming requests: every field is checked, none is ignored.

The first wrong item ends the check of its list: each problem that is found is described, and one is reported.
Fields that shape sampling are taken into the draw where the temperature is above 0. What this service cannot do
(tools, images, penalties of single tokens) is refused, not ignored.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from signoff.reference_services.chat.engine.structured import ANY_OBJECT
from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.settings.settings import LARGEST

Whole = Annotated[int, Field(ge=1, le=LARGEST)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Stop = Annotated[str, Field(min_length=1, max_length=256)]


class Strict(BaseModel):
    """A request has only known fields, each of its type."""

    model_config = ConfigDict(extra="forbid", strict=True)


class TextPart(Strict):
    """A piece of text in a list of content."""

    type: Literal["text"]
    text: str


class SentMessage(Strict):
    """A message as clients send it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | Annotated[list[TextPart], Field(fail_fast=True)]
    name: str | None = None
    refusal: str | None = None

    def message(self) -> Message:
        """The message as prompts hold it; `developer` is the new name of `system`."""
        text = self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, text)


def _false(value: bool) -> bool:
    if value:
        raise ValueError("the prompt is not repeated; leave echo out")
    return value


def _only_with(field: str, switch: str, kind: str) -> dict[str, Any]:
    """The rule that a field has no value but where a switch is true, as JSON Schema has it."""
    without = {"properties": {field: {"type": "null"}}}
    return {"anyOf": [without, {"required": [switch], "properties": {field: {"type": kind}, switch: {"const": True}}}]}


def either(*fields: str) -> dict[str, Any]:
    """The rule that exactly one of these fields has a value, as JSON Schema has it."""
    return {
        "anyOf": [
            {"required": [one], "properties": {each: _IS_THERE if each == one else {"type": "null"} for each in fields}}
            for one in fields
        ]
    }


_IS_THERE: dict[str, Any] = {"not": {"type": "null"}}
_FORMS: list[Any] = [
    {"properties": {"type": {"enum": ["text", "json_object"]}, "json_schema": {"type": "null"}}},
    {"properties": {"type": {"const": "json_schema"}, "json_schema": _IS_THERE}, "required": ["json_schema"]},
]
_STREAM_RULE = _only_with("stream_options", "stream", "object")


class StreamOptions(Strict):
    """What a stream holds beside text."""

    include_usage: bool = False


class Sampling(Strict):
    """The fields that both kinds of completion share."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_STREAM_RULE]})

    model: str | None = None
    max_tokens: Whole | None = None
    min_tokens: Count = 0
    ignore_eos: bool = False
    stop: Stop | Annotated[list[Stop], Field(max_length=16, fail_fast=True)] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    seed: int | None = None
    top_p: Probability | None = None
    top_k: Annotated[int, Field(ge=-1, le=LARGEST)] | None = None
    min_p: Probability | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=2, allow_inf_nan=False)] | None = None
    n: Whole | None = None
    user: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Sampling:
        if self.stream_options is not None and not self.stream:
            raise ValueError("stream_options needs stream to be true")
        if self.limit is not None and self.min_tokens > self.limit:
            raise ValueError(f"min_tokens is {self.min_tokens}, more than max_tokens, which is {self.limit}")
        return self

    @property
    def limit(self) -> int | None:
        """The most tokens to generate, where the request says."""
        return self.max_tokens

    @property
    def choices(self) -> int:
        """How many answers are asked for."""
        return self.n or 1

    @property
    def top(self) -> int | None:
        """How many alternatives of each token are asked for; None: no log probabilities."""
        raise NotImplementedError

    @property
    def top_name(self) -> str:
        """The field that `top` comes from."""
        raise NotImplementedError

    def schema_text(self) -> str | None:
        """The JSON Schema that the answer has to meet, as JSON."""
        return None

    def stops(self) -> tuple[str, ...]:
        """The stop strings."""
        if self.stop is None:
            return ()
        return (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)

    def shape(self) -> tuple[tuple[str, float], ...]:
        """The sampling fields that were set."""
        names = ("top_p", "top_k", "min_p", "presence_penalty", "frequency_penalty", "repetition_penalty")
        return tuple((name, float(value)) for name in names if (value := getattr(self, name)) is not None)

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with its usage."""
        return self.stream_options is not None and self.stream_options.include_usage


class NamedSchema(Strict):
    """A JSON Schema with its name."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    description: str | None = None
    definition: Annotated[dict[str, Any], Field(alias="schema")]
    strict: bool | None = None


class ResponseFormat(Strict):
    """What form the answer has: text, any JSON object, or JSON by a schema."""

    model_config = ConfigDict(json_schema_extra={"anyOf": _FORMS})

    type: Literal["text", "json_object", "json_schema"]
    json_schema: NamedSchema | None = None

    @model_validator(mode="after")
    def _has_its_schema(self) -> ResponseFormat:
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("json_schema belongs to the type json_schema, and to no other")
        return self

    def schema_text(self) -> str | None:
        """The schema, as JSON; None for text."""
        if self.type == "text":
            return None
        return json.dumps(ANY_OBJECT if self.json_schema is None else self.json_schema.definition)


class ChatRequest(Sampling):
    """The body of POST /v1/chat/completions."""

    model_config = ConfigDict(
        json_schema_extra={"allOf": [_STREAM_RULE, _only_with("top_logprobs", "logprobs", "integer")]}
    )

    messages: Annotated[list[SentMessage], Field(min_length=1, fail_fast=True)]
    max_completion_tokens: Whole | None = None
    logprobs: bool = False
    top_logprobs: Count | None = None
    response_format: ResponseFormat | None = None
    retrieval: bool | None = None
    """Whether documents go into the prompt; if nothing is said, they do if the service has a store of them."""

    @model_validator(mode="after")
    def _has_logprobs(self) -> ChatRequest:
        if self.top_logprobs is not None and not self.logprobs:
            raise ValueError("top_logprobs needs logprobs to be true")
        return self

    @property
    def top(self) -> int | None:
        """0 where only the tokens' own are asked for."""
        return (self.top_logprobs or 0) if self.logprobs else None

    @property
    def top_name(self) -> str:
        """The field that `top` comes from."""
        return "top_logprobs"

    def schema_text(self) -> str | None:
        """The schema of `response_format`."""
        return None if self.response_format is None else self.response_format.schema_text()

    @property
    def limit(self) -> int | None:
        """The newer name comes first."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens


class CompletionRequest(Sampling):
    """The body of POST /v1/completions."""

    prompt: Annotated[str, Field(min_length=1)]
    echo: Annotated[bool, AfterValidator(_false), Field(json_schema_extra={"const": False})] = False
    logprobs: Count | None = None

    @property
    def top(self) -> int | None:
        """The number itself."""
        return self.logprobs

    @property
    def top_name(self) -> str:
        """The field that `top` comes from."""
        return "logprobs"


class TokenizeRequest(Strict):
    """The body of POST /tokenize: one of `prompt` and `messages`."""

    model_config = ConfigDict(json_schema_extra=either("prompt", "messages"))

    model: str | None = None
    prompt: str | None = None
    messages: Annotated[list[SentMessage], Field(min_length=1, fail_fast=True)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> TokenizeRequest:
        if (self.prompt is None) == (self.messages is None):
            raise ValueError("either prompt or messages is needed, one of them only")
        return self

    def as_prompt(self) -> Prompt:
        """What to count."""
        if self.messages is None:
            return Prompt(text=self.prompt)
        return Prompt(tuple(message.message() for message in self.messages))
