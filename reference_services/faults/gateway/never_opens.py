"""Fault: circuit breakers count failures and never open."""

from __future__ import annotations

from functools import partial
from typing import cast

from signoff.reference_services.gateway.services.breaker import Breaker, Ticket
from signoff.reference_services.gateway.serving.app import CreateGateway
from signoff.reference_services.web.serving.fault import Fault


class StuckBreaker(Breaker):
    """A breaker that hears of no failure."""

    def failed(self, ticket: Ticket) -> None:
        """Nothing."""


FAULT = Fault(
    name="never_opens",
    summary="circuit breakers never open: a replica that fails is asked again and again",
    wrap=lambda create: cast(CreateGateway, partial(create, breaker=StuckBreaker)),
)
