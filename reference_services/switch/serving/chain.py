"""One answer from the first source that can give it: in order, one at a time, within one deadline."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from signoff.reference_services.chat.engine.slots import Slots
from signoff.reference_services.switch import LOGGER
from signoff.reference_services.switch.requests.refusals import unavailable
from signoff.reference_services.switch.requests.requests import Asked
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.sources import simulated
from signoff.reference_services.switch.sources.source import Answer, Source, Unavailable
from signoff.reference_services.switch.sources.source_list import PRIMARY, Sources

log = logging.getLogger(LOGGER)


@dataclass(frozen=True, slots=True)
class Given:
    """An answer with who gave it, and whether that is not who gives it when all is well."""

    answer: Answer
    source: Source
    is_degraded: bool


class Queue:
    """Limits concurrent requests; a limited number of further ones waits in order of arrival."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._slots = Slots(at_once)
        self._waiting = waiting

    @asynccontextmanager
    async def turn(self, model: str) -> AsyncIterator[None]:
        """A slot. Raises Refused if the queue is full."""
        if self._slots.running >= self._slots.size and self._slots.waiting >= self._waiting:
            raise unavailable(
                model, f"The model is busy: {self._slots.running} answered at once, {self._slots.waiting} wait."
            )
        async with self._slots:
            yield


class Chain:
    """Asks the sources in their order."""

    def __init__(self, settings: SwitchSettings, sources: Sources, queue: Queue) -> None:
        self._settings = settings
        self._sources = sources
        self._queue = queue

    async def infer(self, asked: Asked) -> Given:
        """The first answer. Raises Refused: 400 if it does not fit the context, 503 if no source answers in time."""
        max_tokens = asked.room(simulated.count(asked.prompt))
        model = self._sources.model
        try:
            async with asyncio.timeout(asked.timeout_s), self._queue.turn(model):
                return await self._first(asked, max_tokens)
        except TimeoutError:
            raise unavailable(model, f"The model took too long (>{asked.timeout_s:g}s)") from None

    async def _first(self, asked: Asked, max_tokens: int) -> Given:
        reasons = [self._sources.local_refusal] if self._sources.local_refusal else []
        chain = self._sources.chain
        for source in chain:
            # The last has all the time that is left; an upstream that hangs leaves some to the local model.
            limit_s = self._settings.openai_timeout if source.label == PRIMARY and source is not chain[-1] else None
            try:
                async with asyncio.timeout(limit_s):
                    answer = await source.answer(asked, max_tokens)
            except Unavailable as error:
                reasons.append(str(error))
            except TimeoutError:
                reasons.append(f"{source.framework} did not answer within {limit_s:g} s")
            else:
                return Given(answer, source, source.label != self._sources.first)
            log.warning("source failed", extra={"fields": {"source": source.label, "reason": reasons[-1]}})
        why = "; ".join(dict.fromkeys(reasons)) or "nothing is set up to answer"
        raise unavailable(self._sources.model, f"Service degraded: no model to answer with. {why}")
