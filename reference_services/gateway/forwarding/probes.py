"""Active probes: the health of every replica, and its models if none are configured."""

from __future__ import annotations

import asyncio
import json
import logging

from signoff.reference_services.gateway import LOGGER
from signoff.reference_services.gateway.forwarding.asked import Asked
from signoff.reference_services.gateway.forwarding.connection import Failed
from signoff.reference_services.gateway.forwarding.upstream import Upstream
from signoff.reference_services.gateway.services.directory import Directory
from signoff.reference_services.gateway.services.replica import Replica
from signoff.reference_services.gateway.settings.configuration import Probes
from signoff.reference_services.gateway.settings.configuration import Upstream as Upstreams

log = logging.getLogger(LOGGER)
MODELS_PATH = "/v1/models"
MOST_BYTES = 2**20
"""Of an answer to a probe."""


class Prober:
    """Probes in rounds. Probes carry no key: what a caller may is the caller's."""

    def __init__(self, directory: Directory, upstream: Upstream) -> None:
        self._directory = directory
        self._upstream = upstream
        self._now = asyncio.Event()

    def now(self) -> None:
        """Begin the next round at once: there are new replicas."""
        self._now.set()

    async def run(self) -> None:
        """Round after round, until it is cancelled."""
        while True:
            try:
                async with asyncio.timeout(self._directory.configuration.probes.interval_seconds):
                    await self._now.wait()
            except TimeoutError:
                pass
            self._now.clear()
            await self.round()

    async def round(self) -> None:
        """Every replica once, side by side."""
        await asyncio.gather(*(self.probe(replica) for replica in self._directory.replicas()))
        for service in self._directory.services.values():
            # What breakers let through again by time alone is seen here at the latest.
            service.dispatch()

    async def probe(self, replica: Replica) -> None:
        """One replica, once."""
        figures = self._directory.configuration.probes
        problem = await self._problem(replica, figures)
        replica.probed(problem, figures.failures)
        service = self._directory.services.get(replica.service)
        if not problem and service is not None and not service.configured_models:
            replica.models = await self._models(replica, figures) or replica.models

    async def _problem(self, replica: Replica, figures: Probes) -> str:
        try:
            status, _ = await self._asked(replica, figures.path, figures.timeout_seconds)
        except Failed as failed:
            if failed.kind in ("timeout", "connect_timeout", "silent"):
                return f"no answer to the probe within {figures.timeout_seconds:g} s"
            return f"the probe could not connect: {failed}"
        return "" if status == 200 else f"the probe was answered with {status}"

    async def _models(self, replica: Replica, figures: Probes) -> tuple[str, ...]:
        try:
            _, body = await self._asked(replica, MODELS_PATH, figures.timeout_seconds)
            return tuple(str(each["id"]) for each in json.loads(body)["data"])
        except (Failed, ValueError, LookupError, TypeError, RecursionError) as error:
            fields = {"service": replica.service, "replica": replica.name, "reason": type(error).__name__}
            log.warning("a replica does not say what it serves: name its models", extra={"fields": fields})
            return ()

    async def _asked(self, replica: Replica, path: str, within_s: float) -> tuple[int, bytes]:
        """Status and body. Raises Failed."""
        figures = Upstreams(connect_seconds=within_s, answer_seconds=within_s)
        try:
            async with asyncio.timeout(within_s):
                answer = await self._upstream.open(replica, Asked.plain(path), figures)
                try:
                    body = b""
                    async for part in answer.parts(within_s):
                        body += part
                        if len(body) > MOST_BYTES:
                            raise Failed("malformed", "answering", f"an answer of more than {MOST_BYTES} bytes")
                finally:
                    answer.close()
        except TimeoutError:
            raise Failed("timeout", "answering") from None
        return answer.status, body
