"""Limits on load as criteria: how much at once, in which time, in one request."""

from __future__ import annotations

import re
from dataclasses import replace

from signoff.acceptance.criterion import Threshold
from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.drafts.setting_figures import without_figure
from signoff.acceptance.reading.drafts.status import status
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.quantities.quantity import Quantity
from signoff.acceptance.reading.source.document import Statement

# `more than 8 at once are refused` is a limit of 8.
REFUSED = re.compile(rf"\b(?:refus\w+|reject\w*|turned away|denied)\b|{status(400, 413, 422, 429, 503)}", re.IGNORECASE)
# `More than 48 at once are not allowed` as well, and `more than 8 at once wait`.
_NOT_MORE = re.compile(
    r"\b(?:not|never) (?:be )?(?:allowed|permitted)\b|\b(?:forbidden|waits?|have to wait|are queued)\b", re.IGNORECASE
)
# What a session outgrows is the length of the window, and no limit of its own.
OUTGROWN = re.compile(
    r"\b(?:outgrow\w*|(?:past|beyond|over|exceed\w*|fills?|(?:longer|larger|bigger) than)) (?:the |its |a )?"
    r"(?P<window>(?:context(?: (?:window|length|size))?|window) of (?P<length>\d[\d,]*) tokens)\b",
    re.IGNORECASE,
)
_LONGEST_LINE = 2_000
_OF_TALK = re.compile(r"\b(?:sessions?|conversations?|chats?|dialogues?|talks?|histor(?:y|ies))\b", re.IGNORECASE)


def _outgrown(facts: Facts) -> frozenset[float]:
    """The lengths of context that sessions of the document outgrow."""
    key = "outgrown lengths"
    if key not in facts.memory:
        found = (match for line in facts.lines for match in OUTGROWN.finditer(line[:_LONGEST_LINE]))
        facts.memory[key] = frozenset(float(match["length"].replace(",", "")) for match in found)
    lengths: frozenset[float] = facts.memory[key]
    return lengths


def is_outgrown(quantity: Quantity, text: str) -> bool:
    """Whether a figure is the length that a session outgrows: `a session that outgrows the window of 4096 tokens`."""
    if quantity.dimension != "tokens" or _OF_TALK.search(text) is None:
        return False
    return any(found.start() < quantity.end <= found.end() for found in OUTGROWN.finditer(text))


def concurrency(quantity: Quantity, statement: Statement) -> Draft:
    """At most so many at once is a limit; so many at once is a capacity."""
    limit = quantity.threshold()
    request = statement.command.request if statement.command is not None else None
    turned_away = limit.comparator in (">", ">=") and bool(
        REFUSED.search(statement.text) or _NOT_MORE.search(statement.text, quantity.end)
    )
    if limit.comparator in ("<", "<=") or turned_away:
        most = limit.value - 1 if limit.comparator in ("<", ">=") else limit.value
        return Draft(
            "concurrency_limit", replace(limit, value=most, comparator="<="), quantity.assumptions, {"request": request}
        )
    assumptions = tuple(text for text in quantity.assumptions if "comparator" not in text)
    # More than 100 are 101 at least.
    concurrent = int(limit.value) + (limit.comparator == ">")
    sentence = f"{concurrent} at once are judged by as many requests, each of which has to be answered"
    return Draft("queueing", None, (*assumptions, sentence), {"concurrent": concurrent})


def refused_length(quantity: Quantity, facts: Facts) -> Draft:
    """Longer inputs are refused: the context's length where the document states the same one, else for people."""
    longest = quantity.value if quantity.comparator == ">" else quantity.value - 1
    draft = without_figure("context_length", facts)
    if longest in _outgrown(facts):
        # What sessions outgrow is the whole context.
        draft = Draft("context_length", Threshold(longest, "tokens", ">=", "each", "context_length"))
    if draft.judge != "machine" or draft.threshold is None or draft.threshold.value != longest:
        return person(
            f"the document does not say that {longest:g} tokens are the whole context, which is judged with the answer "
            f"in it: a person has to send an input of {longest:g} tokens and one of {longest + 1:g}"
        )
    assumption = (
        f"an input above {longest:g} tokens is one that no longer fits the context: one token more has to be refused"
    )
    return replace(draft, assumptions=(*draft.assumptions, assumption))


def window(written: str) -> Parameters:
    """Over how many seconds a rate limit counts, where a figure or a setting is spelled by the minute or the hour."""
    if re.search(r"hour|/h", written, re.IGNORECASE):
        return {"window_s": 3600.0}
    return {"window_s": 60.0} if re.search(r"min|rpm|qpm", written, re.IGNORECASE) else {}
