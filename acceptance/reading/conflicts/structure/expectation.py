"""One request with expectations that cannot all hold."""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from signoff.acceptance.reading.commands.expectation import ELLIPSIS, shown_json
from signoff.acceptance.reading.conflicts.evidence.corpus import Corpus, is_open
from signoff.acceptance.reading.conflicts.evidence.limit_claims import COMPLETION
from signoff.acceptance.reading.conflicts.evidence.page import Page, conflict
from signoff.acceptance.reading.source.document import Command, Statement
from signoff.reports.stored.conflict import Conflict

KIND = "expectation"
_STATUS = re.compile(
    r"^\s*(?:HTTP(?:/[\d.]+)?\s*|status(?: code)?:?\s*)?([1-5]\d\d)\b(?!\s*(?:ms|s|MB|GB|req))", re.IGNORECASE
)
# What an example of an answer fixes; its other values are only examples.
_FIXED_IN_EXAMPLES = frozenset({"status", "state"})
_SEVERAL = 2


_Changes = list[list[int]]
"""By document, the lines of the commands that change something."""


@dataclass(frozen=True, slots=True)
class _Answer:
    page: Page
    statement: Statement
    status: str
    fixed: dict[str, Any]


def find(corpus: Corpus) -> Iterator[Conflict]:
    """Answers to one request that differ in a fixed value or in their status, with nothing done between them."""
    groups: dict[tuple[str, ...], list[_Answer]] = {}
    asked_by: dict[int, tuple[str, ...]] = {}
    for page in corpus.pages:
        for statement in page.document.statements:
            if statement.command is None or statement.command.request is None:
                continue
            if statement.type in ("expected", "shape"):
                answer = _answer(page, statement)
                key = asked_by.get(id(statement.command)) or _request(statement.command)
                asked_by[id(statement.command)] = key
                groups.setdefault(key, []).append(answer)
    for key, answers in groups.items():
        if len(answers) < _SEVERAL:
            continue
        asked = f"{key[0]} {key[1]}{key[2]}"
        changes = corpus.once(_changing)
        expected = [answer for answer in answers if answer.status and answer.statement.type == "expected"]
        yield from _statuses(asked, expected, changes)
        yield from _values(asked, answers, changes)


def _request(command: Command) -> tuple[str, ...]:
    request = command.request or {}
    headers = {name.lower(): value for name, value in request["headers"].items()}
    return (
        str(request["method"]),
        str(request["address"]),
        str(request["path"]),
        json.dumps(headers, sort_keys=True),
        json.dumps(request.get("body"), sort_keys=True, default=str),
    )


def _answer(page: Page, statement: Statement) -> _Answer:
    value, _ = shown_json(statement.text)
    fixed: dict[str, Any] = {}
    if isinstance(value, dict):
        fixed = {
            key: item
            for key, item in value.items()
            if isinstance(item, str | int | float | bool) and item != ELLIPSIS and not is_open(item)
        }
    if statement.type == "shape":
        fixed = {key: item for key, item in fixed.items() if key in _FIXED_IN_EXAMPLES}
        return _Answer(page, statement, statement.label, fixed)
    match = _STATUS.match(statement.text)
    return _Answer(page, statement, match[1] if match else "", fixed)


def _statuses(asked: str, answers: list[_Answer], changes: _Changes) -> Iterator[Conflict]:
    undisturbed = _undisturbed(answers, changes)
    if len({answer.status for answer in undisturbed}) >= _SEVERAL:
        yield conflict(
            KIND,
            asked,
            [answer.page.side(answer.statement.line, answer.status) for answer in undisturbed],
            f"{asked} is to answer with {' and with '.join(dict.fromkeys(answer.status for answer in undisturbed))}: "
            "the same request cannot do both",
            _pairs(undisturbed),
        )


def _values(asked: str, answers: list[_Answer], changes: _Changes) -> Iterator[Conflict]:
    # An example of an error has the values of that error; expectations and examples of a 200 are compared.
    good = [answer for answer in answers if answer.status in ("", "200")]
    by_key: dict[str, list[_Answer]] = {}
    for answer in good:
        for key in answer.fixed:
            by_key.setdefault(key, []).append(answer)
    for key, fixing in by_key.items():
        undisturbed = _undisturbed(fixing, changes)
        values = list(dict.fromkeys(json.dumps(answer.fixed[key]) for answer in undisturbed))
        if len(values) >= _SEVERAL:
            yield conflict(
                KIND,
                f"{key} of {asked}",
                [answer.page.side(answer.statement.line, answer.fixed[key]) for answer in undisturbed],
                f"{asked} is to answer with {key} {' and with '.join(values)}: one answer has one {key}, so one "
                "of the expectations fails",
                _pairs(undisturbed),
            )


def _undisturbed(answers: list[_Answer], changes: _Changes) -> list[_Answer]:
    """The answers up to the first that stands after a command which changes something."""
    kept = answers[:1]
    for answer in answers[1:]:
        if answer.page is kept[0].page and _is_changed(changes[answer.page.number], kept[0], answer):
            break
        kept.append(answer)
    return kept


def _is_changed(lines: list[int], first: _Answer, answer: _Answer) -> bool:
    """Whether a command that changes something stands between two answers; the own one of the second does not count."""
    begin, end = bisect_right(lines, first.statement.line), bisect_left(lines, answer.statement.line)
    own = answer.statement.command
    mine = 0 if own is None else bisect_right(lines, own.line, begin, end) - bisect_left(lines, own.line, begin, end)
    return end - begin > mine if end > begin else False


def _changing(corpus: Corpus) -> _Changes:
    return [sorted(command.line for command in page.document.commands if _changes(command)) for page in corpus.pages]


def _changes(command: Command) -> bool:
    """Whether something may be other after a command; a completion changes nothing that a request shows."""
    if command.destructive or command.request is None:
        return command.destructive
    asked = str(command.request["path"])
    return command.request["method"] not in ("GET", "HEAD") and COMPLETION.search(asked) is None


def _pairs(answers: list[_Answer]) -> list[tuple[str, str]]:
    return [pair for answer in answers for pair in answer.page.criteria(answer.statement.line)]
