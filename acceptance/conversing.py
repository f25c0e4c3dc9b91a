"""The bridge from a site to the probes of `coherence`: an async sender for the target, records written as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from acceptance import generation
from acceptance.site import Site
from coherence.sender import ChatSender

Result = TypeVar("Result")


def converse(site: Site, talk: Callable[[ChatSender], Awaitable[Result]], timeout_s: float = 60.0) -> Result:
    """What `talk` makes of a sender to the target, with its key and the model that it serves."""
    target = site.deployment.target
    model = generation.served_model(site)

    async def held() -> Result:
        async with ChatSender(target, site.deployment.headers(target), timeout_s, model) as sender:
            return await talk(sender)

    return asyncio.run(held())
