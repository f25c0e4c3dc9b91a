"""TOML: parsed in the time of its bytes, whatever it nests, and written, a value in one line."""

from __future__ import annotations

import json
import math
import re
import tomllib
from typing import Any

from signoff.reports.plain_text import toml_text

# The parser takes the square of the dots of a key, and calls itself for each list in a list.
_DEEPEST = 200
_BESIDE_KEYS = re.compile(r"[^\w.\"' \t-]+")


def parsed(text: str) -> dict[str, Any]:
    """The tables of a text. Raises TOMLDecodeError, also for what the parser of Python ends in another error."""
    if any(part.count(".") > _DEEPEST for part in _BESIDE_KEYS.split(text)):
        raise tomllib.TOMLDecodeError(f"a key of more than {_DEEPEST} parts")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise tomllib.TOMLDecodeError("it is nested too deeply") from None
    except ValueError as error:  # a number that is too long, a date that does not exist
        raise tomllib.TOMLDecodeError(str(error)) from None


def written(value: Any) -> str:
    """A value as TOML writes it; a text has JSON's escapes, and they hide nothing from who reads it."""
    if isinstance(value, dict):
        pairs = (f"{_key(name)} = {written(item)}" for name, item in value.items() if item is not None)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(written(item) for item in value if item is not None) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # inf and nan, as TOML has them
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return toml_text(json.dumps(str(value), ensure_ascii=False))


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else written(name)
