"""One request from synchronous code: the answer or the failure.

Every request of Signoff except load uses this: one client, one deadline for the whole exchange
(connection, TLS, head, body, trailers), and the bounds of perf/client/bounds.py.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from signoff.perf.client.bounds import WHOLE_BYTES
from signoff.perf.client.client import Client
from signoff.perf.client.endpoint import percent_encoded
from signoff.perf.client.reply import Reply
from signoff.perf.errors import Unresolved

UNRESOLVED: Final = "unresolved"
NO_CONNECTION: Final = frozenset({"refused", "unreachable", "tls", UNRESOLVED})


def fetch(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    timeout_s: float,
    most_bytes: int = WHOLE_BYTES,
    verify_tls: bool = True,
) -> Reply:
    """Sends it once, without redirects and proxies of the environment.

    Raises PlanInvalid for an invalid URL or header; server failures are not exceptions.
    """
    client = Client(
        percent_encoded(url),
        headers=_accepting(headers),
        timeout_s=timeout_s,
        verify_tls=verify_tls,
        keep_replies=True,
        most_bytes=most_bytes,
    )
    try:
        return asyncio.run(_sent(client, method, body))
    except Unresolved as error:
        return Reply(None, {}, (), f"{UNRESOLVED}: {error}", time.monotonic_ns(), UNRESOLVED)


def _accepting(headers: Mapping[str, str] | None) -> Mapping[str, str]:
    """The headers; without an Accept header, any type."""
    given = dict(headers or {})
    return given if any(name.lower() == "accept" for name in given) else {"Accept": "*/*", **given}


async def _sent(client: Client, method: str, body: bytes) -> Reply:
    async with client:
        return await client.ask(body, method=method)


def error_of(reply: Reply, timeout_s: float) -> str:
    """The failure, with its kind first; "" for a complete reply of any status."""
    if not reply.failure:
        return ""
    if reply.timed_out:
        return f"TimeoutError: no whole answer within {timeout_s:g} s"
    kind, _, said = reply.failure.partition(": ")
    return f"ConnectError: {said}" if kind in NO_CONNECTION else reply.failure
