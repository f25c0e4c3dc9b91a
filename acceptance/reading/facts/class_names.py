"""The class that a demand asks for, and the one that it extends."""

from __future__ import annotations

import re

_CLASS = re.compile(
    r"\b(?P<name>[A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*|[A-Z][a-z]+\d+[A-Z]\w*)\b.{0,40}?"
    r"\b(?:extend\w*|inherit\w*|deriv\w*|subclass\w*|implement\w*|based on|from)\b.{0,20}?\b(?P<base>[A-Z]\w+)"
)


def class_and_base(text: str) -> tuple[str, str] | None:
    """The class that a text asks for, with the class that it extends ("" where none is named)."""
    if not re.search(r"\bclass(?:es)?\b|\bsubclass\w*\b", text, re.IGNORECASE):
        return None
    found = _CLASS.search(text[:2000])
    if found is not None and found["name"] != found["base"]:
        return found["name"], found["base"]
    alone = re.search(r"\b([A-Z][a-z0-9]+[A-Z][A-Za-z0-9]*)\b", text)
    named = alone is not None and ("class " + alone[1] in text or alone[1] + " class" in text)
    return (alone[1], "") if alone is not None and named else None
