"""Requests as they come in: bodies read within limits, every field checked, nothing silently ignored.

Fields that shape sampling are taken into the draw where the temperature is above 0. What this service cannot do
(several choices, log probabilities, tools, forced formats) is refused, not ignored.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reference_services.chat.failures import Refused
from reference_services.chat.gate import body_too_large, caller, owned
from reference_services.chat.prompt import Message, Prompt
from reference_services.chat.sessions import SESSION_ID, SESSION_ID_RULE

SESSION_HEADER = "x-session-id"

Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False)]
Stop = Annotated[str, Field(min_length=1, max_length=256)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TextPart(_Strict):
    """A piece of text in a list of content."""

    type: Literal["text"]
    text: str


class SentMessage(_Strict):
    """A message as clients send it."""

    role: Literal["system", "developer", "user", "assistant"]
    content: str | list[TextPart]
    name: str | None = None
    refusal: str | None = None

    def message(self) -> Message:
        """The message as prompts hold it; `developer` is the new name of `system`."""
        text = self.content if isinstance(self.content, str) else "\n".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, text)


class StreamOptions(_Strict):
    """What a stream holds beside text."""

    include_usage: bool = False


class Sampling(_Strict):
    """The fields that both kinds of completion share."""

    model: str | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    min_tokens: Annotated[int, Field(ge=0)] = 0
    ignore_eos: bool = False
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] | None = None
    seed: int | None = None
    top_p: Probability | None = None
    top_k: Annotated[int, Field(ge=-1)] | None = None
    min_p: Probability | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    repetition_penalty: Annotated[float, Field(gt=0, le=2, allow_inf_nan=False)] | None = None
    n: Annotated[int, Field(ge=1, le=1)] | None = None
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
    def limit_name(self) -> str:
        """The field that `limit` comes from."""
        return "max_tokens"

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


class ChatRequest(Sampling):
    """The body of POST /v1/chat/completions."""

    messages: Annotated[list[SentMessage], Field(min_length=1)]
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None

    @property
    def limit(self) -> int | None:
        """The newer name comes first."""
        return self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens

    @property
    def limit_name(self) -> str:
        """The field that `limit` comes from."""
        return "max_tokens" if self.max_completion_tokens is None else "max_completion_tokens"


class CompletionRequest(Sampling):
    """The body of POST /v1/completions."""

    prompt: str
    echo: Literal[False] = False


class TokenizeRequest(_Strict):
    """The body of POST /tokenize: one of `prompt` and `messages`."""

    model: str | None = None
    prompt: str | None = None
    messages: Annotated[list[SentMessage], Field(min_length=1)] | None = None

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


Body = TypeVar("Body", bound=BaseModel)


async def read(request: Request, kind: type[Body], max_bytes: int) -> Body:
    """The body of a request. Raises Refused."""
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > max_bytes:
            raise body_too_large(max_bytes)
    try:
        data = json.loads(content.decode("utf-8"))
        if b"\\ud" in content.lower():
            # Half of an escaped surrogate pair is JSON, but no text.
            json.dumps(data, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, f"The body is not UTF-8 text (byte {error.start}).", "invalid_json") from None
    except UnicodeEncodeError:
        raise Refused(400, "The body holds half of a surrogate pair, which is no character.", "invalid_json") from None
    except (ValueError, RecursionError) as error:
        raise Refused(400, f"The body is not JSON: {error}", "invalid_json") from None
    if not isinstance(data, dict):
        raise Refused(400, f"The body is a JSON {type(data).__name__}, an object is needed.", "invalid_json")
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise _refused(error) from None


def session_id(request: Request) -> str | None:
    """The session that the request names, as its caller's, or None. Raises Refused where the name is not one."""
    named = request.headers.getlist(SESSION_HEADER)
    if not named:
        return None
    if len(named) > 1:
        raise Refused(400, "X-Session-ID is given more than once.", "invalid_session_id", "X-Session-ID")
    return checked_session(request, named[0])


def checked_session(request: Request, name: str) -> str:
    """The name under which the caller's session is kept. Raises Refused where this cannot be a session's name."""
    if not SESSION_ID.fullmatch(name):
        raise Refused(400, f"A session id is {SESSION_ID_RULE}; this is not one.", "invalid_session_id", "X-Session-ID")
    return owned(caller(request), name)


def schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The request's body for openapi.json, which FastAPI cannot see because the body is read here."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": kind.model_json_schema()}}}}


def _refused(error: ValidationError) -> Refused:
    problem = error.errors(include_url=False, include_context=False)[0]
    param = ".".join(str(part) for part in problem["loc"]) or None
    if problem["type"] == "extra_forbidden":
        return Refused(400, f"This service does not know the field {param}.", "unknown_field", param)
    message = str(problem["msg"]).removeprefix("Value error, ")
    return Refused(400, f"{param}: {message}" if param else message, "invalid_value", param)
