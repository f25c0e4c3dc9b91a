"""Texts within a JSON value, also within nested JSON texts: finds and replaces them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

DEEPEST: Final = 150
_EMBEDDED: Final = object()


Place = tuple[Any, ...]


def texts_of(value: Any, path: Place, depth: int) -> Iterator[tuple[Place, str]]:
    """Every text in a value with the way to it."""
    if isinstance(value, str):
        yield path, value
    elif depth == DEEPEST:
        return
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield from texts_of(item, (*path, name), depth + 1)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from texts_of(item, (*path, number), depth + 1)


def plain_texts(value: Any) -> Iterator[tuple[Place, str]]:
    """Those that are no JSON objects: what a key has in common with signs of JSON would break it."""
    return ((path, text) for path, text in texts_of(value, (), 0) if not isinstance(_embedded(text), dict))


def texts_in_json(value: Any) -> Iterator[tuple[Place, str]]:
    """Those in every text that is JSON itself, as the events of a stream are."""
    for path, text in texts_of(value, (), 0):
        if (inner := _embedded(text)) is not None:
            yield from texts_of(inner, (*path, _EMBEDDED), 0)


def _embedded(text: str) -> Mapping[str, Any] | str | None:
    """The object or the text of a JSON text, None if it is not JSON."""
    if text[:1] not in ("{", '"'):
        return None
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found or None


def put(value: Any, path: Place, text: str) -> Any:
    """The value with this text at the end of the path."""
    if not path:
        return text
    step, *rest = path
    if step is _EMBEDDED:
        return json.dumps(put(json.loads(value), tuple(rest), text), ensure_ascii=False)
    copied = dict(value) if isinstance(value, Mapping) else list(value)
    copied[step] = put(copied[step], tuple(rest), text)
    return copied
