"""TOML of documents, deployments and bindings: parsed in the time of its bytes, whatever it nests."""

from __future__ import annotations

import re
import tomllib
from typing import Any

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
