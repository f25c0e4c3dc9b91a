"""Comparators as documents write them, before a figure and behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from signoff.acceptance.criterion import Comparator
from signoff.acceptance.reading.search.sought import Sought

COMPARATORS: dict[str, Comparator] = {
    **dict.fromkeys(("<=", "≤", "=<"), "<="),
    **dict.fromkeys((">=", "≥", "=>"), ">="),
    **dict.fromkeys(("==", "="), "=="),
    "<": "<",
    ">": ">",
    **dict.fromkeys(("less than", "lower than", "smaller than", "fewer than", "under", "below", "faster than"), "<"),
    **dict.fromkeys(("shorter than", "in under", "in less than", "not even"), "<"),
    **dict.fromkeys(("at most", "no more than", "not more than", "up to", "within", "maximum of", "max", "max."), "<="),
    **dict.fromkeys(("not exceed", "not exceeding", "not to exceed", "never exceed", "never exceeds"), "<="),
    **dict.fromkeys(("no greater than", "no higher than", "no longer than", "no slower than", "not above"), "<="),
    **dict.fromkeys(("limited to", "capped at", "maximum", "less than or equal to", "upper limit of"), "<="),
    **dict.fromkeys(("more than", "greater than", "higher than", "over", "above", "exceeds", "exceeding"), ">"),
    **dict.fromkeys(("longer than", "slower than"), ">"),
    **dict.fromkeys(("at least", "no less than", "not less than", "minimum of", "minimum", "min", "min."), ">="),
    **dict.fromkeys(("no fewer than", "not below", "never below", "greater than or equal to", "no lower than"), ">="),
    **dict.fromkeys(("no later than", "not later than", "no worse than", "no slower than", "in no more than"), "<="),
    **dict.fromkeys(
        ("after no more than", "after at most", "not after more than", "inside", "in less time than"), "<="
    ),
    **dict.fromkeys(("not longer than", "for no longer than", "at the most", "within at most", "in at most"), "<="),
    **dict.fromkeys(("or less", "or fewer", "or lower", "or faster", "or under", "or quicker", "tops"), "<="),
    **dict.fromkeys(("at the latest", "at the very most"), "<="),
    **dict.fromkeys(("or more", "or better", "or higher", "or greater", "or above"), ">="),
    **dict.fromkeys(("exactly", "equal to"), "=="),
    **dict.fromkeys(("menos de", "menor de", "menor que", "inferior a", "por debajo de", "por debajo del"), "<"),
    **dict.fromkeys(("máximo", "máxima", "máximo de", "máxima de", "como máximo", "hasta", "no más de"), "<="),
    **dict.fromkeys(("más de", "mayor que", "mayor de", "superior a", "por encima de"), ">"),
    **dict.fromkeys(("al menos", "mínimo", "mínima", "como mínimo", "mínimo de", "mínima de"), ">="),
    **dict.fromkeys(("weniger als", "unter", "kleiner als", "kürzer als"), "<"),
    **dict.fromkeys(("höchstens", "maximal", "nicht mehr als", "bis zu"), "<="),
    **dict.fromkeys(("mehr als", "über", "größer als"), ">"),
    **dict.fromkeys(("mindestens", "minimal", "nicht weniger als"), ">="),
}
AFTER = re.compile(
    r"\s+(?P<word>or\s+(?:less|fewer|lower|faster|under|quicker|more|better|higher|greater|above)|max(?:imum)?|min(?:imum)?"
    r"|at (?:the )?(?:very )?most|at the latest|at least|tops)\b(?!\s*(?:of\s*)?\d)",
    re.IGNORECASE,
)
# `up to` bounds what is used, and promises what is offered.
_CAPACITY = Sought(
    r"\b(?:support\w*|handl\w+|serv(?:e|es|ing)|sustain\w*|accommodat\w+|accept\w*|manag\w+|cope\w*|capab\w+|scal\w+"
    r"|allow\w*)\b"
)
_PROMISED = frozenset({"throughput", "token_rate", "context_length", "concurrency"})


# `no request may take longer than 30 s` allows 30 s.
_FORBIDDEN = Sought(
    r"(?:\bnot\s+(?:a\s+single|one|even\s+one)"
    r"|\bno\s+(?:\w+\s+){1,3}?(?:may|must|shall|should|can|will|takes?|is|are|needs?|uses?|exceeds?|goes)"
    r"|\bnever|\b(?:must|may|shall|should|can|will|does|do|is|are)\s+not|\bcannot|n't)\b(?!\s+(?:only|streamed|streaming)\b)[^,;.]{0,50}$"
)
_TURNED: dict[Comparator, Comparator] = {">": "<=", "<": ">="}


_NEGATION = re.compile(
    r"\bnever\b|\b(?:must|may|shall|should|can|will|does|do|is|are)\s+not\b|\b(?:cannot|must never|may never)\b|n't\b",
    re.IGNORECASE,
)


def negation_before(text: str, begin: int) -> tuple[int, int] | None:
    """Where the negation of the comparator at a place stands: the `may not` of `may not take longer than 2 s`."""
    before = text[max(0, begin - 100) : begin]
    if not _FORBIDDEN.search_part(before, text):
        return None
    *_, last = (None, *_NEGATION.finditer(before))
    offset = begin - len(before)
    return None if last is None else (offset + last.start(), offset + last.end())


def forbidden(comparator: Comparator, written: str, text: str, begin: int) -> Comparator:
    """The comparator that is left where the text before it forbids what the comparator says."""
    if not written[:1].isalpha() or not _FORBIDDEN.search_part(text[max(0, begin - 100) : begin], text):
        return comparator
    return _TURNED.get(comparator, comparator)


def reads_as_capacity(subject: str, written: str, near: Sequence[str]) -> bool:
    """Whether an upper comparator names how much has to be possible: `supports up to 64 concurrent users`."""
    if subject not in _PROMISED or written not in ("up to", "max", "maximum", "maximum of", "at most"):
        return False
    return any(_CAPACITY.search(place) for place in near) and (written == "up to" or subject == "context_length")
