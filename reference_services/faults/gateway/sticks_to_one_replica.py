"""Fault: every request goes to the first available replica, whatever its load."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.gateway.serving.app import CreateGateway
from signoff.reference_services.web.serving.fault import Fault


def first(replicas: Sequence[Replica], session: str | None) -> Replica | None:
    """The first one; the request waits where that has no room."""
    return replicas[0] if replicas[0].has_room else None


FAULT = Fault(
    name="sticks_to_one_replica",
    summary="every request goes to the first replica that may be asked",
    wrap=lambda create: cast(CreateGateway, partial(create, choose=first)),
)
