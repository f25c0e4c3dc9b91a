"""Whether a JSON value has the shape that a document shows."""

from __future__ import annotations

from typing import Any

ELLIPSIS = "..."


def differences(expected: Any, found: Any, path: str = "") -> list[str]:
    """The differences of `found` from the shape of `expected`, one sentence each; empty if it matches.

    `"..."` matches any value, an object may have more keys than shown, numbers compare by value, and a list
    that ends in `"..."` may be longer.
    """
    where = path or "the body"
    if expected == ELLIPSIS:
        return [] if found is not None else [f"{where} is null"]
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where} is {_name(found)}, not an object"]
        return [
            problem
            for key, value in expected.items()
            if key != ELLIPSIS
            for problem in (
                differences(value, found[key], f"{path}.{key}" if path else key)
                if key in found
                else [f"{where} has no {key!r}"]
            )
        ]
    if isinstance(expected, list):
        return _list_differences(expected, found, path)
    if isinstance(expected, bool) or isinstance(found, bool) or not isinstance(expected, int | float):
        same = type(expected) is type(found) and expected == found
    else:
        same = isinstance(found, int | float) and expected == found  # as they are: no float holds 400 digits
    return [] if same else [f"{where} is {found!r}, not {expected!r}"]


def _list_differences(expected: list[Any], found: Any, path: str) -> list[str]:
    where = path or "the body"
    if not isinstance(found, list):
        return [f"{where} is {_name(found)}, not a list"]
    shown = expected[:-1] if expected and expected[-1] == ELLIPSIS else expected
    if len(found) < len(shown) or (len(shown) == len(expected) and len(found) != len(expected)):
        return [f"{where} has {len(found)} entries, not {len(shown)}"]
    return [
        problem for index, value in enumerate(shown) for problem in differences(value, found[index], f"{path}[{index}]")
    ]


def _name(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
