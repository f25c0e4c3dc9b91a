"""Comparators as documents write them, before a figure and behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acceptance.criterion import Comparator

COMPARATORS: dict[str, Comparator] = {
    **dict.fromkeys(("<=", "≤", "=<"), "<="),
    **dict.fromkeys((">=", "≥", "=>"), ">="),
    **dict.fromkeys(("==", "="), "=="),
    "<": "<",
    ">": ">",
    **dict.fromkeys(("less than", "lower than", "smaller than", "fewer than", "under", "below", "faster than"), "<"),
    **dict.fromkeys(("shorter than", "in under", "in less than"), "<"),
    **dict.fromkeys(("at most", "no more than", "not more than", "up to", "within", "maximum of", "max", "max."), "<="),
    **dict.fromkeys(("not exceed", "not exceeding", "not to exceed", "never exceed", "never exceeds"), "<="),
    **dict.fromkeys(("no greater than", "no higher than", "no longer than", "no slower than", "not above"), "<="),
    **dict.fromkeys(("limited to", "capped at", "maximum", "less than or equal to", "upper limit of"), "<="),
    **dict.fromkeys(("more than", "greater than", "higher than", "over", "above", "exceeds", "exceeding"), ">"),
    **dict.fromkeys(("at least", "no less than", "not less than", "minimum of", "minimum", "min", "min."), ">="),
    **dict.fromkeys(("no fewer than", "not below", "never below", "greater than or equal to", "no lower than"), ">="),
    **dict.fromkeys(("or less", "or fewer", "or lower", "or faster", "or under", "tops"), "<="),
    **dict.fromkeys(("or more", "or better", "or higher", "or greater", "or above"), ">="),
    **dict.fromkeys(("exactly", "equal to"), "=="),
}
AFTER = re.compile(
    r"\s+(?P<word>or\s+(?:less|fewer|lower|faster|under|more|better|higher|greater|above)|max(?:imum)?|min(?:imum)?"
    r"|at most|at least|tops)\b(?!\s*(?:of\s*)?\d)",
    re.IGNORECASE,
)
# `up to` bounds what is used, and promises what is offered.
_CAPACITY = re.compile(
    r"\b(?:support\w*|handl\w+|serv(?:e|es|ing)|sustain\w*|accommodat\w+|accept\w*|manag\w+|cope\w*|capab\w+|scal\w+"
    r"|allow\w*)\b",
    re.IGNORECASE,
)
_PROMISED = frozenset({"throughput", "token_rate", "context_length", "concurrency"})


def reads_as_capacity(subject: str, written: str, near: Sequence[str]) -> bool:
    """Whether an upper comparator names how much has to be possible: `supports up to 64 concurrent users`."""
    if subject not in _PROMISED or written not in ("up to", "max", "maximum", "maximum of", "at most"):
        return False
    return any(_CAPACITY.search(place) for place in near) and (written == "up to" or subject == "context_length")
