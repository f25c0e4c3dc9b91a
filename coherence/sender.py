"""One chat turn over HTTP: the new user message goes out, the reply or the error comes back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

import httpx

from perf.request_url import joined

SESSION_HEADER = "X-Session-ID"
MAX_TOKENS = 64
MAX_BODY_BYTES = 1_000_000
KEPT_CONNECTION_S = 2.0
"""Below the five seconds after which uvicorn and others close an idle connection: a request must not meet its end."""
_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one turn. `error` is empty exactly where `text` is a reply of the model."""

    text: str
    status: int | None
    ms: float
    error: str = ""
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """What came back for a GET. `status` is None where nothing did."""

    text: str
    status: int | None
    ms: float
    error: str = ""

    def json(self) -> object:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None


class Sender(Protocol):
    """Sends one user message; `session_id` None sends no session header."""

    async def __call__(self, text: str, session_id: str | None) -> Reply: ...


class Service(Sender, Protocol):
    """A sender that also reads pages of the same origin."""

    async def get(self, path: str) -> Page: ...


class ChatSender:
    """An OpenAI-compatible chat endpoint. Redirects are not followed, proxies of the environment not used.

    `timeout_s` bounds a whole exchange, not the gap between two bytes. Never raises for what a server does.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        model: str | None = None,
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout_s = timeout_s
        self._model = model
        self._max_tokens = max_tokens
        self._client = httpx.AsyncClient(
            headers=dict(headers or {}),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=KEPT_CONNECTION_S),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def __call__(self, text: str, session_id: str | None) -> Reply:
        """Send one user message, not streamed, at temperature 0."""
        body: dict[str, Any] = {
            "messages": [{"role": "user", "content": text}],
            "max_tokens": self._max_tokens,
            "temperature": 0,
            "stream": False,
        }
        if self._model is not None:
            body["model"] = self._model
        headers = {} if session_id is None else {SESSION_HEADER: session_id}
        return _reply(await self._exchange("POST", "/v1/chat/completions", headers, body))

    async def get(self, path: str) -> Page:
        """Read a page of the same origin."""
        return await self._exchange("GET", path, {}, None)

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: object) -> Page:
        started = time.perf_counter()

        def page(text: str, status: int | None, error: str = "") -> Page:
            return Page(text, status, round((time.perf_counter() - started) * 1000, 3), error)

        status: int | None = None
        content = bytearray()
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._client.stream(method, joined(self._base_url, path), headers=headers, json=body) as response,
            ):
                status = response.status_code
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > MAX_BODY_BYTES:
                        return page("", status, f"the body is longer than {MAX_BODY_BYTES} bytes")
        except (TimeoutError, httpx.TimeoutException):
            return page("", status, f"no answer within {self._timeout_s:g} s")
        except httpx.HTTPError as error:
            return page("", status, f"{type(error).__name__}: {error}")
        return page(content.decode("utf-8", errors="replace"), status)


def _reply(page: Page) -> Reply:
    """The reply in a chat completion; whatever is not one is an error, with a short excerpt."""
    if page.error:
        return Reply("", page.status, page.ms, page.error)
    excerpt = page.text[:_EXCERPT_CHARACTERS]
    if page.status != httpx.codes.OK:
        return Reply("", page.status, page.ms, f"HTTP {page.status}: {excerpt}")
    body: Any = page.json()
    try:
        text = body["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    if not isinstance(text, str):
        return Reply("", page.status, page.ms, f"HTTP 200 without a text in choices[0].message.content: {excerpt}")
    usage = body.get("usage")
    prompt_tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return Reply(text, page.status, page.ms, "", prompt_tokens if isinstance(prompt_tokens, int) else None)
