"""One completion in progress: its tokens, the record of its turn, its metrics.

The order at the end is what a client may rely on: the turn is committed, then the counters move, then the last
chunk (or the whole response) leaves.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from signoff.reference_services.chat.api.context import Context
from signoff.reference_services.chat.api.metrics import Account, Metrics
from signoff.reference_services.chat.api.service import ModelService
from signoff.reference_services.chat.engine.cache import Found, ResponseCache
from signoff.reference_services.chat.engine.choices import together
from signoff.reference_services.chat.engine.engine import Ask, FinishReason, Step
from signoff.reference_services.chat.moderation.moderation import Moderation, Result
from signoff.reference_services.chat.sessions.coherence import CoherenceScore
from signoff.reference_services.chat.sessions.sessions import SessionManager
from signoff.reference_services.chat.sessions.turn import Turn

if TYPE_CHECKING:
    from signoff.reference_services.retrieval.library import Library


@dataclass(frozen=True, slots=True)
class Parts:
    """What the routes of an app work with."""

    service: ModelService
    sessions: SessionManager
    metrics: Metrics
    coherence: CoherenceScore
    cache: ResponseCache
    started_s: float
    created: int
    """When the service was started, in seconds since the epoch."""
    moderation: Moderation
    library: Library | None = None
    """The caller's documents, where the service has a store."""


class Generation:
    """A running generation of one or several answers (`asks`). Always `close` it."""

    def __init__(
        self,
        parts: Parts,
        account: Account,
        asks: Sequence[Ask],
        prompt_tokens: int,
        turn: Turn | None = None,
        caller: str = "",
        context: Context | None = None,
        asked: Result | None = None,
    ) -> None:
        self.id = f"{random.getrandbits(128):032x}"  # a name, no secret
        self.created = int(time.time())
        self._begin_s = time.perf_counter()
        self.prompt_tokens = prompt_tokens
        self.finish_reasons: list[FinishReason | None] = [None] * len(asks)
        self._parts = parts
        self._account = account
        self._asks = asks
        self._turn = turn
        self._caller = caller
        self.context = context or Context()
        self._asked = asked
        """What moderation came to on the request; None if it is off."""
        self._answered: list[Result | None] = [None] * len(asks)
        self.cache: Found | None = None
        """What the response cache had; None while it is off."""
        self._kept: list[tuple[Step, ...]] = []
        if parts.cache.is_on:
            found = [parts.cache.find(caller, ask) for ask in asks]
            self.cache = next((each for each, _ in found if each != "hit"), "hit")
            self._kept = [steps for _, steps in found] if self.cache == "hit" else []
            parts.metrics.cache.labels(self.cache).inc()

    @property
    def usage(self) -> dict[str, int]:
        """Tokens read and generated so far."""
        made = self._account.generated_tokens
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": made,
            "total_tokens": self.prompt_tokens + made,
        }

    def moderation(self) -> dict[str, object]:
        """The field that reports what moderation came to, on the request and on each answer; none while it is off."""
        if self._asked is None:
            return {}
        return {"moderation": {"input": self._asked, "output": list(self._answered)}}

    async def steps(self) -> AsyncGenerator[tuple[int, Step], None]:
        """The tokens as they come, each with the number of its answer.

        When this ends, the turn is stored and the request accounted for.
        """
        made: list[list[Step]] = [[] for _ in self._asks]
        async with aclosing(together([self._source(number) for number in range(len(self._asks))])) as steps:
            async for number, step in steps:
                self._account.step(self.prompt_tokens, step.tokens)
                made[number].append(step)
                if step.finish_reason is not None:
                    self.finish_reasons[number] = step.finish_reason
                if step.text:
                    yield number, step
        if None in self.finish_reasons:
            raise RuntimeError("the engine ended without a finish reason")
        await self._end(made)

    def fail(self) -> None:
        """Account for a failure on our side."""
        self._account.close("error")

    def cancel(self) -> None:
        """Account for a client that left."""
        self._account.close("cancelled")

    async def close(self) -> None:
        """Let the next turn of the session go ahead; what was not ended counts as abandoned."""
        self._account.close("cancelled")
        if self._turn is not None:
            self._turn.close()

    def _source(self, number: int) -> AsyncIterator[Step]:
        source = _again(self._kept[number]) if self._kept else self._parts.service.engine.generate(self._asks[number])

        def tell(result: Result) -> None:
            self._answered[number] = result

        return self._parts.moderation.screened(source, tell)

    async def _end(self, made: Sequence[Sequence[Step]]) -> None:
        messages = self._asks[0].prompt.messages
        reply = "".join(step.text for step in made[0])
        if self._turn is not None:
            took_s = time.perf_counter() - self._begin_s
            number = await self._turn.commit(messages[-1].content, reply)
            self._parts.metrics.turn_seconds.observe(took_s)
            self._parts.metrics.turn_numbers.observe(number)
        if not self._kept:
            for ask, steps in zip(self._asks, made, strict=True):
                if steps[-1].finish_reason != "content_filter":
                    self._parts.cache.keep(self._caller, ask, steps)
        if self._parts.coherence.add(messages, reply) is not None:
            self._parts.metrics.coherence_replies.inc()
        self._account.close("ok", self.finish_reasons[0])


async def _again(steps: Sequence[Step]) -> AsyncIterator[Step]:
    for step in steps:
        yield step
