"""Figures that look like limits and are none: a person has to check them.

A warning names the figure at which somebody is called, a condition the one under which something else holds, and a
roll-out, a queue or a benchmark of answers has times and shares of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from signoff.acceptance.reading.quantities.quantity import Quantity
from signoff.acceptance.reading.search.sought import Sought
from signoff.acceptance.reading.sections.roles import ALARM, role_of_heading, role_of_label
from signoff.acceptance.reading.source.document import Statement

OTHER = "other_"
"""What the subject of such a figure begins with: the `other_latency` of a warning is no latency that is asked for."""
_COSTS = frozenset({"latency", "ttft", "inter_token_latency", "load_time"})
_ANSWERS = frozenset({"latency", "ttft", "inter_token_latency"})
_LONG = frozenset({"min", "h"})
_WARNS = Sought(
    r"\b(?:page[sd]?|paging|tickets?|alert(?:s|ing|ed)?|warn(?:s|ing|ed)?|notif(?:y|ies|ied)|escalat\w+|call(?:s|ed)? "
    r"(?:the )?on-?call|roll(?:s|ed)? back|scal(?:e|es|ed) (?:up|out|down|in)|abort(?:s|ed)?)\b[^.;]{0,50}?"
    r"\b(?:when(?:ever)?|if|once|above|below|exceed\w*|fires?|over|at|on)\b"
)
_WARNING_HEADING = re.compile(
    r"^\W*(?:[\d.]+\s*)?(?:alert(?:s|ing)?(?: (?:rules|thresholds|policy|conditions))?|paging"
    r"|escalat\w+(?: (?:if|when))?"
    r"|escalation criteria|(?:abort|rollback|roll-back) (?:criteria|conditions|triggers|if|when))\W*$",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"^\W*(?:if|when(?:ever)?|once|as soon as|should)\b[^,;:]*,", re.IGNORECASE)
# What takes time beside an answer; its own time is seen by its own instruments only.
_PART = Sought(
    r"\boverhead\b|\bretriev(?:al|ed?|es|ing)\b|\bre-?rank\w*|\bqueue (?:wait|time|delay)s?\b"
    r"|\bwait(?:s|ing)? in (?:the )?"
    r"queue\b|\bscheduler\b|\b(?:database|redis|dns|disk|network|cache) (?:latency|look-?ups?|round-?trips?|response)"
)
_WORK = Sought(
    r"\broll-?outs?\b|\bkubectl\b|\bhelm\b|\bterraform\b|\bansible\b|\bpipelines?\b|\bdeploy(?:ment|ing|s)\b|\bupgrades?\b"
    r"|\bmigrations?\b|\bbuilds?\b|\bdownloads?\b"
)
_REQUEST = re.compile(r"\b(?:requests?|responses?|latency|answers?|calls?|quer(?:y|ies)|completions?)\b", re.IGNORECASE)
_SCORE = Sought(
    r"\bpass@\d|\b(?:humaneval|mbpp|mmlu|gsm8k|hellaswag|truthfulqa|arc-c|ifeval|swe-?bench|mt-?bench|bleu|rouge|ndcg"
    r"|accuracy|precision|recall|win[- ]rate|f1)\b"
)
_OF_OTHERS = re.compile(
    r"\s+of\s+(?:all\s+|the\s+|our\s+)?(?:live\s+|production\s+)?(?:traffic|users|customers|pods|nodes|hosts|replicas)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Near:
    """Texts around a figure: its clause, and what is before and behind it in the statement."""

    clause: str
    before: str
    behind: str


def reason_against(quantity: Quantity, statement: Statement, clause: str) -> str:
    """Why no run may judge a figure although its unit and words would fit a check; "" where a run may."""
    near = _Near(clause, statement.text[: quantity.begin], statement.text[quantity.end :])
    if _warns(statement, near):
        return "it is the figure at which somebody is warned, not one that the service has to keep"
    if quantity.dimension == "time" and _is_condition(quantity, statement.text):
        return "it is the condition under which something else has to hold: a person has to bring it about"
    if quantity.subject in ("error_rate", "success_rate"):
        if _SCORE.search_part(clause, statement.text):
            return "it is about what the answers are worth: a person has to run the benchmark"
        if _OF_OTHERS.match(near.behind):
            return "it is a share of something else than requests: a person has to look there"
    if quantity.subject in _COSTS and quantity.comparator in (">", ">="):
        return "a time that has to be exceeded is no demand on a service: a person has to say what is meant"
    if quantity.subject in _ANSWERS:
        return _of_answers(quantity, statement.text, clause)
    return ""


def _of_answers(quantity: Quantity, text: str, clause: str) -> str:
    if _PART.search_part(clause, text):
        return "it is the time of a part of the way to an answer: a person has to read it where that part is measured"
    if _WORK.search_part(clause, text) and not _REQUEST.search(clause):
        return "it is the time of work on the service, not of its answers: a person has to take it"
    if quantity.unit in _LONG and _has_short_time(text[: quantity.begin]):
        return "it says by when another figure has to hold, and no run waits for that: a person has to look"
    return ""


def _warns(statement: Statement, near: _Near) -> bool:
    heading = statement.headings[-1].text if statement.headings else ""
    begin = max(near.before.rfind(". "), near.before.rfind(";"), 0)
    if ALARM in (role_of_heading(heading), role_of_label(statement.label)):
        return True
    return (
        _WARNING_HEADING.match(heading[:400]) is not None
        or _WARNS.search_part(near.before[begin:][-400:], statement.text) is not None
    )


def _is_condition(quantity: Quantity, text: str) -> bool:
    found = _condition(text[:400])
    return found >= quantity.end


@lru_cache(maxsize=1024)
def _condition(text: str) -> int:
    """Where the condition that a sentence begins with ends."""
    match = _CONDITION.match(text)
    return match.end() if match is not None else -1


def _has_short_time(text: str) -> bool:
    return re.search(r"\d\s?(?:ms|milliseconds?|s|sec(?:ond)?s?)\b", text[-200:]) is not None
