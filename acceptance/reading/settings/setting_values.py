"""What a text of a configuration stands for, and which values can be compared at all."""

from __future__ import annotations

import re
from math import isfinite, nan
from typing import Any

_LONGEST_INTEGER_BITS = 1_000
"""About 300 digits: Python itself refuses to write an integer of more than 4,300 as text."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)")


def literal(text: str) -> Any:
    """The value that a text stands for: a number, a truth value, or the text without its quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    text = text.partition(" #")[0].rstrip() if " #" in text else text
    if re.fullmatch(r"[+-]?\d{1,300}", text):
        return int(text)
    if re.fullmatch(r"[+-]?\d*\.\d+", text):
        return float(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def number(value: object) -> float | None:
    """The number that a value states, or None: `2048`, `"2048"` and `0.7` are numbers, `true` and `1e999` are none."""
    if isinstance(value, bool):
        return None
    try:
        if isinstance(value, int | float):
            figure = float(value)
        else:
            text = value.strip() if isinstance(value, str) else ""
            figure = float(text) if _NUMBER.fullmatch(text) else nan
    except OverflowError:
        return None
    return figure if isfinite(figure) else None


def comparable(value: Any) -> Any:
    """Values that mean the same are equal: 0 and false, "15" and 15.0, paths with and without a last slash."""
    if isinstance(value, bool):
        return float(value)
    text = str(value).strip()
    if text.lower() in ("true", "false", "yes", "no", "on", "off"):
        return float(text.lower() in ("true", "yes", "on"))
    figure = number(value)
    return figure if figure is not None else text.removeprefix("./").rstrip("/") or text


def is_json(value: Any) -> bool:
    """Whether a value can be written as JSON and comes back the same."""
    if isinstance(value, list):
        return all(is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    if isinstance(value, int):
        return value.bit_length() <= _LONGEST_INTEGER_BITS
    return value is None or isinstance(value, str) or (isinstance(value, float) and isfinite(value))
