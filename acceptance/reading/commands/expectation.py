"""The JSON that an expectation shows, with ellipses where any value will do."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

ELLIPSIS = "..."


def shown_json(text: str) -> tuple[Any, str]:
    """The value that a text shows (None where it shows no JSON), and why it cannot be read ("" where it can)."""
    text = text.strip()
    if text[:1] not in ("{", "["):
        return None, ""
    try:
        return strict_json(_quoted(text)), ""
    except (ValueError, RecursionError) as error:
        return None, f"the expected JSON cannot be read: {why_no_json(error)}"


def strict_json(text: str) -> Any:
    """The value of a JSON text; raises ValueError also for figures that JSON cannot carry: NaN, 1e999."""
    return json.loads(text, parse_constant=_finite, parse_float=_finite)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text} is no figure that JSON can carry")
    return value


def why_no_json(error: Exception) -> str:
    """What is wrong with a text that is no JSON, and at which part of it, in words of its author."""
    if not isinstance(error, json.JSONDecodeError):
        return "it nests deeper than anybody writes" if isinstance(error, RecursionError) else str(error)
    before, rest = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()
    if before.endswith(",") and rest[:1] in ("}", "]"):
        return f"there is a comma before the closing `{rest[0]}`"
    if not rest:
        return f"it ends behind `{before[-20:]}`, where something is missing"
    return f"{error.msg[:1].lower()}{error.msg[1:]} at `{rest[:20]}`"


def any_values(value: Any) -> Any:
    """The same shape with an ellipsis for every value: what an example promises."""
    if isinstance(value, dict):
        return {key: any_values(item) for key, item in value.items()}
    return [ELLIPSIS] if isinstance(value, list) else ELLIPSIS


def _quoted(text: str) -> str:
    """The text with each bare ellipsis made JSON: a value, or a pair that stands for more keys."""
    out: list[str] = []
    stack: list[str] = []
    in_string = False
    index = 0
    while index < len(text):
        character = text[index]
        if in_string:
            if character == "\\":
                out.append(text[index : index + 2])
                index += 2
                continue
            in_string = character != '"'
        elif character == '"':
            in_string = True
        elif character in "{[":
            stack.append(character)
        elif character in "}]":
            del stack[-1:]
        elif text.startswith(ELLIPSIS, index) or character == "…":
            before = next((stripped[-1] for part in reversed(out) if (stripped := part.rstrip())), "")
            is_pair = bool(stack) and stack[-1] == "{" and before in "{,"
            out.append(f'"{ELLIPSIS}": "{ELLIPSIS}"' if is_pair else f'"{ELLIPSIS}"')
            index += 1 if character == "…" else len(ELLIPSIS)
            continue
        out.append(character)
        index += 1
    return "".join(out)
