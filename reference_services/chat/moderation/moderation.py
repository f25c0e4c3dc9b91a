"""Moderation of requests and answers, and what happens when the moderator fails.

Input that is flagged is refused before a turn begins. An answer that is flagged ends there, with the finish reason
`content_filter`: what was shown until then stays, the rest is never shown, and the session's record holds what was
shown. If the moderator fails, a closed service refuses (503) and an open one continues and says `unchecked`.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Literal, Protocol, cast

from signoff.reference_services.chat import LOGGER
from signoff.reference_services.chat.engine.engine import Step
from signoff.reference_services.chat.moderation.judgement import Flagged, Judgement, Moderator, ModeratorAway, Screen
from signoff.reference_services.web.access.failures import Refused

log = logging.getLogger(LOGGER)
Stage = Literal["input", "output"]
Result = Literal["passed", "flagged", "unchecked", "refused"]
STAGES: tuple[Stage, ...] = ("input", "output")
RESULTS: tuple[Result, ...] = ("passed", "flagged", "unchecked", "refused")
"""`unchecked` and `refused`: the moderator was away, and the service is open or closed then."""


class _Closable(Protocol):
    async def aclose(self) -> None: ...


class Moderation:
    """Moderation by `moderator`, or none at all. `count` gets the result of each request and of each answer."""

    def __init__(
        self, moderator: Moderator | None, is_open: bool, count: Callable[[Stage, Result], None] = lambda *_: None
    ) -> None:
        self.moderator = moderator
        self._is_open = is_open
        self._count = count

    async def check(self, texts: Sequence[str], param: str) -> Result | None:
        """Judge the input; None if moderation is off. Raises Refused (400 or 503)."""
        if self.moderator is None:
            return None
        written = [text for text in texts if text.strip()]
        try:
            # Endpoints refuse what is empty.
            judgements = await self.moderator.judge(written) if written else []
        except ModeratorAway as away:
            return self._away("input", away)
        flagged = [judgement for judgement in judgements if judgement.is_flagged]
        self._count("input", "flagged" if flagged else "passed")
        if flagged:
            raise Refused(
                400,
                f"The moderation of this service does not let this request through ({flagged[0].reasons}).",
                "content_filter",
                param,
            )
        return "passed"

    async def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """What the moderator says, for who asks. Raises Refused if it is away, whether open or closed."""
        assert self.moderator is not None
        try:
            return await self.moderator.judge(texts)
        except ModeratorAway:
            raise _refused() from None

    def screened(self, steps: AsyncIterator[Step], tell: Callable[[Result], None]) -> AsyncIterator[Step]:
        """The steps of an answer, each once it may be shown; `tell` gets what came of it. Raises Refused."""
        return steps if self.moderator is None else self._screened(steps, self.moderator.screen(), tell)

    async def close(self) -> None:
        """Close the moderator."""
        if self.moderator is not None:
            await self.moderator.close()

    def shown(self) -> dict[str, Any]:
        """What health reports of it."""
        if self.moderator is None:
            return {}
        on_failure = "open" if self._is_open else "closed"
        settings = {
            "moderator": self.moderator.kind,
            "available": self.moderator.is_available,
            "on_failure": on_failure,
        }
        return {"moderation": settings}

    async def _screened(
        self, steps: AsyncIterator[Step], screen: Screen, tell: Callable[[Result], None]
    ) -> AsyncGenerator[Step, None]:
        waiting: list[Step] = []
        result: Result = "passed"
        begin = 0
        """Where the first of those that wait begins in the answer."""
        async with aclosing(cast(_Closable, steps)):
            async for step in steps:
                waiting.append(step)
                try:
                    free = begin + _length(waiting)
                    if result == "passed":
                        free = await screen.add(step.text)
                        if step.finish_reason is not None:
                            await screen.end()
                            free = begin + _length(waiting)
                except Flagged:
                    self._count("output", "flagged")
                    tell("flagged")
                    yield Step("", "content_filter", tokens=sum(each.tokens for each in waiting))
                    return
                except ModeratorAway as away:
                    # Asked no more for this answer: each question could take as long as the time-out.
                    result = self._away("output", away)
                    free = begin + _length(waiting)
                while waiting and begin + len(waiting[0].text) <= free:
                    begin += len(waiting[0].text)
                    yield waiting.pop(0)
        if result == "passed":
            self._count("output", "passed")
        tell(result)

    def _away(self, stage: Stage, away: ModeratorAway) -> Result:
        """Apply the setting for a failed moderator. Raises Refused if it is `closed`."""
        result: Result = "unchecked" if self._is_open else "refused"
        log.warning("the moderator is away", extra={"fields": {"stage": stage, "reason": str(away), "result": result}})
        self._count(stage, result)
        if not self._is_open:
            raise _refused() from None
        return result


def _refused() -> Refused:
    return Refused(
        503, "The moderation does not answer, and nothing goes through without it; try again.", "moderation_unavailable"
    )


def _length(steps: Sequence[Step]) -> int:
    return sum(len(step.text) for step in steps)
