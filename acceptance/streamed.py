"""Completions as streams of events: what came, and when, of one request or of many sent at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from acceptance.evidence import Record
from acceptance.generation import CHAT_PATH
from acceptance.site import MAX_BODY_BYTES, REQUEST_TIMEOUT_S, Site, headers_of
from perf.sse import EventReader

DONE = "[DONE]"
EVENTS = "text/event-stream"
TOGETHER_MS = 1.0
"""Pieces that come within this time of one another came together."""


def stream(
    site: Site,
    body: Mapping[str, Any],
    *,
    request: Mapping[str, Any] | None = None,
    leave_after: int = 0,
) -> Record:
    """Ask for a stream; the record holds each event with its time in ms since the send.

    With `leave_after` the connection is closed after so many events, and `left` says whether that was midway.
    """
    return at_once(site, [body], request=request, leave_after=leave_after)[0]


def at_once(
    site: Site,
    bodies: Sequence[Mapping[str, Any]],
    *,
    request: Mapping[str, Any] | None = None,
    leave_after: int = 0,
) -> list[Record]:
    """Send all bodies at once, each on a connection of its own; times count from one moment for all.

    They go where the document's `request` goes, with its headers, else to the target's chats. Raises NotMeasurable
    for a request that is never sent.
    """
    request = request or {"method": "POST", "path": CHAT_PATH}
    headers = headers_of(request)
    origin, assumption = site.deployment.url(request.get("address"), site.primary_address)
    url = origin + request["path"]
    begin_s = time.perf_counter()

    async def send_all() -> list[Record]:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        secure = url.startswith("https:")
        async with httpx.AsyncClient(
            timeout=REQUEST_TIMEOUT_S,
            trust_env=False,
            verify=secure,
            limits=limits,
            headers={**headers, **site.deployment.headers(url)},
        ) as client:
            return await asyncio.gather(*(_exchange(site, client, url, body, begin_s, leave_after) for body in bodies))

    return [{**record, "assumption": assumption} for record in asyncio.run(send_all())]


async def _exchange(
    site: Site, client: httpx.AsyncClient, url: str, body: Mapping[str, Any], begin_s: float, leave_after: int
) -> Record:
    reader, events, content = EventReader(), list[list[Any]](), bytearray()
    record: dict[str, Any] = {"method": "POST", "url": url, "body": dict(body), "status": None, "error": ""}
    record |= {"content_type": "", "headers": {}, "left": False}

    def now_ms() -> float:
        return round((time.perf_counter() - begin_s) * 1e3, 3)

    try:
        async with asyncio.timeout(REQUEST_TIMEOUT_S), client.stream("POST", url, json=dict(body)) as response:
            record["status"] = response.status_code
            record["content_type"] = response.headers.get("content-type", "")
            record["headers"] = {
                name: response.headers[name] for name in ("retry-after", "content-type") if name in response.headers
            }
            async for part in response.aiter_bytes():
                content += part
                events += [[now_ms(), site.without_key(event.data)] for event in reader.feed(part)]
                if leave_after and len(events) >= leave_after:
                    record["left"] = all(data != DONE for _, data in events)
                    break
                if len(content) > MAX_BODY_BYTES:
                    raise ValueError(f"the body is longer than {MAX_BODY_BYTES} bytes")
    except (httpx.HTTPError, TimeoutError, ValueError) as error:
        reason = f"no end within {REQUEST_TIMEOUT_S:g} s" if isinstance(error, TimeoutError) else error
        record["error"] = f"{type(error).__name__}: {reason}"
    is_stream = record["content_type"].startswith(EVENTS)
    text = "" if is_stream else site.without_key(content.decode("utf-8", errors="replace"))
    return {
        **record,
        "ended_ms": now_ms(),
        "events": events if is_stream else [],
        "rest": site.without_key(reader.rest()) if is_stream else "",
        "text": text,
        "json": _json(text),
    }


def chunks(record: Record) -> list[tuple[float, Mapping[str, Any]]]:
    """The events of a stream that are JSON objects, with their times in ms."""
    read = ((at_ms, _json(data)) for at_ms, data in record["events"])
    return [(at_ms, chunk) for at_ms, chunk in read if isinstance(chunk, Mapping)]


def is_chunk(data: str) -> bool:
    """Whether the data of an event is a JSON object."""
    return isinstance(_json(data), Mapping)


def choice(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a chunk; empty where it has none, as the one with the usage."""
    choices = chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else {}


def pieces(record: Record) -> list[tuple[float, str]]:
    """The pieces of text of a stream, with their times in ms."""
    found = []
    for at_ms, chunk in chunks(record):
        one = choice(chunk)
        delta = one.get("delta")
        piece = delta.get("content") if isinstance(delta, Mapping) else one.get("text")
        if isinstance(piece, str) and piece:
            found.append((at_ms, piece))
    return found


def arrivals(times_ms: Sequence[float]) -> int:
    """How many times something came, where what comes within a millisecond of the last came together."""
    return sum(1 for index, at_ms in enumerate(times_ms) if not index or at_ms - times_ms[index - 1] >= TOGETHER_MS)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
