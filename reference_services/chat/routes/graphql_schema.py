"""The GraphQL schema: models, health and sessions as queries, a completion as a mutation.

It shows what HTTP's routes show, and asks for a completion through the same checks.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import MaskErrors
from strawberry.types import Info

from signoff.reference_services.chat import VERSION
from signoff.reference_services.chat.api.metrics import GRAPHQL
from signoff.reference_services.chat.api.requests import ChatRequest
from signoff.reference_services.chat.routes.graphql_size import SizeLimiter
from signoff.reference_services.chat.routes.graphql_types import (
    Completion,
    Health,
    MessageInput,
    Model,
    Passage,
    Session,
    Turn,
    Usage,
)
from signoff.reference_services.chat.stores.store import ClaimLost, StoreError
from signoff.reference_services.web.access.failures import Refused, internal
from signoff.reference_services.web.requests import request_body

_TOLD = (Refused, StoreError, ClaimLost)
"""Errors that a route answers with a status; all others are bugs."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the schema asks the service for; each raises Refused as its route does."""

    models: Callable[[], list[dict[str, Any]]]
    health: Callable[[], Awaitable[Mapping[str, Any]]]
    session: Callable[[str], Awaitable[Mapping[str, Any] | None]]
    complete: Callable[[ChatRequest, str | None], Awaitable[dict[str, Any]]]


def _version() -> str:
    return VERSION


def _models(info: Info) -> list[Model]:
    found = _answers(info).models()
    return [Model(id=each["id"], root=each["root"], max_model_len=each["max_model_len"]) for each in found]


async def _health(info: Info) -> Health:
    found = await _answers(info).health()
    return Health(
        status=found["status"],
        state=found["engine"]["state"],
        engine=found["engine"]["name"],
        context_length=found["context_length"],
        active_sessions=found["active_sessions"],
        uptime_seconds=found["uptime_seconds"],
    )


async def _session(info: Info, id: str) -> Session | None:  # noqa: A002 - the name of the argument
    try:
        found = await _answers(info).session(id)
    except _TOLD as error:
        raise _graphql_error(error) from None
    if found is None:
        return None
    turns = [Turn(role=each["role"], content=each["content"], time=each["time"]) for each in found["turns"]]
    return Session(
        id=id,
        created=found["created"],
        last_used=found["last_used"],
        system=found["system"],
        turn_count=found["turn_count"],
        turns=turns,
    )


async def _complete(
    info: Info,
    messages: list[MessageInput],
    model: str | None = None,
    max_tokens: int | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    stop: list[str] | None = None,
    session: str | None = None,
) -> Completion:
    given = {"model": model, "max_tokens": max_tokens, "temperature": temperature, "seed": seed, "stop": stop}
    data: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    data["messages"] = [{"role": message.role, "content": message.content} for message in messages]
    try:
        # Through the bytes of a request, so that what is no text is refused here as it is there.
        asked = request_body.checked(request_body.parsed(json.dumps(data).encode("utf-8")), ChatRequest)
        found = await _answers(info).complete(asked, session)
    except _TOLD as error:
        raise _graphql_error(error) from None
    choice, documents = found["choices"][0], found.get("retrieval", {}).get("documents")
    return Completion(
        id=found["id"],
        model=found["model"],
        content=choice["message"]["content"],
        finish_reason=choice["finish_reason"],
        usage=Usage(**found["usage"]),
        documents=None if documents is None else [Passage(**each) for each in documents],
    )


@strawberry.type
class Query:
    """What can be asked."""

    version: str = strawberry.field(resolver=_version, description="The service's version.")
    models: list[Model] = strawberry.field(resolver=_models, description="The names that the model is asked for by.")
    health: Health = strawberry.field(resolver=_health, description="Whether the service can answer.")
    session: Session | None = strawberry.field(
        resolver=_session, description="A session of the caller's, or null where there is none."
    )


@strawberry.type
class Mutation:
    """What can be done."""

    complete: Completion = strawberry.field(
        resolver=_complete, description="Answer a conversation, in a session where one is named."
    )


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Logs nothing: a caller's error is reported to the caller, and internal errors are logged where they occur."""


def schema() -> strawberry.Schema:
    """The schema, with limits on what one query may hold."""
    return _Schema(
        Query,
        Mutation,
        extensions=[
            SizeLimiter,
            lambda: MaskErrors(should_mask_error=_is_ours, error_message="The service failed; its log says why."),
        ],
    )


def _answers(info: Info) -> Answers:
    found: Answers = info.context
    return found


def _graphql_error(error: Exception) -> GraphQLError:
    refused = error if isinstance(error, Refused) else internal(error, GRAPHQL)
    extensions = {"code": refused.code, "status": refused.status, "param": refused.param}
    return GraphQLError(str(refused), extensions=extensions)


def _is_ours(error: GraphQLError) -> bool:
    """Whether an error is a bug: that is logged, and reported without internal details."""
    if error.original_error is None or isinstance(error.original_error, GraphQLError):
        return False
    internal(error.original_error, GRAPHQL)
    return True
