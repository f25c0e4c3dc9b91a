"""One request to a server and its answer, within limits and with uniform failures."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx

from signoff.reference_services.switch.sources.source import Unavailable

CONNECT_S = 2.0
PROBE_S = 2.0
MAX_BYTES = 10_000_000
OK = 200


def client(headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """A client that waits for an answer as long as its caller does. Redirects are not followed."""
    timeout = httpx.Timeout(None, connect=CONNECT_S)
    return httpx.AsyncClient(headers=dict(headers or {}), timeout=timeout, trust_env=False)


async def json_object(http: httpx.AsyncClient, who: str, method: str, url: str, **options: Any) -> Mapping[str, Any]:
    """The JSON object that `who` answers with 200. Raises Unavailable."""
    async with opened(http, who, method, url, **options) as response:
        status, content = response.status_code, await whole(response, who)
    if status != OK:
        raise Unavailable(f"{who} answers {status}")
    body = as_object(content)
    if body is None:
        raise Unavailable(f"{who} answers no JSON object")
    return body


@asynccontextmanager
async def opened(
    http: httpx.AsyncClient, who: str, method: str, url: str, **options: Any
) -> AsyncIterator[httpx.Response]:
    """The answer, its body still to be read. Raises Unavailable, also for what breaks off while it is read."""
    try:
        async with http.stream(method, url, **options) as response:
            yield response
    except (httpx.ConnectError, httpx.TimeoutException, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise Unavailable(f"{who} cannot be reached: {type(error).__name__}") from None
    except httpx.HTTPError as error:
        raise Unavailable(f"{who} broke off its answer: {type(error).__name__}") from None


async def parts(response: httpx.Response, who: str) -> AsyncIterator[bytes]:
    """The body as it comes. Raises Unavailable beyond the limit."""
    count = 0
    async for part in response.aiter_bytes():
        count += len(part)
        if count > MAX_BYTES:
            raise Unavailable(f"{who} answers more than {MAX_BYTES} bytes")
        yield part


async def whole(response: httpx.Response, who: str) -> bytes:
    """The whole body."""
    return b"".join([part async for part in parts(response, who)])


def as_object(content: bytes) -> Mapping[str, Any] | None:
    """The JSON object of these bytes, None if they are none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, Mapping) else None


def as_count(value: Any) -> int | None:
    """A number of tokens or bytes, None for whatever else is reported."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
