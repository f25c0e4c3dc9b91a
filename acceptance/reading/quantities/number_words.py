"""Numbers that are written as words where a limit on time stands: `in less than a second`, `within one minute`."""

from __future__ import annotations

import re
from functools import lru_cache

from signoff.acceptance.reading.quantities.units import COUNTED_WITHIN
from signoff.acceptance.reading.search.sought import Sought

# As long as the words that they stand for, so that every place in the text stays.
_DIGITS = {
    "half a": "0.5000",
    "a": "1",
    "an": "1 ",
    "one": "1.0",
    "two": "2.0",
    "three": "3.000",
    "four": "4.00",
    "five": "5.00",
    "six": "6.0",
    "seven": "7.000",
    "eight": "8.000",
    "nine": "9.00",
    "ten": "10 ",
    "twelve": "12.000",
    "fifteen": "15.0000",
    "twenty": "20.000",
    "thirty": "30.000",
    "sixty": "60.00",
}
_TIME = Sought(
    r"(?P<comparator>\b(?:(?:less|faster|shorter|more|longer|slower) than|under|below|within|at most|over|up to|after)"
    r"\s+)"
    rf"(?P<number>{'|'.join(sorted(_DIGITS, key=len, reverse=True))})"
    r"(?=\s(?:milliseconds?|seconds?|minutes?|hours?)\b(?!\s+(?:attempt|call|chance|client|copy|instance|opinion"
    r"|prompt|replica|request|run|server|service|step|stage|time|try|turn|user)))"
)
_RATE_BEFORE = re.compile(rf"\d\s*(?:{'|'.join(COUNTED_WITHIN)})\s+$", re.IGNORECASE)

# `six CPU cores`, `four minutes at most`: what follows the number says that it is one.
_COUNTED = Sought(
    rf"\b(?P<number>{'|'.join(word for word in sorted(_DIGITS, key=len, reverse=True) if len(word) > 2)})"
    r"(?=\s(?:(?:cpu |v)?(?:cpus|cores?)\b|(?:milliseconds?|seconds?|minutes?)\s+"
    r"(?:or less|at (?:the )?most|at the latest)))"
)
_ONE_IN = Sought(r"\bone(?= (?:in|per) (?:an?|one|every) (?:hundred|thousand|million)\b)")


@lru_cache(maxsize=256)
def with_digits(text: str) -> str:
    """The text with digits in place of such words; every character keeps its place."""
    read = text
    if _ONE_IN.may_be_in(text):
        read = _ONE_IN.expression.sub("1.0", read)
    if _COUNTED.may_be_in(text):
        read = _COUNTED.expression.sub(lambda match: _DIGITS[match["number"].lower()], read)
    if _TIME.may_be_in(text):
        read = _TIME.expression.sub(_of_time, read)
    return read


def _of_time(match: re.Match[str]) -> str:
    """The same with the number in digits, but for `30 requests within a minute`, which is a rate."""
    if _RATE_BEFORE.search(match.string, max(0, match.start() - 40), match.start()):
        return match[0]
    return match["comparator"] + _DIGITS[match["number"].lower()]


def counted(text: str) -> str:
    """A text with the numbers that it writes as words as digits: `for ten minutes` is `for 10 minutes`."""
    return _ANY.sub(lambda match: _DIGITS[match[0].lower()].strip(), text)


_ANY = re.compile(rf"\b(?:{'|'.join(word for word in _DIGITS if len(word) > 2)})\b", re.IGNORECASE)
