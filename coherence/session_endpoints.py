"""Probes of session endpoints: the record of one session, and the metrics of all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from signoff.coherence.dialogue import Dialogue, Record, new_session_id
from signoff.coherence.phrasing import load
from signoff.coherence.sender import Page, Service
from signoff.coherence.session_result import MetricsResult, RecordResult, errors_of, records_of
from signoff.coherence.words import Words

OK = 200
NOT_FOUND = 404
TURNS = 2
_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*(?:\{.*\})?)\s+([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?:\s+\d+)?\s*$")
_TIME = re.compile(r"(_at|_seconds|timestamp)$", re.IGNORECASE)
_SESSIONS = re.compile(r"session|active|conversation", re.IGNORECASE)
_TURNS = re.compile(r"turn|message", re.IGNORECASE)
_EXCERPT_CHARACTERS = 2_000


async def probe_record(service: Service, seed: int, path: str = "/sessions/{id}") -> tuple[RecordResult, list[Record]]:
    """Send two turns, then read the session's page: it has exactly these turns, in order; an unknown id is a 404."""
    session = Dialogue(service, "record-0", "record", new_session_id())
    said: list[tuple[str, str]] = []
    for text in _turns("record", seed):
        reply = await session.say(text)
        said += [("user", text), ("assistant", reply.text)]
    page = await service.get(path.replace("{id}", session.session_id or ""))
    unknown = await service.get(path.replace("{id}", new_session_id()))
    shown = _messages(page.json()) if page.status == OK else []
    problems = [] if not page.error else [f"{path}: {page.error}"]
    if not page.error and page.status != OK:
        problems.append(f"{path} answered {page.status} for a session with {TURNS} turns")
    elif not page.error and not shown:
        problems.append(f"{path} shows no list of messages with role and content")
    elif not page.error:
        problems += _differences(said, shown)
    if unknown.status != NOT_FOUND:
        problems.append(f"{path} answered {unknown.status or unknown.error} for a session that never was")
    result = RecordResult(TURNS, len(shown), unknown.status, tuple(problems), errors_of([session]))
    pages = [_page("session", page), _page("unknown session", unknown)]
    return result, pages + records_of("record", seed, result, [session])


async def probe_session_metrics(
    service: Service, seed: int, path: str = "/metrics/sessions"
) -> tuple[MetricsResult, list[Record]]:
    """Read the page twice at rest and once after a new session: what rises only then is told by name.

    Other traffic between the readings moves the same figures; the probe needs the server for itself.
    """
    session = Dialogue(service, "session_metrics-0", "session_metrics", new_session_id())
    first, before = await service.get(path), await service.get(path)
    for text in _turns("session_metrics", seed):
        await session.say(text)
    after = await service.get(path)
    pages = {"first": first, "before": before, "after": after}
    errors = [
        f"{path}: {page.error or f'HTTP {page.status}'}" for page in pages.values() if page.status != OK or page.error
    ]
    at_rest, then, now = (figures(page.text, page.json()) if page.status == OK else {} for page in pages.values())
    moved = tuple(name for name in now if _moved(name, at_rest, then, now))
    result = MetricsResult(
        turns_sent=TURNS,
        figures=len(now),
        moved=moved,
        sessions_moved=tuple(name for name in moved if _SESSIONS.search(_stem(name))),
        turns_moved=tuple(name for name in moved if _TURNS.search(_stem(name))),
        errors=(*errors, *errors_of([session])),
    )
    records = [_page(name, page) for name, page in pages.items()]
    return result, records + records_of("session_metrics", seed, result, [session])


def figures(text: str, body: object) -> dict[str, float]:
    """The numbers of a page by name: `sessions.active` in JSON, `active{model="m"}` in Prometheus text."""
    if isinstance(body, dict | list):
        return dict(_leaves("", body))
    found = (_SAMPLE.match(line) for line in text.splitlines() if not line.startswith("#"))
    return {match[1]: float(match[2]) for match in found if match}


def _moved(name: str, at_rest: Mapping[str, float], then: Mapping[str, float], now: Mapping[str, float]) -> bool:
    """Whether a figure rose by a plausible amount for one session, and by more than at rest."""
    rise = now[name] - then.get(name, 0.0)
    usual = then.get(name, 0.0) - at_rest.get(name, 0.0)
    return max(usual, 0.0) < rise <= 2 * TURNS and not _TIME.search(_stem(name))


def _leaves(name: str, value: object) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield name, float(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}" if name else str(key), inner)
    elif isinstance(value, list):
        yield (f"{name}.length" if name else "length"), float(len(value))


def _stem(name: str) -> str:
    """The name of a figure without its labels."""
    return name.partition("{")[0]


def _messages(body: object) -> list[tuple[str, str]]:
    """The longest list of messages anywhere in a JSON body, without a system message at its head."""
    best: list[tuple[str, str]] = []
    if isinstance(body, list):
        if body and all(isinstance(entry, Mapping) for entry in body):
            best = [message for entry in body for message in _message(entry)]
        inner = body
    elif isinstance(body, Mapping):
        inner = list(body.values())
    else:
        return []
    best = max([best, *(_messages(value) for value in inner)], key=len)
    return best[1:] if best and best[0][0] == "system" else best


def _message(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A message `{"role", "content"}`, or a turn that holds both sides `{"user", "assistant"}`."""
    if isinstance(entry.get("role"), str) and isinstance(entry.get("content"), str):
        return [(entry["role"], entry["content"])]
    if isinstance(entry.get("user"), str) and isinstance(entry.get("assistant"), str):
        return [("user", entry["user"]), ("assistant", entry["assistant"])]
    return []


def _differences(said: list[tuple[str, str]], shown: list[tuple[str, str]]) -> list[str]:
    problems = []
    if len(said) != len(shown):
        problems.append(f"{len(said)} messages were exchanged, {len(shown)} are shown")
    for place, ((role, text), (shown_role, shown_text)) in enumerate(zip(said, shown, strict=False), start=1):
        if role != shown_role:
            problems.append(f"message {place} is shown as {shown_role}, it was the {role}'s")
        elif text.strip() != shown_text.strip():
            problems.append(f"message {place} ({role}) is shown with another text")
    return problems


def _turns(probe: str, seed: int) -> list[str]:
    words = Words(f"{probe} {seed}", load().vocabulary)
    return [wording.format(value=words.draw("name")) for wording in load().requests[:TURNS]]


def _page(name: str, page: Page) -> Record:
    return {
        "record": "page",
        "page": name,
        "status": page.status,
        "ms": page.ms,
        "error": page.error,
        "text": page.text[:_EXCERPT_CHARACTERS],
    }
