"""Active probes: every replica is asked for its health, and where nobody says what it serves, for its models."""

from __future__ import annotations

import asyncio
import logging
import ssl

import httpx

from reference_services.gateway import LOGGER
from reference_services.gateway.directory import Directory
from reference_services.gateway.replica import Replica

log = logging.getLogger(LOGGER)
MODELS_PATH = "/v1/models"


class Prober:
    """Probes in rounds. Probes carry no key: what a caller may is the caller's."""

    def __init__(self, directory: Directory, context: ssl.SSLContext) -> None:
        self._directory = directory
        self._client = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False)
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

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def probe(self, replica: Replica) -> None:
        """One replica, once."""
        figures = self._directory.configuration.probes
        problem = await self._problem(replica.url + figures.path, figures.timeout_seconds)
        replica.probed(problem, figures.failures)
        service = self._directory.services.get(replica.service)
        if not problem and service is not None and not service.configured_models:
            replica.models = await self._models(replica, figures.timeout_seconds) or replica.models

    async def _problem(self, url: str, timeout_s: float) -> str:
        try:
            async with asyncio.timeout(timeout_s):
                status = (await self._client.get(url, timeout=None)).status_code
        except TimeoutError:
            return f"no answer to the probe within {timeout_s:g} s"
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"the probe found nobody: {type(error).__name__}"
        return "" if status == 200 else f"the probe was answered with {status}"

    async def _models(self, replica: Replica, timeout_s: float) -> tuple[str, ...]:
        try:
            async with asyncio.timeout(timeout_s):
                body = (await self._client.get(replica.url + MODELS_PATH, timeout=None)).json()
            return tuple(str(each["id"]) for each in body["data"])
        except (TimeoutError, httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            fields = {"service": replica.service, "replica": replica.name, "reason": type(error).__name__}
            log.warning("a replica does not say what it serves: name its models", extra={"fields": fields})
            return ()
