"""Time-outs that end what the documents allow: shorter than loading, than a latency, than their own interval."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, Owned
from signoff.acceptance.reading.conflicts.evidence.limit_claims import Claim, claims
from signoff.acceptance.reading.conflicts.evidence.page import Page, Pair, Place, conflict
from signoff.acceptance.reading.settings.setting_values import number
from signoff.reports.stored.conflict import Conflict

KIND = "timeout"
_NAME = re.compile(r"^(?:request_|inference_|model_|http_|response_|read_)?timeout(?:_(s|sec|seconds|ms))?$")
_LOADS = re.compile(
    r"\bmodel\s+load(?:ing|s)?\b[^\n.]*?\b(\d+)\s*(?:-|\u2013|to)\s*(\d+)\s*(s|sec|seconds|min|minutes)\b"
    r"|\bload(?:ing)?\s+(?:the\s+)?model[^\n.]*?\b(\d+)\s*(?:-|\u2013|to)\s*(\d+)\s*(s|sec|seconds|min|minutes)\b",
    re.IGNORECASE,
)
_MOST_SECONDS = 3600
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class _Timeout:
    owner: str
    seconds: float
    place: Place
    pairs: tuple[Pair, ...]


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Per document, each time-out of its service against loading, latency limits and the interval of health checks."""
    for page in corpus.pages:
        found = list(_timeouts(corpus, page))
        if found:
            yield from _loading(page, found)
            yield from _latency(corpus, page, found)
        yield from _health(corpus, page)


def _timeouts(corpus: Corpus, page: Page) -> Iterator[_Timeout]:
    for owned in corpus.settings_of(page):
        match = _NAME.match(owned.name)
        value = number(owned.value)
        if match is None or value is None or value <= 0:
            continue
        seconds = value / 1000 if match[1] == "ms" or value > _MOST_SECONDS else value
        place = page.side(owned.setting.line, f"{seconds:g} s", owned.setting.spelling)
        yield _Timeout(owned.owner, seconds, place, page.criteria_of(owned.setting))
    for command in page.document.commands:
        body = command.request.get("body") if command.request is not None else None
        value = number(body.get("timeout_seconds")) if isinstance(body, dict) else None
        if value:
            lines = range(command.line, command.last_line + 1)
            line = next((n for n in lines if "timeout_seconds" in page.line(n)), command.line)
            yield _Timeout(corpus.owner(page), value, page.side(line, f"{value:g} s"), ())


def _loading(page: Page, found: list[_Timeout]) -> Iterator[Conflict]:
    """A first request that loads the model ends before the model is loaded."""
    for match, line in page.find(_LOADS, "model", "load"):
        parts = [part for part in match.groups() if part is not None]
        longest = float(parts[1]) * (_MINUTE if parts[2].lower().startswith("min") else 1)
        short = [timeout for timeout in found if timeout.seconds < longest]
        if short:
            yield conflict(
                KIND,
                "loading time",
                [page.side(line, f"{parts[0]}-{parts[1]} {parts[2]}"), *(timeout.place for timeout in short)],
                f"loading the model takes up to {longest:g} s, the time-out is {short[0].seconds:g} s: a request that "
                "has to wait for the model fails although nothing is wrong",
            )
            return


def _latency(corpus: Corpus, page: Page, found: list[_Timeout]) -> Iterator[Conflict]:
    limits = corpus.once(_latencies)
    owners = {timeout.owner for timeout in found if (page.number, timeout.owner) in limits}
    slowest = {owner: max(claim.value for claim in limits[page.number, owner]) for owner in owners}
    for timeout in found:
        if slowest.get(timeout.owner, 0.0) > timeout.seconds:
            mine = limits[page.number, timeout.owner]
            slower = [claim for claim in mine if claim.value > timeout.seconds]
            yield conflict(
                KIND,
                "latency limit",
                [timeout.place, *(claim.place for claim in slower)],
                f"the time-out of {timeout.seconds:g} s ends answers that the limit of "
                f"{slower[0].place[1].value} allows: the limit is never reached",
                [*timeout.pairs, *(pair for claim in slower for pair in claim.pairs)],
            )
            return


def _latencies(corpus: Corpus) -> dict[tuple[int, str], list[Claim]]:
    """The limits on latency as a whole, by document and service."""
    found: dict[tuple[int, str], list[Claim]] = {}
    for claim in claims(corpus):
        if claim.subject == "latency" and not any(claim.key[2:]):
            found.setdefault((claim.place[0].number, claim.owner), []).append(claim)
    return found


def _health(corpus: Corpus, page: Page) -> Iterator[Conflict]:
    """A health check that may take longer than the time to the next one."""
    mine = corpus.settings_of(page)
    intervals = [owned for owned in mine if owned.name == "health_check_interval" and number(owned.value)]
    waits = [owned for owned in mine if owned.name == "health_check_timeout" and number(owned.value)]
    by_owner: dict[str, list[Owned]] = {}
    for wait in waits:
        by_owner.setdefault(wait.owner, []).append(wait)
    longest = {owner: max(map(_value, theirs)) for owner, theirs in by_owner.items()}
    for interval in intervals:
        if interval.owner in longest and longest[interval.owner] > _value(interval):
            over = [wait for wait in by_owner[interval.owner] if _value(wait) > _value(interval)]
            both = [interval, *over]
            yield conflict(
                KIND,
                "health check",
                [page.side(owned.setting.line, owned.value, owned.setting.spelling) for owned in both],
                f"a health check may take {over[0].value} s and the next one comes after {interval.value} s: "
                "checks overlap, and a dead service is seen late",
                [pair for owned in both for pair in page.criteria_of(owned.setting)],
            )


def _value(owned: Owned) -> float:
    return number(owned.value) or 0.0
