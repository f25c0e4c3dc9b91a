"""The routes of a gateway: what is sent on to a service, and what the gateway answers itself."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from reference_services.chat.connection import ClientLeft, while_connected
from reference_services.chat.failures import Refused, internal
from reference_services.gateway import asked as asking
from reference_services.gateway.account import CLIENT_LEFT, Account
from reference_services.gateway.directory import Directory
from reference_services.gateway.forwarding import Forwarding
from reference_services.gateway.metrics import Metrics
from reference_services.gateway.relay import Relay

FORWARDED = {
    "/v1/chat/completions": "A chat completion, by the service of the model.",
    "/v1/completions": "A text completion, by the service of the model.",
    "/v1/embeddings": "Embeddings, by the service of the model.",
    "/tokenize": "Token counts, by the service of the model.",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["model"],
                    "properties": {"model": {"type": "string"}},
                    "additionalProperties": True,
                }
            }
        },
    }
}


def forwarded(directory: Directory, forwarding: Forwarding, metrics: Metrics) -> APIRouter:
    """What goes on to a service. A session's record is asked for with the model in the query."""
    routes = APIRouter()

    async def forward(request: Request) -> Response:
        return await _forward(request, directory, forwarding, metrics)

    async def forward_session(request: Request, session_id: str, model: str | None = None) -> Response:
        return await _forward(request, directory, forwarding, metrics, session_id)

    for path, summary in FORWARDED.items():
        routes.add_api_route(path, forward, methods=["POST"], summary=summary, openapi_extra=_BODY)
    for method in ("GET", "DELETE"):
        summary = "A session's record, at the replica that it belongs to."
        routes.add_api_route("/sessions/{session_id}", forward_session, methods=[method], summary=summary)
    return routes


async def _forward(
    request: Request, directory: Directory, forwarding: Forwarding, metrics: Metrics, session: str | None = None
) -> Response:
    figures = directory.configuration.gateway
    request_id = asking.given_id(request)
    # The route's path, not the request's: a session's id belongs in no log.
    account = Account(metrics, request.method, request.scope["route"].path, request_id)
    try:
        asked = await asking.read(request, figures.max_body_bytes, figures.max_header_bytes, request_id, session)
        opened = await while_connected(request.receive, forwarding.open(asked, account))
        return Relay(opened, account, metrics, request_id)
    except Refused as refused:
        return _refused(refused, account, request_id)
    except (ClientLeft, ClientDisconnect):
        account.close(CLIENT_LEFT)
        return Response(status_code=CLIENT_LEFT)
    except Exception as error:
        return _refused(internal(error, request.scope["route"].path), account, request_id)


def _refused(refused: Refused, account: Account, request_id: str) -> Response:
    account.close(refused.status, refused.code or "")
    response = refused.response()
    response.headers["X-Request-ID"] = request_id
    return response
