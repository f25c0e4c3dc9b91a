"""Connects a site with the probes of `coherence`: an async sender, and probes as evidence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.coherence.sender import ChatSender
from signoff.perf.client.request_url import joined

Result = TypeVar("Result")
Probe = Callable[[ChatSender], Awaitable[tuple[object, Sequence[dict[str, Any]]]]]

TURN_SHARE = 0.5
"""Of the time-out of a functional request, for each turn of a conversation: 30 of 60 s."""


def converse(site: Site, talk: Callable[[ChatSender], Awaitable[Result]], recorder: Recorder | None = None) -> Result:
    """What `talk` makes of a sender to the target, with its key and the model that it serves.

    `recorder` gets a note where the target refused requests for their rate.

    Raises NotRun if the target was given up before or meanwhile.
    """
    target = site.deployment.target
    model = generation.served_model(site)
    chat_url = joined(target, generation.CHAT_PATH)
    site.still_waits("POST", chat_url)

    async def held() -> Result:
        headers, timeout_s = site.deployment.headers(target), site.timeout_s * TURN_SHARE
        async with ChatSender(target, headers, timeout_s, model, patience=site.patience) as sender:
            result = await talk(sender)
        if recorder is not None and sender.waited_for_rate:
            text = f"{sender.waited_for_rate} requests were refused for their rate (429), and sent again later"
            recorder.write("note", {"assumption": text})
        return result

    result = asyncio.run(held())
    site.still_waits("POST", chat_url)
    return result


def probed(site: Site, name: str, *probes: Probe, key: Any = None) -> Evidence:
    """The records of some probes, as one measurement."""

    def take(recorder: Recorder) -> None:
        for probe in probes:
            _, records = converse(site, probe, recorder)
            for record in records:
                recorder.write("turn", record)

    return site.measured(name, take, key)


def probe_result(evidence: Evidence, probe: str) -> Record:
    """What a probe found: its last record."""
    return next(record for record in evidence.of("probe") if record["probe"] == probe)
