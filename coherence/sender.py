"""One chat turn over HTTP: the new user message goes out, the reply or the error comes back."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

from signoff.perf.client import server_json
from signoff.perf.client.chunk import is_error
from signoff.perf.client.client import Client
from signoff.perf.client.endpoint import CHAT_PATH, percent_encoded
from signoff.perf.client.fetch import error_of
from signoff.perf.client.patience import Patience
from signoff.perf.client.reply import Reply as HttpReply
from signoff.perf.client.request_url import joined
from signoff.perf.errors import PerfError, PlanInvalid, Unresolved

SESSION_HEADER = "X-Session-ID"
MAX_TOKENS = 64
MAX_BODY_BYTES = 1_000_000
MAX_REPLY_CHARACTERS = 20_000
"""Limit of a reply's text: more than 64 tokens, or the recitation of a session."""
KEPT_CONNECTION_S = 2.0
"""Below the five seconds after which uvicorn and others close an idle connection: a request must not meet its end."""
RATE_TRIES = 4
RATE_WAIT_S, LONGEST_RATE_WAIT_S = 0.25, 10.0
"""A header of whole seconds may say 0."""
_EXCERPT_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """The result of one turn. `error` is empty exactly if `text` is a reply of the model."""

    text: str
    status: int | None
    ms: float
    error: str = ""
    prompt_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The result of a GET. `status` is None without a response."""

    text: str
    status: int | None
    ms: float
    error: str = ""

    def json(self) -> object:
        """The body as JSON, or None if it is none."""
        found: object = server_json.found(self.text)
        return found


class Sender(Protocol):
    """Sends one user message; `session_id` None sends no session header."""

    async def __call__(self, text: str, session_id: str | None) -> Reply: ...


class Service(Sender, Protocol):
    """A sender that also reads pages of the same origin."""

    async def get(self, path: str) -> Page: ...


class ChatSender:
    """An OpenAI-compatible chat endpoint. Redirects are not followed, proxies of the environment not used.

    `timeout_s` limits a whole exchange, not the gap between two bytes. Never raises for a server's failure. If
    `patience` has given up the server, nothing is sent, and the error says why. A request that is refused with 429 is
    retried after the time that the server names: a rate limit says nothing about a conversation.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        model: str | None = None,
        max_tokens: int = MAX_TOKENS,
        patience: Patience | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._prefix = urlsplit(self._base_url).path
        self._timeout_s = timeout_s
        self._model = model
        self._max_tokens = max_tokens
        self._patience = patience or Patience()
        self._unresolved = ""
        self.waited_for_rate = 0
        """The number of retries after 429."""
        self._client = Client(
            joined(self._base_url, CHAT_PATH),
            headers={"Accept": "*/*", **(headers or {})},
            timeout_s=timeout_s,
            idle_s=KEPT_CONNECTION_S,
            keep_replies=True,
            most_bytes=MAX_BODY_BYTES,
        )

    async def __aenter__(self) -> Self:
        try:
            await self._client.__aenter__()
        except Unresolved as error:
            self._unresolved = f"ConnectError: {error}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._unresolved:
            await self._client.__aexit__(kind, error, trace)

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
        return _reply(await self._exchange("POST", CHAT_PATH, headers, json.dumps(body).encode()))

    async def get(self, path: str) -> Page:
        """Read a page of the same origin."""
        return await self._exchange("GET", percent_encoded(path), {}, b"")

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Page:
        for _ in range(RATE_TRIES):
            page, wait_s = await self._exchange_once(method, path, headers, body)
            if wait_s is None:
                return page
            self.waited_for_rate += 1
            await asyncio.sleep(wait_s)
        return (await self._exchange_once(method, path, headers, body))[0]

    async def _exchange_once(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Page, float | None]:
        """One exchange, and the seconds to wait after a 429."""
        url = joined(self._base_url, path)
        why = self._unresolved or self._patience.given_up(method, url)
        if why:
            return Page("", None, 0.0, why), None
        began_s = time.monotonic()
        try:
            reply = await self._client.ask(body, method=method, path=self._prefix + path, headers=headers)
        except PlanInvalid as error:
            return Page("", None, 0.0, str(error)), None
        if reply.outcome == "client_error":
            raise PerfError(f"{method} {url}: {reply.failure}")
        self._patience.ended(method, url, began_s, timed_out=reply.timed_out)
        ms = round((time.monotonic() - began_s) * 1000, 3)
        if reply.timed_out:
            return Page("", reply.status, ms, f"no answer within {self._timeout_s:g} s"), None
        wait_s = _wait_s(reply)
        if reply.failure:
            return Page("", reply.status, ms, error_of(reply, self._timeout_s)), wait_s
        return Page(reply.body.decode("utf-8", errors="replace"), reply.status, ms), wait_s


def _wait_s(reply: HttpReply) -> float | None:
    """The time to wait before a retry after 429; None for every other reply."""
    if reply.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    try:
        named_s = float(reply.headers.get("retry-after", ""))
    except ValueError:  # a date, or nothing
        return RATE_WAIT_S
    return min(max(named_s, RATE_WAIT_S), LONGEST_RATE_WAIT_S) if math.isfinite(named_s) else RATE_WAIT_S


def _reply(page: Page) -> Reply:
    """The reply in a chat completion; anything else is an error with a short excerpt."""
    if page.error:
        return Reply("", page.status, page.ms, page.error)
    excerpt = page.text[:_EXCERPT_CHARACTERS]
    if page.status != HTTPStatus.OK:
        return Reply("", page.status, page.ms, f"HTTP {page.status}: {excerpt}")
    body: Any = page.json()
    try:
        text = body["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        text = None
    if is_error(body):
        return Reply("", page.status, page.ms, f"HTTP 200 with an error: {excerpt}")
    if isinstance(text, str) and len(text) > MAX_REPLY_CHARACTERS:
        return Reply("", page.status, page.ms, f"a reply of {len(text)} characters to a request for a short one")
    if not isinstance(text, str):
        return Reply("", page.status, page.ms, f"HTTP 200 without a text in choices[0].message.content: {excerpt}")
    usage = body.get("usage")
    prompt_tokens = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return Reply(text, page.status, page.ms, "", prompt_tokens if isinstance(prompt_tokens, int) else None)
