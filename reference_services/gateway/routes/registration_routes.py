"""Service registration: `POST /services`, renewal before the lease ends, and deregistration."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from signoff.reference_services.gateway.forwarding.probes import Prober
from signoff.reference_services.gateway.routes.listings import Lease
from signoff.reference_services.gateway.services.access import ADMINS, Access
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.registrations import Announcement, Registration, Registrations
from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.requests import request_body
from signoff.reference_services.web.requests.description import answers

MOST_BYTES = 65_536
_TAG = "announcing"
_ADMINS: dict[str, Any] = {"security": [{"bearer": []}]}
_REPLICA = "/services/{service}/replicas/{replica}"


def without(operations: dict[str, Any]) -> dict[str, Any]:
    """The operations of a path in openapi.json, but for those that announce services."""
    return {method: each for method, each in operations.items() if _TAG not in each.get("tags", ())}


def router(registrations: Registrations, directory: Directory, prober: Prober, access: Access) -> APIRouter:
    """The routes."""
    routes = APIRouter(tags=[_TAG])

    def check(status: int = 404) -> None:
        if not access.admins_are_known:
            raise Refused(
                status,
                f"Services cannot be announced here: security.admin_key_file and {ADMINS} are not set.",
                "announcing_is_off",
                headers={"Allow": "GET"} if status == 405 else None,
            )

    async def answer(held: Registration, status: int) -> JSONResponse:
        there = [each for each in directory.replicas() if each.service == held.announcement.service]
        replica = next((each for each in there if each.url == held.announcement.address), None)
        if replica is not None and status == 201:
            await prober.probe(replica)
        return JSONResponse(held.shown(replica.status if replica is not None else "down"), status)

    @routes.post(
        "/services",
        status_code=201,
        openapi_extra={**request_body.schema(Announcement), **_ADMINS},
        **answers(Lease, 400, 401, 409, 415, 503, status=201, also=(200,)),
    )
    async def announce(request: Request) -> JSONResponse:
        """A replica says where it is; it is probed before it is sent anything."""
        check(405)
        held, is_new = registrations.announce(await request_body.read(request, Announcement, MOST_BYTES))
        return await answer(held, 201 if is_new else 200)

    @routes.put(_REPLICA, openapi_extra=_ADMINS, **answers(Lease, 401, 404))
    async def renew(service: str, replica: str) -> JSONResponse:
        """A replica is still there."""
        check()
        return await answer(registrations.renew(service, replica), 200)

    @routes.delete(_REPLICA, status_code=204, openapi_extra=_ADMINS, **answers(None, 401, 404, status=204))
    async def withdraw(service: str, replica: str) -> Response:
        """Deregister a replica: it gets no more requests, and requests in progress continue."""
        check()
        registrations.withdraw(service, replica)
        return Response(status_code=204)

    return routes
