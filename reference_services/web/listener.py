"""uvicorn, as every listener of the services has it: the one place where one is made (a test looks for others)."""

from __future__ import annotations

from typing import Any

import uvicorn
from starlette.types import ASGIApp

from reference_services.web.guard import Guard, Refuse, shared
from reference_services.web.visitors import Allowed, Visitors


def config(app: ASGIApp, allowed: Allowed, refuse: Refuse, **options: Any) -> uvicorn.Config:
    """How an app is served: behind the guard, and with the address of a client believed from nobody else.

    `options` are uvicorn's, for what is one service's own.
    """
    return uvicorn.Config(
        Guard(shared(app, allowed.origins), Visitors(allowed), refuse),
        # uvicorn would believe whoever connects from 127.0.0.1; `visitors` believes the proxies that are allowed.
        proxy_headers=False,
        log_config=None,
        server_header=False,
        **options,
    )
