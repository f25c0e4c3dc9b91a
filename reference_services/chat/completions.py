"""POST /v1/chat/completions and /v1/completions, whole or streamed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from starlette.responses import Response

from reference_services.chat import generation, requests
from reference_services.chat.answers import CHAT, DONE, TEXT, Shape, body, event
from reference_services.chat.connection import ClientLeft, EventStream, while_connected
from reference_services.chat.failures import Refused, internal
from reference_services.chat.generation import Generation, Parts
from reference_services.chat.metrics import Account
from reference_services.chat.requests import ChatRequest, CompletionRequest

CLIENT_LEFT = 499
"""nginx' status for a client that closed the connection; nobody reads it."""

Asked = TypeVar("Asked", ChatRequest, CompletionRequest)
Start = Callable[[Parts, Account, Asked, str | None], Awaitable[Generation]]


def router(parts: Parts) -> APIRouter:
    """The two routes."""
    routes = APIRouter()

    @routes.post("/v1/chat/completions", openapi_extra=requests.schema(ChatRequest))
    async def chat_completions(request: Request) -> Response:
        return await _serve(parts, request, CHAT, ChatRequest, generation.chat)

    @routes.post("/v1/completions", openapi_extra=requests.schema(CompletionRequest))
    async def completions(request: Request) -> Response:
        return await _serve(parts, request, TEXT, CompletionRequest, generation.complete)

    return routes


async def _serve(parts: Parts, request: Request, shape: Shape, kind: type[Asked], start: Start[Asked]) -> Response:
    account = parts.metrics.account(request.url.path)
    try:
        asked = await requests.read(request, kind, parts.service.config.max_body_bytes)
        session_id = requests.session_id(request)
        started = await while_connected(request.receive, _started(start(parts, account, asked, session_id)))
        headers = {} if session_id is None else {"X-Session-ID": request.headers[requests.SESSION_HEADER]}
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
    async def text() -> str:
        return "".join([piece async for piece in started.texts()])

    try:
        said = await while_connected(request.receive, text())
    except ClientLeft:
        started.cancel()
        raise
    except Exception:
        started.fail()
        raise
    finally:
        await started.close()
    answer = shape.head(started.id, started.created, model, is_chunk=False)
    answer["choices"] = [shape.choice(said, started.finish_reason)]
    answer["usage"] = started.usage
    return Response(body(answer), headers=headers, media_type="application/json")


async def _events(started: Generation, shape: Shape, model: str, wants_usage: bool) -> AsyncGenerator[bytes, None]:
    head = shape.head(started.id, started.created, model, is_chunk=True)
    tail: dict[str, Any] = {"usage": None} if wants_usage else {}

    def chunk(*choices: dict[str, Any]) -> bytes:
        return event({**head, "choices": list(choices), **tail})

    is_first = shape.is_chat
    try:
        async for piece in started.texts():
            if is_first:
                # With the first token, not before it: its arrival is what clients take for the first token.
                yield chunk(shape.part(None, is_first=True))
                is_first = False
            yield chunk(shape.part(piece))
    except Exception as error:
        started.fail()
        # The status is out; the error goes in-band and nothing pretends that the answer is complete.
        yield event(internal(error, shape.chunk).body())
        return
    if is_first:
        yield chunk(shape.part(None, is_first=True))
    yield chunk(shape.part(None, started.finish_reason))
    if wants_usage:
        yield event({**head, "choices": [], "usage": started.usage})
    yield DONE
