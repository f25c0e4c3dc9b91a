"""One request to one replica: sent once, with time-outs, and a failure told by whether it reached the replica."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import urlsplit

import httpx

from reference_services.chat.failures import Refused
from reference_services.chat.settings_problems import SettingsError
from reference_services.gateway import configuration
from reference_services.gateway.asked import Asked
from reference_services.gateway.replica import Replica

KEPT_CONNECTIONS = 256
KEPT_S = 3.0
"""Idle connections are given up before uvicorn gives them up (5 s): a request on a closing one would be lost."""


Stage = Literal["unsent", "sent", "answering"]


class Failed(Exception):
    """A replica failed. `kind` is what the metric calls it; `stage` how far the request had come."""

    def __init__(self, kind: str, stage: Stage) -> None:
        super().__init__(kind)
        self.kind = kind
        self.stage = stage


class Upstream:
    """The connections to all replicas. No proxy, no cookie jar, no redirect, no header of its own."""

    def __init__(self, context: ssl.SSLContext) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=KEPT_CONNECTIONS, keepalive_expiry=KEPT_S)
        self._client = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False, limits=limits)

    async def open(self, replica: Replica, asked: Asked, figures: configuration.Upstream) -> httpx.Response:
        """Status and headers of the answer, whose body is still to come. Raises Failed, or Refused (400).

        Cancelling this, or closing the answer before its end, closes the connection: the replica sees its client go.
        """
        timeouts = {
            "connect": figures.connect_seconds,
            "read": None,
            "write": figures.silence_seconds,
            "pool": None,
        }
        request = httpx.Request(
            asked.method,
            replica.url + asked.target,
            headers=asked.headers,
            content=asked.content or None,
            # As it came: the client library would resolve dots, and what was let in as one path would go to another.
            extensions={"timeout": timeouts, "target": (urlsplit(replica.url).path + asked.target).encode("ascii")},
        )
        try:
            async with asyncio.timeout(figures.answer_seconds):
                return await self._client.send(request, stream=True)
        except httpx.LocalProtocolError as error:
            # No replica is at fault where what is asked for cannot be sent.
            raise Refused(400, f"This request cannot be sent on: {error}.", "invalid_request") from None
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise Failed(
                "connect_timeout" if isinstance(error, httpx.ConnectTimeout) else "connect", "unsent"
            ) from None
        except (TimeoutError, httpx.TimeoutException):
            raise Failed("timeout", "sent") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise Failed("broken", "sent") from None

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def parts(answer: httpx.Response, silence_s: float) -> AsyncIterator[bytes]:
    """The answer's body as it comes, encoded as it is. Raises Failed where it is cut, or silent for too long."""
    iterator = answer.aiter_raw()
    while True:
        try:
            async with asyncio.timeout(silence_s):
                part = await anext(iterator, None)
        except TimeoutError:
            raise Failed("silent", "answering") from None
        except httpx.HTTPError:
            raise Failed("cut", "answering") from None
        if part is None:
            return
        yield part


def trusted(ca_file: str) -> ssl.SSLContext:
    """Whose certificates are believed: those of a file, else the system's. Raises SettingsError."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SettingsError([f"upstream.ca_file = {ca_file!r}: cannot be used: {reason}"]) from None
