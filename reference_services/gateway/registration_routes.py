"""How services announce themselves: `POST /services`, a renewal before the lease ends, a withdrawal when they go."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from reference_services.chat import request_body
from reference_services.chat.failures import Refused
from reference_services.gateway.access import ADMINS, Access
from reference_services.gateway.directory import Directory
from reference_services.gateway.listings import refusals
from reference_services.gateway.probes import Prober
from reference_services.gateway.registrations import Announcement, Registration, Registrations

MOST_BYTES = 65_536
_REPLICA = "/services/{service}/replicas/{replica}"


class Lease(BaseModel):
    """Until when a replica is taken for alive, and what a probe of it found."""

    service: str
    replica: str
    address: str
    lease_seconds: float
    expires_at: str
    status: str


def router(registrations: Registrations, directory: Directory, prober: Prober, access: Access) -> APIRouter:
    """The routes."""
    routes = APIRouter(responses=refusals(400, 403, 404, 409, 413, 415, 429, 431, 503))

    def check() -> None:
        if not access.admins_are_known:
            raise Refused(
                403,
                f"Nobody announces services here: security.admin_key_file and {ADMINS} are not set.",
                "announcing_is_off",
            )

    async def answer(held: Registration, status: int) -> JSONResponse:
        there = [each for each in directory.replicas() if each.service == held.told.service]
        replica = next((each for each in there if each.url == held.told.address), None)
        if replica is not None and status == 201:
            await prober.probe(replica)
        return JSONResponse(held.shown(replica.status if replica is not None else "down"), status)

    @routes.post(
        "/services",
        status_code=201,
        response_model=Lease,
        responses={200: {"model": Lease, "description": "It was known and is renewed."}},
        openapi_extra=request_body.schema(Announcement),
    )
    async def announce(request: Request) -> JSONResponse:
        """A replica says where it is; it is probed before it is sent anything."""
        check()
        held, is_new = registrations.announce(await request_body.read(request, Announcement, MOST_BYTES))
        return await answer(held, 201 if is_new else 200)

    @routes.put(_REPLICA, response_model=Lease)
    async def renew(service: str, replica: str) -> JSONResponse:
        """A replica is still there."""
        check()
        return await answer(registrations.renew(service, replica), 200)

    @routes.delete(_REPLICA, status_code=204)
    async def withdraw(service: str, replica: str) -> Response:
        """A replica goes: nothing more is sent to it, and what is under way there goes on."""
        check()
        registrations.withdraw(service, replica)
        return Response(status_code=204)

    return routes
