"""Parses a server's JSON: strict, limited, with ValueError as the only error.

Values and errors of Python's parser beyond RFC 8259 would cause trouble elsewhere: NaN and Infinity in a
result file, a nesting that cannot be written again, a lone surrogate that cannot be sent back.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

MOST_DEPTH: Final = 100
MOST_DIGITS: Final = 300
"""Digits of an integer: one outside the range of a float is meaningless."""
MOST_VALUES: Final = 200_000

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_ESCAPE: Final = re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|(\\u[dD][89a-fA-F]..)|\\.", re.DOTALL)


def loads(text: str) -> Any:
    """Raises ValueError for invalid JSON, and for JSON above the limits: nesting, number of values."""
    if len(text) > MOST_VALUES and sum(map(text.count, ",[{")) > MOST_VALUES:
        raise ValueError(f"JSON of more than {MOST_VALUES} values")
    if _SURROGATE.search(text):
        text = _ESCAPE.sub(_whole, text)
    try:
        value = _DECODER.decode(text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("JSON that is nested too deep") from None
    if _is_deep(text, value):
        raise ValueError(f"JSON that is nested more than {MOST_DEPTH} deep")
    return value


def found(text: str) -> Any:
    """The same, None for invalid JSON."""
    try:
        return loads(text)
    except ValueError:
        return None


def _whole(escape: re.Match[str]) -> str:
    """An escape as it is, a lone half of a surrogate pair as the replacement character."""
    return r"\ufffd" if escape[1] else escape[0]


def _is_deep(text: str, value: Any) -> bool:
    if text.count("[") + text.count("{") <= MOST_DEPTH:
        return False
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEPTH):
        members = (each.values() if isinstance(each, dict) else each for each in level)
        level = [each for inside in members for each in inside if isinstance(each, dict | list)]
        if not level:
            return False
    return True


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"a number that no float holds: {text[:30]}")
    return value


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


_DECODER: Final = json.JSONDecoder(parse_constant=_refused, parse_float=_finite, parse_int=_integer)
