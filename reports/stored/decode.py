"""Plain JSON to frozen dataclasses, with errors that name the place.

A dataclass with a field `extra` keeps the keys that it does not know. A field without a default is required.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reports.errors import StoredRunMalformed

T = TypeVar("T")
_NAMES = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
_WANTED = {str: "a text", int: "a whole number", float: "a number"}


def decode(cls: type[T], value: Any, where: str) -> T:
    """The dataclass that a JSON object stands for; `where` is its place, like `criteria[3]`."""
    if not isinstance(value, Mapping):
        raise StoredRunMalformed(f"{where} is {name_of(value)}, not an object")
    left = dict(value)
    hints = _hints(cast(Hashable, cls))
    taken: dict[str, Any] = {}
    for item in fields(cls):  # type: ignore[arg-type]
        if item.name == "extra":
            continue
        if item.name in left:
            taken[item.name] = _value(hints[item.name], left.pop(item.name), f"{where}.{item.name}")
        elif item.default is MISSING and item.default_factory is MISSING:
            raise StoredRunMalformed(f"{where} has no {item.name!r}")
    make: Callable[..., T] = cls
    return make(**taken, extra=left)


def name_of(value: Any) -> str:
    """What kind of JSON value this is, in words."""
    return _NAMES.get(type(value), "a number")


@cache
def _hints(cls: Hashable) -> dict[str, Any]:
    return get_type_hints(cls)


def _value(kind: Any, value: Any, where: str) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if is_dataclass(kind):
        return decode(cast(type[Any], kind), value, where)
    if origin is Literal:
        if value not in get_args(kind):
            raise StoredRunMalformed(f"{where} is {value!r}, none of {', '.join(get_args(kind))}")
        return value
    if origin in (Union, types.UnionType):
        return None if value is None else _value(get_args(kind)[0], value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise StoredRunMalformed(f"{where} is {name_of(value)}, not a list")
        return tuple(_value(get_args(kind)[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping | None):
            raise StoredRunMalformed(f"{where} is {name_of(value)}, not an object")
        return {name: _value(get_args(kind)[1], item, f"{where}.{name}") for name, item in (value or {}).items()}
    return _scalar(kind, value, where)


def _scalar(kind: type[Any], value: Any, where: str) -> Any:
    if kind is str and value is None:
        return ""
    allowed = (int, float) if kind is float else kind
    if not isinstance(value, allowed) or isinstance(value, bool):
        raise StoredRunMalformed(f"{where} is {name_of(value)}, not {_WANTED[kind]}")
    return value
