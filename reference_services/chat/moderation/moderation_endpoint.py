"""The moderator behind a URL, in the shape of OpenAI's `/v1/moderations`.

An answer is held back in windows: nothing of a window goes out before the endpoint has judged the answer up to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx
from pydantic import BaseModel, ValidationError

from signoff.reference_services.chat.moderation.judgement import Flagged, Judgement, ModeratorAway

KEPT_S = 2.0
"""An idle connection is dropped before its server drops it: a question on one that is just closing would fail."""


class _Result(BaseModel):
    flagged: bool
    categories: dict[str, bool | None] = {}
    category_scores: dict[str, float | None] = {}


class _Answer(BaseModel):
    results: list[_Result]


class ModerationEndpoint:
    """Asks `url`. Redirects are not followed, because the key and the texts are for this origin only."""

    kind = "endpoint"

    def __init__(self, url: str, key: str, model: str, timeout_s: float, window_tokens: int) -> None:
        self.window_tokens = window_tokens
        self._url = url
        self._model = {"model": model} if model else {}
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._timeout_s = timeout_s
        limits = httpx.Limits(keepalive_expiry=KEPT_S)
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout_s, limits=limits, trust_env=False)
        self._is_available: bool | None = None

    @property
    def is_available(self) -> bool | None:
        """Whether it answered when it was last asked; None before that."""
        return self._is_available

    async def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """A judgement on each text. Raises ModeratorAway."""
        try:
            results = await self._ask(texts)
        except ModeratorAway:
            self._is_available = False
            raise
        self._is_available = True
        return [
            Judgement(
                each.flagged,
                {name: bool(is_so) for name, is_so in each.categories.items()},
                {name: score for name, score in each.category_scores.items() if score is not None},
            )
            for each in results
        ]

    async def _ask(self, texts: Sequence[str]) -> list[_Result]:
        try:
            # Over all of it: an answer that comes byte by byte is late too.
            async with asyncio.timeout(self._timeout_s):
                answer = await self._client.post(self._url, json={"input": list(texts), **self._model})
            answer.raise_for_status()
            results = _Answer.model_validate_json(answer.content).results
        except (TimeoutError, httpx.TimeoutException):
            raise ModeratorAway(f"it did not answer within {self._timeout_s * 1e3:g} ms") from None
        except httpx.HTTPStatusError as error:
            raise ModeratorAway(f"it answers with status {error.response.status_code}") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ModeratorAway(f"{type(error).__name__}: {error}".removesuffix(": ")) from None
        except ValidationError:
            raise ModeratorAway("its answer is not one of /v1/moderations") from None
        if len(results) != len(texts):
            raise ModeratorAway(f"it gives {len(results)} results for {len(texts)} texts")
        return results

    def screen(self) -> EndpointScreen:
        """What watches one answer."""
        return EndpointScreen(self)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class EndpointScreen:
    """Has the answer so far judged whenever a window of tokens waits."""

    def __init__(self, endpoint: ModerationEndpoint) -> None:
        self._endpoint = endpoint
        self._text = ""
        self._shown = 0
        self._waiting = 0

    async def add(self, text: str) -> int:
        """See `Screen.add`."""
        self._text += text
        self._waiting += 1
        if self._waiting >= self._endpoint.window_tokens:
            await self.end()
        return self._shown

    async def end(self) -> None:
        """See `Screen.end`."""
        if len(self._text) > self._shown:
            (judgement,) = await self._endpoint.judge([self._text])
            if judgement.is_flagged:
                raise Flagged(judgement)
        self._shown, self._waiting = len(self._text), 0
