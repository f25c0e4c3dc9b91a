"""Headings, lines above a list and other cells of a row: what they say narrows, cancels or moves a demand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from signoff.acceptance.reading.drafts.criterion_draft import Draft, Placed, person
from signoff.acceptance.reading.gating.unknown_words import set_apart
from signoff.acceptance.reading.languages.word_table import phrases_of, word_table, words_in
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.wording import plain

_OF_THE_SERVICE = frozenset(
    "latency ttft inter_token_latency throughput error_rate memory cpu load_time context_length concurrency_limit"
    " rate_limit queueing health service streaming".split()
)
_LONGEST = 200
_NUMBER = re.compile(r"^\W*\d+(?:\.\d+)*\W+")


def within_surroundings(placed: Sequence[Placed], statement: Statement, names: frozenset[str]) -> list[Placed]:
    """The drafts of a statement, those that its surroundings narrow, cancel or move left to a person."""
    reasons = dict.fromkeys(_reasons(statement, names))
    if not reasons:
        return list(placed)
    return [(_judged(draft, reasons), span) for draft, span in placed]


def _judged(draft: Draft, reasons: dict[tuple[str, str], None]) -> Draft:
    if draft.judge != "machine":
        return draft
    for role, said in reasons:
        is_of_it = draft.kind in _OF_THE_SERVICE and not (role == "elsewhere" and _asks_there(draft))
        if role == "cancelled" or is_of_it:
            reason = f'not judged by machine: "{said}" says {_SAYS[role]}'
            found = person(reason, set_apart(draft.threshold))
            return replace(found, assumptions=draft.assumptions, not_understood=(said,))
    return draft


def _asks_there(draft: Draft) -> bool:
    """Whether it is asked of a route of embeddings, which that word then names."""
    request = draft.parameters.get("request")
    return isinstance(request, Mapping) and "embed" in str(request.get("path"))


_SAYS = {
    "cancelled": "that it is not asked for, or not yet",
    "narrowing": "when or for whom it holds, which no check brings about",
    "elsewhere": "that it is about something else than the service",
}


def _reasons(statement: Statement, names: frozenset[str]) -> Iterator[tuple[str, str]]:
    heading = plain(statement.headings[-1].text) if statement.headings else ""
    for text, is_above in ((heading, True), (statement.lead, True), *((cell, False) for cell in statement.beside)):
        yield from ((role, text[:_LONGEST].strip(" :*")) for role in _roles(text[:_LONGEST], is_above) if text)
    yield from (
        ("elsewhere", text[:_LONGEST].strip(" :*"))
        for text in (heading, statement.lead)
        if text and _is_elsewhere(text[:_LONGEST], names)
    )


@lru_cache(maxsize=4096)
def _roles(text: str, is_above: bool) -> tuple[str, ...]:
    words = f" {words_in(_NUMBER.sub('', text))} "
    tables = _tables()
    found = [role for role in ("cancelled", "narrowing") if any(phrase in words for phrase in tables[role])]
    if is_above and "narrowing" not in found and words.startswith(tables["begins"]):
        found.append("narrowing")
    return tuple(found)


@lru_cache(maxsize=4096)
def _is_elsewhere(text: str, names: frozenset[str]) -> bool:
    words = f" {words_in(text)} "
    return any(phrase in words and not names.issuperset(phrase.split()) for phrase in _tables()["elsewhere"])


@lru_cache(maxsize=1)
def _tables() -> dict[str, tuple[str, ...]]:
    table = word_table("surroundings")
    found = {role: tuple(f" {phrase} " for phrase in phrases_of(entry["words"])) for role, entry in table.items()}
    return {**found, "begins": tuple(f" {phrase} " for phrase in phrases_of(table["narrowing"]["begins"]))}
