"""Completions as streams of events with times, one or many at once."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from signoff.acceptance.errors import NotRun, SignoffError
from signoff.acceptance.evidence import Record
from signoff.acceptance.measuring.generation import CHAT_PATH
from signoff.acceptance.measuring.site import MAX_BODY_BYTES, Site, headers_of, without_keys
from signoff.perf.client import server_json
from signoff.perf.client.bounds import AnswerTooLong
from signoff.perf.client.client import Client
from signoff.perf.client.reply import Reply
from signoff.perf.client.sse import EventReader
from signoff.perf.errors import PlanInvalid, Unresolved

DONE = "[DONE]"
EVENTS = "text/event-stream"
LEAST_BYTES, MOST_TOGETHER_BYTES = 64 * 1024, 16 * 2**20
LEAST_EVENTS, MOST_TOGETHER_EVENTS = 1000, 100_000
"""Size limits of each of many concurrent answers, and of all together."""
TOGETHER_MS = 1.0
"""Chunks that arrive within this time count as simultaneous."""


def stream(
    site: Site,
    body: Mapping[str, Any],
    *,
    request: Mapping[str, Any] | None = None,
    leave_after: int = 0,
) -> Record:
    """Request a stream; the record has each event with its time in ms since the send.

    With `leave_after` the connection is closed after that number of events, and `left` says whether that was midway.
    """
    return at_once(site, [body], request=request, leave_after=leave_after)[0]


def at_once(
    site: Site,
    bodies: Sequence[Mapping[str, Any]],
    *,
    request: Mapping[str, Any] | None = None,
    leave_after: int = 0,
) -> list[Record]:
    """Send all bodies at once, each on a separate connection; all times count from the same moment.

    They go to the address of the document's `request`, with its headers, else to the target's chats. Raises
    NotMeasurable for a request that is never sent.
    """
    request = request or {"method": "POST", "path": CHAT_PATH}
    headers = headers_of(request)
    origin, assumption = site.deployment.url(request.get("address"), site.primary_address)
    url = site.deployment.request_url(origin, request["path"])
    timeout_s = site.still_waits("POST", url)
    begin_ns = time.monotonic_ns()

    async def send_all() -> list[Reply]:
        async with Client(
            url,
            headers={**headers, **site.deployment.headers(url)},
            timeout_s=timeout_s,
            keep_replies=True,
            most_bytes=min(MAX_BODY_BYTES, max(LEAST_BYTES, MOST_TOGETHER_BYTES // len(bodies))),
        ) as client:
            return await asyncio.gather(*(_reply(client, body, leave_after) for body in bodies))

    try:
        replies = asyncio.run(send_all())
    except (PlanInvalid, Unresolved) as error:
        replies = [Reply(None, {}, (), str(error), begin_ns)] * len(bodies)
    _look_for_time_outs(site, url, begin_ns / 1e9, timeout_s, replies)
    most_events = max(LEAST_EVENTS, MOST_TOGETHER_EVENTS // len(bodies))
    records: list[Record] = []
    for body, reply in zip(bodies, replies, strict=True):
        site.keep_room(sum(len(piece) for _, piece in reply.pieces), url)
        record = _record(url, body, reply, begin_ns, most_events, leave_after)
        records.append({**record, "assumption": assumption})
    return records


async def _reply(client: Client, body: Mapping[str, Any], leave_after: int) -> Reply:
    reader = EventReader()
    count = 0

    def enough(parts: Sequence[tuple[int, bytes]]) -> bool:
        nonlocal count
        count += sum(len(reader.feed(part)) for _, part in parts)
        return count >= leave_after

    sent = json.dumps(body).encode()
    return await client.ask(sent, stream=bool(body.get("stream")), enough=enough if leave_after else None)


def _look_for_time_outs(site: Site, url: str, began_s: float, timeout_s: float, replies: Sequence[Reply]) -> None:
    """Raises NotRun if these requests were the last attempt, or had a shorter time-out than usual."""
    if ours := next((reply for reply in replies if reply.outcome == "client_error"), None):
        raise SignoffError(f"POST {url}: {ours.failure}")
    late = sum(reply.timed_out for reply in replies)
    site.patience.ended("POST", url, began_s, timed_out=late == len(replies))
    if late and site.still_waits("POST", url) and timeout_s < site.timeout_s:
        raise NotRun(
            f"{late} of {len(replies)} requests to {url} were not answered within {timeout_s:g} s, and after time-outs "
            f"in a row they had no more than that",
            "see why the server does not answer, and run again",
        )


def _events(parts: Sequence[tuple[int, bytes]], most: int) -> tuple[list[tuple[int, str]], str, str]:
    """(when in ns, data) of each event, the data of an incomplete last one, and the exceeded limit."""
    reader = EventReader()
    events: list[tuple[int, str]] = []
    try:
        for at_ns, part in parts:
            events += [(at_ns, event.data) for event in reader.feed(part)]
            if len(events) > most:
                return events[:most], "", f"a stream of more than {most} events"
    except AnswerTooLong as error:
        return events, "", str(error)
    return events, reader.rest(), ""


def _record(
    url: str, body: Mapping[str, Any], reply: Reply, begin_ns: int, most_events: int, leave_after: int
) -> Record:
    """The record of a reply. A reply that was `left` on purpose is not a failure, unless it had ended by itself."""
    is_stream = reply.headers.get("content-type", "").lower().startswith(EVENTS)
    events, rest, too_much = _events(reply.pieces, most_events) if is_stream else ([], "", "")
    text = "" if is_stream else reply.body.decode("utf-8", errors="replace")
    has_left = bool(leave_after) and len(events) >= leave_after and not too_much
    record = {
        "method": "POST",
        "url": url,
        "body": dict(body),
        "status": reply.status,
        "error": "" if has_left else reply.failure or too_much,
        "content_type": reply.headers.get("content-type", ""),
        "headers": {name: reply.headers[name] for name in ("retry-after", "content-type") if name in reply.headers},
        "left": has_left and all(data != DONE for _, data in events),
        "ended_ms": round((reply.finished_ns - begin_ns) / 1e6, 3),
        "events": [[round((at_ns - begin_ns) / 1e6, 3), data] for at_ns, data in events],
        "rest": rest,
    }
    return without_keys(record, text)


def chunks(record: Record) -> list[tuple[float, Mapping[str, Any]]]:
    """The events of a stream that are JSON objects, with their times in ms."""
    read = ((at_ms, server_json.found(data)) for at_ms, data in record["events"])
    return [(at_ms, chunk) for at_ms, chunk in read if isinstance(chunk, Mapping)]


def is_chunk(data: str) -> bool:
    """Whether the data of an event is a JSON object."""
    return isinstance(server_json.found(data), Mapping)


def choice(chunk: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first choice of a chunk; empty if it has none, as the one with the usage."""
    choices = chunk.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, Mapping) else {}


def pieces(record: Record) -> list[tuple[float, str]]:
    """The chunks of text of a stream, with their times in ms."""
    found = []
    for at_ms, chunk in chunks(record):
        one = choice(chunk)
        delta = one.get("delta")
        piece = delta.get("content") if isinstance(delta, Mapping) else one.get("text")
        if isinstance(piece, str) and piece:
            found.append((at_ms, piece))
    return found


def arrivals(times_ms: Sequence[float]) -> int:
    """The number of separate arrivals; chunks within a millisecond of the previous one count as one."""
    return sum(1 for index, at_ms in enumerate(times_ms) if not index or at_ms - times_ms[index - 1] >= TOGETHER_MS)
