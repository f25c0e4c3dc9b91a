"""POST /v1/chat/completions and /v1/completions, whole or streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from reference_services.chat import asking, request_body, session_name
from reference_services.chat.answers import CHAT, DONE, TEXT, Shape, body, event
from reference_services.chat.connection import ClientLeft, EventStream, while_connected
from reference_services.chat.engine import Step
from reference_services.chat.failures import Refused, internal
from reference_services.chat.gate import caller
from reference_services.chat.generation import Generation, Parts
from reference_services.chat.metrics import Account
from reference_services.chat.requests import ChatRequest, CompletionRequest

CLIENT_LEFT = 499
"""nginx' status for a client that closed the connection; nobody reads it."""

Asked = TypeVar("Asked", ChatRequest, CompletionRequest)
Start = Callable[[Parts, Account, Asked, str, str | None], Awaitable[Generation]]


def router(parts: Parts) -> APIRouter:
    """The two routes."""
    routes = APIRouter()

    @routes.post("/v1/chat/completions", openapi_extra=request_body.schema(ChatRequest))
    async def chat_completions(request: Request) -> Response:
        return await _serve(parts, request, CHAT, ChatRequest, asking.chat)

    @routes.post("/v1/completions", openapi_extra=request_body.schema(CompletionRequest))
    async def completions(request: Request) -> Response:
        return await _serve(parts, request, TEXT, CompletionRequest, asking.complete)

    return routes


async def _serve(parts: Parts, request: Request, shape: Shape, kind: type[Asked], start: Start[Asked]) -> Response:
    account = parts.metrics.account(request.url.path)
    try:
        asked = await request_body.read(request, kind, parts.service.config.max_body_bytes)
        session_id = session_name.session_id(request)
        start_it = start(parts, account, asked, caller(request), session_id)
        started = await while_connected(request.receive, _started(start_it))
        headers = {} if session_id is None else {"X-Session-ID": request.headers[session_name.SESSION_HEADER]}
        if started.cache is not None:
            headers["X-Cache"] = started.cache
        model = parts.service.served_names()[0]
        if asked.stream:
            events = _events(started, shape, model, asked.wants_usage)
            return EventStream(events, started.cancel, started.close, headers)
        return await _whole(request, started, shape, model, headers)
    except Refused as refused:
        account.close("error" if refused.is_ours else "invalid")
        return refused.response()
    except ClientLeft:
        account.close("cancelled")
        return Response(status_code=CLIENT_LEFT)
    except Exception as error:
        account.close("error")
        return internal(error, request.url.path).response()


async def _started(start: Awaitable[Generation]) -> Generation:
    return await start


async def _whole(request: Request, started: Generation, shape: Shape, model: str, headers: dict[str, str]) -> Response:
    async def made() -> list[list[Step]]:
        steps: list[list[Step]] = [[] for _ in started.finish_reasons]
        async for number, step in started.steps():
            steps[number].append(step)
        return steps

    try:
        answers = await while_connected(request.receive, made())
    except ClientLeft:
        started.cancel()
        raise
    except Exception:
        started.fail()
        raise
    finally:
        await started.close()
    answer = {**shape.head(started.id, started.created, model, is_chunk=False), **_cached(started)}
    answer["choices"] = [
        shape.choice(index, steps, reason)
        for index, (steps, reason) in enumerate(zip(answers, started.finish_reasons, strict=True))
    ]
    answer["usage"] = started.usage
    return Response(body(answer), headers=headers, media_type="application/json")


async def _events(started: Generation, shape: Shape, model: str, wants_usage: bool) -> AsyncGenerator[bytes, None]:
    head = {**shape.head(started.id, started.created, model, is_chunk=True), **_cached(started)}
    tail: dict[str, Any] = {"usage": None} if wants_usage else {}

    def chunk(choice: dict[str, Any]) -> bytes:
        return event({**head, "choices": [choice], **tail})

    offsets = [0] * len(started.finish_reasons)
    begun = [not shape.is_chat] * len(offsets)
    try:
        async for index, step in started.steps():
            if not begun[index]:
                # With the first token, not before it: its arrival is what clients take for the first token.
                yield chunk(shape.head_part(index))
                begun[index] = True
            yield chunk(shape.part(index, step, offsets[index]))
            offsets[index] += len(step.text)
    except Exception as error:
        started.fail()
        # The status is out; the error goes in-band and nothing pretends that the answer is complete.
        yield event(internal(error, shape.chunk).body())
        return
    for index, reason in enumerate(started.finish_reasons):
        if not begun[index]:
            yield chunk(shape.head_part(index))
        yield chunk(shape.tail_part(index, reason))
    if wants_usage:
        yield event({**head, "choices": [], "usage": started.usage})
    yield DONE


def _cached(started: Generation) -> dict[str, Any]:
    """A field of its own, only while the cache is on."""
    return {} if started.cache is None else {"cached": started.cache == "hit"}
