"""Refused requests: whether the refusal is clear and shows no internal details."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from signoff.acceptance.evidence import Record

TOO_MANY, UNAVAILABLE = 429, 503
SHOWN = 120
_KEYS = ("message", "error", "detail", "reason", "errors", "msg", "title")
_INSIDE = (
    re.compile(r"Traceback \(most recent call last\)"),
    re.compile(r'File \\?"[^"]+", line \d+'),
    re.compile(r"\bat [\w.$<>]+ \([^)\s]+\.\w+:\d+(:\d+)?\)"),
    re.compile(r"(?:/[\w.@-]+){1,12}/[\w.-]+\.(?:py|js|ts|go|rs|java|rb|so)\b"),
    re.compile(r"/(?:home|usr|opt|root|var|srv|app)/[\w.@-]+/[\w./@-]+"),
    re.compile(r"\bgoroutine \d+ \["),
)


def is_refusal(record: Record) -> bool:
    """Whether the status blames the request."""
    return record["status"] is not None and 400 <= record["status"] < 500


def is_busy(record: Record) -> bool:
    """Whether the status reports overload, with a header for the retry time."""
    return record["status"] in (TOO_MANY, UNAVAILABLE) and bool(record["headers"].get("retry-after"))


def reason(record: Record) -> str:
    """The reason in the JSON of a refusal, "" if it says nothing."""
    return _reason(record.get("json"))[:SHOWN]


def inside(record: Record) -> str:
    """A stack trace or a server path in an answer, "" if there is none.

    Text of the request itself, such as a model named by its path, does not count.
    """
    sent = f"{record['url']} {json.dumps(record['body'], ensure_ascii=False)} {record.get('raw', '')}"
    found = (match[0] for pattern in _INSIDE for match in pattern.finditer(record["text"]))
    return next((text[:SHOWN] for text in found if text not in sent), "")


def status_of(record: Record) -> str:
    """The status, or the error without one."""
    return str(record["status"] or record["error"])


def fault(record: Record) -> str:
    """The problem of an answer that should refuse a request; "" if it is a clear 4xx."""
    if record["status"] is None:
        return f"gets no answer ({record['error'][:SHOWN]})"
    if not is_refusal(record):
        return f"gets {record['status']}, not a 4xx"
    if shown := inside(record):
        return f"gets {record['status']} that shows internal details: {shown}"
    if not reason(record):
        return f"gets {record['status']} without a reason in JSON"
    return ""


def _reason(body: Any) -> str:
    if isinstance(body, str):
        return body.strip()
    if isinstance(body, list):
        return next((text for entry in body if (text := _reason(entry))), "")
    if isinstance(body, Mapping):
        return next((text for key in _KEYS if key in body and (text := _reason(body[key]))), "")
    return ""
