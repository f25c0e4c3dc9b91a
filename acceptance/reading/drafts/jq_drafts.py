"""The value at a path of an answer, which `jq` shows and an expectation names, as the shape of that answer."""

from __future__ import annotations

import json
import re
from typing import Any

from signoff.acceptance.reading.commands.expectation import ELLIPSIS, strict_json
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.source.document import Statement

_STEP = re.compile(
    r"\.?\[\s*(?P<index>\d{1,3})\s*\]|\.?\[?\"(?P<quoted>[^\"\\]{1,80})\"\]?|\.(?P<key>[A-Za-z_]\w{0,80})"
)
_EQUALS = re.compile(r"^(?P<path>[^=|]+?)\s*==\s*(?P<value>\"[^\"]*\"|-?\d+(?:\.\d+)?|true|false|null)$")
_WORD = re.compile(r"^[\w./:@+-]{1,200}$")
_ANY = re.compile(
    r"^(?:an?\s+|any\s+|some\s+|the\s+)?(?:non-?empty\s+|valid\s+)?(?:string|text|numbers?|integer|value|id|uuid|timestamp"
    r"|name|content|non-?empty|present|anything|not null)\.?$",
    re.IGNORECASE,
)
_NO_VALUE = re.compile(r"^(?:null|none|empty|nothing|error|pass(?:es|ed)?|success\w*|works?)$", re.IGNORECASE)


def shown_value(statement: Statement) -> Draft | None:
    """The shape that the expectation gives the answer; None where the command shows no value or the text names none."""
    command = statement.command
    expression = str(command.details.get("jq") or "").strip() if command is not None else ""
    if command is None or command.request is None or expression in ("", "."):
        return None
    if (equals := _EQUALS.match(expression)) is not None and statement.text.strip().lower() in ("true", "`true`"):
        expression, found = equals["path"].strip(), (strict_json(equals["value"]),)
    else:
        found = _value(statement.text.strip().strip("`"))
    if not found:
        return None
    steps = _steps(expression)
    if steps is None:
        return person(f"`jq {expression}` is more than a path into the answer: a person has to look at what it prints")
    shape: Any = found[0]
    for step in reversed(steps):
        shape = {step: shape} if isinstance(step, str) else [*[ELLIPSIS] * step, shape, ELLIPSIS]
    assumption = f"{expression} of the answer is to be {json.dumps(found[0]) if found[0] != ELLIPSIS else 'there'}"
    return Draft("json_shape", None, (assumption,), {"request": command.request, "expected": shape})


def _value(text: str) -> tuple[Any, ...]:
    """The value that a text names, in a tuple; empty where it describes one, or limits it."""
    if _ANY.match(text):
        return (ELLIPSIS,)
    try:
        return () if (value := strict_json(text)) is None else (value,)
    except (ValueError, RecursionError):
        return (text,) if _WORD.match(text) and not _NO_VALUE.match(text) else ()


def _steps(expression: str) -> list[str | int] | None:
    """The keys and places of a path such as `.data[0].id`; None where it is more than that."""
    steps: list[str | int] = []
    position = 0
    while position < len(expression):
        step = _STEP.match(expression, position)
        if step is None:
            return None
        steps.append(int(step["index"]) if step["index"] else step["quoted"] or step["key"])
        position = step.end()
    return steps
