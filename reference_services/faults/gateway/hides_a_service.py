"""Fault: the last service is missing from the list of models, but still answers by name."""

from __future__ import annotations

from functools import partial
from typing import cast

from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.serving.app import CreateGateway
from signoff.reference_services.web.serving.fault import Fault


def all_but_the_last(directory: Directory) -> dict[str, str]:
    """The models of all services but the last."""
    hidden = list(directory.services)[-1:]
    return {model: service for model, service in directory.models().items() if service not in hidden}


FAULT = Fault(
    name="hides_a_service",
    summary="the last service is missing from /v1/models",
    wrap=lambda create: cast(CreateGateway, partial(create, listing=all_but_the_last)),
)
