"""POST /v1/chat/completions and /v1/completions, whole or streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from signoff.reference_services.chat.api import asking, sampling_limits, session_name
from signoff.reference_services.chat.api.answer_models import ChatChunk, ChatCompletion, TextChunk, TextCompletion
from signoff.reference_services.chat.api.answers import CHAT, DONE, TEXT, Shape, body, event
from signoff.reference_services.chat.api.chunks import chunks, own_fields
from signoff.reference_services.chat.api.generation import Generation, Parts
from signoff.reference_services.chat.api.metrics import Account
from signoff.reference_services.chat.api.requests import ChatRequest, CompletionRequest
from signoff.reference_services.chat.engine.engine import Step
from signoff.reference_services.web.access.connection import CLIENT_LEFT, ClientLeft, EventStream, while_connected
from signoff.reference_services.web.access.failures import Refused, internal
from signoff.reference_services.web.access.gate import caller
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers

REFUSALS = (400, 404, 415, 503)
"""The statuses with which a completion may be refused."""

Asked = TypeVar("Asked", ChatRequest, CompletionRequest)
Start = Callable[[Parts, Account, Asked, str, str | None], Coroutine[Any, Any, Generation]]


def router(parts: Parts) -> APIRouter:
    """The two routes."""
    routes = APIRouter()

    narrow = partial(sampling_limits.narrow, parts.service.config)
    stored = {name: {"required": True} for name in ("X-Cache",) if parts.cache.is_on}

    @routes.post(
        "/v1/chat/completions",
        openapi_extra={**request_body.schema(ChatRequest, narrow), "parameters": [session_name.PARAMETER]},
        **answers(
            ChatCompletion, *REFUSALS, 409, events=ChatChunk, headers={session_name.SESSION_HEADER: {}, **stored}
        ),
    )
    async def chat_completions(request: Request) -> Response:
        """Answer a conversation, whole or streamed."""
        return await _serve(parts, request, CHAT, ChatRequest, asking.chat)

    @routes.post(
        "/v1/completions",
        openapi_extra=request_body.schema(CompletionRequest, narrow),
        **answers(TextCompletion, *REFUSALS, events=TextChunk, headers=stored),
    )
    async def completions(request: Request) -> Response:
        """Complete a text, streamed or not."""
        return await _serve(parts, request, TEXT, CompletionRequest, asking.complete)

    return routes


async def _serve(parts: Parts, request: Request, shape: Shape, kind: type[Asked], start: Start[Asked]) -> Response:
    account = parts.metrics.account(request.scope["path"])
    try:
        asked = await request_body.read(request, kind, parts.service.config.max_body_bytes)
        session_id = session_name.session_id(request)
        model = parts.service.served_names()[0]

        async def begin() -> tuple[Generation, dict[str, Any] | None]:
            started = await start(parts, account, asked, caller(request), session_id)
            return started, None if asked.stream else await whole(started, shape, model)

        started, answer = await while_connected(request.receive, begin())
        headers = {} if session_id is None else {"X-Session-ID": request.headers[session_name.SESSION_HEADER]}
        if started.cache is not None:
            headers["X-Cache"] = started.cache
        if answer is None:
            events = _events(started, shape, model, asked.wants_usage)
            return EventStream(events, started.cancel, started.close, headers)
        return Response(body(answer), headers=headers, media_type="application/json")
    except Refused as refused:
        account.close("error" if refused.is_ours else "invalid")
        return refused.response()
    except ClientLeft:
        account.close("cancelled")
        return Response(status_code=CLIENT_LEFT)
    except Exception as error:
        account.close("error")
        return internal(error, request.scope["path"]).response()


async def whole(started: Generation, shape: Shape, model: str) -> dict[str, Any]:
    """The whole answer of a generation, which is over and closed then; one that is cancelled counts as abandoned."""
    steps: list[list[Step]] = [[] for _ in started.finish_reasons]
    try:
        async for number, step in started.steps():
            steps[number].append(step)
    except Exception:
        started.fail()
        raise
    finally:
        await started.close()
    answer = {**shape.head(started.id, started.created, model, is_chunk=False), **own_fields(started)}
    answer["choices"] = [
        shape.choice(index, made, reason)
        for index, (made, reason) in enumerate(zip(steps, started.finish_reasons, strict=True))
    ]
    answer["usage"] = started.usage
    return answer


async def _events(started: Generation, shape: Shape, model: str, wants_usage: bool) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks(started, shape, model, wants_usage)) as made:
        async for chunk in made:
            yield event(chunk)
            if "error" in chunk:
                return
    yield DONE
