"""POST /graphql: the schema over HTTP, behind the same gate as every route."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response
from strawberry.types.execution import PreExecutionError

from signoff.reference_services.chat.api import asking, session_name
from signoff.reference_services.chat.api.answer_models import GraphQLAnswer
from signoff.reference_services.chat.api.answers import CHAT
from signoff.reference_services.chat.api.generation import Parts
from signoff.reference_services.chat.api.metrics import GRAPHQL
from signoff.reference_services.chat.api.operations import health, models
from signoff.reference_services.chat.api.requests import ChatRequest
from signoff.reference_services.chat.routes.completions import whole
from signoff.reference_services.chat.routes.graphql_schema import Answers, schema
from signoff.reference_services.chat.routes.graphql_size import MOST_CHARACTERS
from signoff.reference_services.web.access.connection import while_connected
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.gate import allowance, caller
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers

TYPED = "application/graphql-response+json"


class GraphQLRequest(BaseModel):
    """The body of POST /graphql. Other fields than these may come, as the specification has it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    query: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
    variables: dict[str, Any] | None = None
    operationName: str | None = None  # noqa: N815 - GraphQL over HTTP calls it so


def router(parts: Parts) -> APIRouter:
    """The route."""
    routes = APIRouter()
    served = schema()

    @routes.post(
        GRAPHQL,
        openapi_extra=request_body.schema(GraphQLRequest),
        **answers(GraphQLAnswer, 413, 415, also=(400,), error=GraphQLAnswer),
    )
    async def graphql(request: Request) -> Response:
        """Answer a query of the GraphQL schema."""
        try:
            asked = await request_body.read(request, GraphQLRequest, parts.service.config.max_body_bytes)
        except Refused as refused:
            return JSONResponse({"errors": [{"message": str(refused)}]}, refused.status)
        work = served.execute(
            asked.query,
            variable_values=asked.variables,
            operation_name=asked.operationName,
            context_value=_answers(parts, request),
        )
        result = await while_connected(request.receive, work)
        shown: dict[str, Any] = {}
        if result.errors:
            shown["errors"] = [error.formatted for error in result.errors]
        is_run = not isinstance(result, PreExecutionError)
        if is_run:
            shown["data"] = result.data
        # Plain JSON says by its content alone that a query failed; who asks for GraphQL's own type gets a status too.
        is_typed = TYPED in request.headers.get("accept", "")
        status = 400 if is_typed and not is_run else 200
        return JSONResponse(shown, status, media_type=TYPED if is_typed else None)

    return routes


def _answers(parts: Parts, request: Request) -> Answers:
    """What the schema may ask on behalf of this request's caller."""

    async def session(name: str) -> dict[str, Any] | None:
        return await parts.sessions.show(session_name.checked_session(request, name))

    async def complete(asked: ChatRequest, name: str | None) -> dict[str, Any]:
        account = parts.metrics.account(GRAPHQL)
        try:
            # Several completions in one request count as several.
            await allowance(request).take()
            kept = None if name is None else session_name.checked_session(request, name)
            started = await asking.chat(parts, account, asked, caller(request), kept)
            return await whole(started, CHAT, parts.service.served_names()[0])
        except Refused as refused:
            account.close("error" if refused.is_ours else "invalid")
            raise
        except Exception:
            account.close("error")
            raise
        finally:
            account.close("cancelled")

    return Answers(lambda: models(parts), lambda: health(parts), session, complete)
