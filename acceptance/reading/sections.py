"""What a bullet or a paragraph is for, by the headings and labels that it stands under.

Ordered tables: the first row that matches decides. A heading says more than the headings above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from acceptance.reading.document import Heading
from acceptance.reading.wording import plain

Role = Literal["success", "demand", "metric", "dependency", "objective", "none"]

_SUCCESS = re.compile(r"\b(?:success|acceptance|exit) criteri", re.IGNORECASE)
_SMART = re.compile(r"\bSMART\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: re.Pattern[str]
    role: Role


def _row(pattern: str, role: Role) -> _Row:
    return _Row(re.compile(pattern, re.IGNORECASE), role)


_NEAREST = (
    _row(r"\b(?:success|acceptance|exit) criteri", "success"),
    _row(r"\bmaintenance|troubleshoot|common issues|references?\b|documents?\b|documentation\b|deliverables", "none"),
    _row(r"\bsoft dependenc|recommended\b|\brisks?\b|lessons|notes\b|next steps|timeline|template\b", "none"),
    _row(r"\bhard dependenc|\binfrastructure requirements?\b|\bexternal requirements?\b", "dependency"),
    _row(r"\b(?:objective|purpose|overview|goal)s?\b", "objective"),
    _row(r"\bmetrics\b", "metric"),
    _row(r"\brequirements?\b|\bnon-functional\b|\bperformance targets?\b|\bresource allocation\b", "demand"),
    _row(r"\btesting\b|\bverification\b|\bvalidation\b|\bquality\b|\btests\b", "demand"),
)
_ANCESTOR = (
    _row(r"\b(?:success|acceptance|exit) criteri", "success"),
    _row(r"\bmaintenance|troubleshoot|\brisks?\b|deliverables|timeline", "none"),
    _row(r"\b(?:technical|functional|system|performance) requirements?\b", "demand"),
)
_LABELS = (
    _row(r"^(?:performance|latency|throughput) targets?$|^resource (?:allocation|limits?)$|^limits?$", "demand"),
    _row(r"^service level|^slos?$|^slas?$", "demand"),
)
_LIST_LABELS = (_row(r"^(?:tasks|requirements?|acceptance criteria|success criteria|checks)$", "demand"),)
_FIELD_LABELS = re.compile(
    r"^(?:objective|duration|tasks|priority|status|owner|assigned to|effort|review required)$", re.IGNORECASE
)
_NOT_REQUIRED = re.compile(r"\bnot (?:required|needed|applicable)\b|^n/?a$|^none$", re.IGNORECASE)
_LIMIT = re.compile(r"(?:[<>≤≥]=?)\s*\d+(?:[.,]\d+)*\s*(?:ms|s|sec|GB|GiB|MB|MiB|rps|req|%|tokens?)", re.IGNORECASE)


def role_of_bullet(text: str, label: str, labels: tuple[str, ...], headings: tuple[Heading, ...]) -> Role:
    """Why a list item is a demand; `none` where it only tells."""
    if _NOT_REQUIRED.search(plain(text)):
        return "none"
    if headings and any(_SUCCESS.search(heading.text) for heading in headings[-1:]):
        return "success"
    if _FIELD_LABELS.match(label):
        return "none"
    for row in _LABELS:
        if row.pattern.search(label):
            return row.role
    for name in reversed(labels):
        for row in _LIST_LABELS:
            if row.pattern.search(name):
                return row.role
    role = _role_of_headings(headings)
    if role == "none" and _LIMIT.search(text) and not _is_aside(headings):
        return "demand"
    return "none" if role == "objective" else role


def role_of_paragraph(headings: tuple[Heading, ...]) -> Role:
    """Whether a paragraph states the objective, which may name a port or figures."""
    if not headings:
        return "none"
    text = headings[-1].text
    return "objective" if _matching(text, _NEAREST) == "objective" else "none"


def is_smart(headings: tuple[Heading, ...]) -> bool:
    """Whether a heading or one above it is the SMART validation."""
    return any(_SMART.search(heading.text) for heading in headings)


def _role_of_headings(headings: tuple[Heading, ...]) -> Role:
    if not headings:
        return "none"
    if is_smart(headings[:-1]):
        return "demand"
    nearest = _matching(headings[-1].text, _NEAREST)
    if nearest is not None:
        above = [_matching(heading.text, _ANCESTOR) for heading in headings[:-1]]
        return "none" if nearest == "demand" and "none" in above else nearest
    for heading in reversed(headings[:-1]):
        found = _matching(heading.text, _ANCESTOR)
        if found is not None:
            return found
    return "none"


def _is_aside(headings: tuple[Heading, ...]) -> bool:
    return any(_matching(heading.text, _NEAREST) == "none" for heading in headings)


def _matching(text: str, rows: tuple[_Row, ...]) -> Role | None:
    return next((row.role for row in rows if row.pattern.search(plain(text))), None)
