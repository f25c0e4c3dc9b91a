"""Completions as streams of events: what came, and when, of one request or of many sent at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from acceptance.evidence import Record
from acceptance.generation import CHAT_PATH
from acceptance.site import MAX_BODY_BYTES, REQUEST_TIMEOUT_S, Site, headers_of, without_keys
from perf.call import Reply
from perf.client import Client
from perf.errors import PlanInvalid, Unresolved
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
    url = site.deployment.request_url(origin, request["path"])
    begin_ns = time.monotonic_ns()

    async def send_all() -> list[Record]:
        async with Client(
            url,
            headers={**headers, **site.deployment.headers(url)},
            timeout_s=REQUEST_TIMEOUT_S,
            keep_replies=True,
        ) as client:
            return await asyncio.gather(*(_exchange(client, body, begin_ns, leave_after) for body in bodies))

    try:
        records = asyncio.run(send_all())
    except (PlanInvalid, Unresolved) as error:
        records = [_record(url, body, Reply(None, {}, (), str(error), begin_ns), begin_ns) for body in bodies]
    return [{**record, "assumption": assumption} for record in records]


async def _exchange(client: Client, body: Mapping[str, Any], begin_ns: int, leave_after: int) -> Record:
    too_long = f"the body is longer than {MAX_BODY_BYTES} bytes"
    length = 0

    def enough(parts: Sequence[tuple[int, bytes]]) -> bool:
        nonlocal length
        length = sum(len(part) for _, part in parts)
        return length > MAX_BODY_BYTES or (bool(leave_after) and len(_events(parts)[0]) >= leave_after)

    reply = await client.ask(json.dumps(body).encode(), stream=bool(body.get("stream")), enough=enough)
    if length > MAX_BODY_BYTES:
        return _record(client.endpoint.url, body, replace(reply, failure=too_long), begin_ns)
    left = bool(leave_after) and len(_events(reply.pieces)[0]) >= leave_after
    record = _record(client.endpoint.url, body, replace(reply, failure="") if left else reply, begin_ns)
    return {**record, "left": left and all(data != DONE for _, data in record["events"])}


def _events(parts: Sequence[tuple[int, bytes]]) -> tuple[list[tuple[int, str]], str]:
    """(when in ns, data) of each event, and the data of one that the end of the stream left incomplete."""
    reader = EventReader()
    events = [(at_ns, event.data) for at_ns, part in parts for event in reader.feed(part)]
    return events, reader.rest()


def _record(url: str, body: Mapping[str, Any], reply: Reply, begin_ns: int) -> Record:
    is_stream = reply.headers.get("content-type", "").startswith(EVENTS)
    events, rest = _events(reply.pieces) if is_stream else ([], "")
    text = "" if is_stream else reply.body.decode("utf-8", errors="replace")
    record = {
        "method": "POST",
        "url": url,
        "body": dict(body),
        "status": reply.status,
        "error": reply.failure,
        "content_type": reply.headers.get("content-type", ""),
        "headers": {name: reply.headers[name] for name in ("retry-after", "content-type") if name in reply.headers},
        "left": False,
        "ended_ms": round((reply.finished_ns - begin_ns) / 1e6, 3),
        "events": [[round((at_ns - begin_ns) / 1e6, 3), data] for at_ns, data in events],
        "rest": rest,
    }
    return without_keys(record, text)


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
