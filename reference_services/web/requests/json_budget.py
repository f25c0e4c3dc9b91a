"""Limits of a JSON text, counted in its bytes before parsing.

A value takes a byte or two in the text, a hundred in memory, and a thousand where a validator describes what is wrong
with it: a limit on bytes alone bounds neither memory nor time. Counting is linear, and gives up early.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

MOST_VALUES = 50_000
"""An empty list or object counts as two."""
MOST_NAMES = 1_000
"""In one object; the parser counts these."""
MOST_DEPTH = 100
MOST_DIGITS = 1000
"""Characters of a number, sign, point and exponent included."""
# Always a match where a quotation mark stands: a search that failed there would begin again within the text.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_BRACKETS = re.compile(rb"[\[{]+|[\]}]+")
_NO_BRACKETS = bytes(each for each in range(256) if chr(each) not in "[]{}")
_NUMERIC = bytes(0x39 if chr(each) in "+-.0123456789eE" else 0x20 for each in range(256))
_TOO_LONG_A_NUMBER = b"9" * (MOST_DIGITS + 1)


class OverBudget(ValueError):
    """The text is not read; says why."""


class TooManyValues(OverBudget):
    """It holds more than is read, and would be fine with less."""


def check(content: bytes | bytearray) -> None:
    """Raises OverBudget. Invalid JSON may pass: the parser detects it."""
    opens = content.count(b"[") + content.count(b"{")
    # Each value is the first of all, the first in its container, or stands behind a comma.
    most = 1 + opens + content.count(b",")
    has_digits = _TOO_LONG_A_NUMBER in content.translate(_NUMERIC)
    if most > MOST_VALUES or opens > MOST_DEPTH or has_digits:
        _check_between_strings(content, has_digits)


def _check_between_strings(content: bytes | bytearray, has_digits: bool) -> None:
    values, depth = 1, 0
    for number, (start, end) in enumerate(_gaps(content)):
        gap = content[start:end]
        values += gap.count(b"[") + gap.count(b"{") + gap.count(b",")
        brackets = _BRACKETS.finditer(gap.translate(None, _NO_BRACKETS))
        for found in itertools.islice(brackets, 2 * MOST_VALUES):
            run = found[0]
            depth += len(run) if run[0] in b"[{" else -len(run)
            if depth > MOST_DEPTH:
                raise OverBudget(f"The body is nested too deeply to be read: more than {MOST_DEPTH} levels.")
            if depth < 0:
                return  # No JSON: it ends more than it begins.
        # A text with no more values has no more strings than this: each is a value or the name of one.
        if values > MOST_VALUES or number > 2 * MOST_VALUES:
            raise TooManyValues(f"The body holds more than {MOST_VALUES} values.")
        if has_digits and _TOO_LONG_A_NUMBER in gap.translate(_NUMERIC):
            raise OverBudget(f"The body holds a number with more digits than are read: more than {MOST_DIGITS}.")


def _gaps(content: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """What stands between the strings, from where to where."""
    start = 0
    for string in _STRING.finditer(content):
        yield start, string.start()
        start = string.end()
    yield start, len(content)
