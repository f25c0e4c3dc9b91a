"""Where in a statement its limits stand: figures of its conditions and circumstances are none."""

from __future__ import annotations

import re

from signoff.acceptance.reading.sections.scenario import asked_from
from signoff.acceptance.reading.source.document import Statement

# What is turned away, or made to wait, is so from the figure of the condition on: that one is the limit.
_TURNS_AWAY = re.compile(
    r"\b(?:4\d\d|503)\b"
    r"|\b(?:refus|reject|throttl|queue|wait|truncat|shorten|drop|discard|turn(?:s|ed)? (?:down|away))\w*",
    re.IGNORECASE,
)


def asked_within(statement: Statement) -> tuple[int, int]:
    """From where to where in its text a statement may state limits."""
    if statement.limits is not None:
        return statement.limits
    begin, end = asked_from(statement.text), len(statement.text)
    if begin and _TURNS_AWAY.search(statement.text, begin):
        begin = 0
    return begin, end
