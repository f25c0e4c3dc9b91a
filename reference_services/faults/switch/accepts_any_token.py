"""Fault: any token is accepted, and so are requests without one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import cast

from signoff.reference_services.switch.requests.tokens import Guard
from signoff.reference_services.switch.serving.app import CreateApp
from signoff.reference_services.web.serving.fault import Fault


def _open(token: str) -> Guard:
    def let_pass(headers: Iterable[tuple[bytes, bytes]]) -> None:
        return None

    return let_pass


FAULT = Fault(
    name="accepts_any_token",
    summary="requests are answered without a token and with a wrong one",
    wrap=lambda create: cast(CreateApp, partial(create, let_in=_open)),
)
