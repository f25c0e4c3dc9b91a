"""What the steps of a library call stand for: each call under the dotted name that it was imported by.

An alias, a variable and an attribute chain are resolved here and nowhere else: how a check is chosen, what
`signoff read` shows, what is looked up in the deployment's list and what is called all follow from one answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Step = dict[str, Any]
PRIVATE = "_"
MOST_OPERATIONS = 100
MOST_LITERAL_BYTES = 8_192
DEEPEST_LITERAL = 8


class NotResolved(Exception):
    """A step that is no call of an imported name, and no method of what a call gives."""


@dataclass(slots=True)
class _Names:
    """What each name stands for at this point of the program, and the operations up to here."""

    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    operations: list[Step] = field(default_factory=list)
    calls: int = 0


def resolved(steps: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps as operations without names of the document's own. Raises NotResolved.

    `import`: `module`, `name`. `call`: `module` and the `path` of attributes in it. `method`: the `method` of the
    result `of` an earlier call. `print`: a `value`. A value is a `literal`, the `result` of a call by its number, or
    what is `imported`, by its dotted name: that can be printed and nothing else.
    """
    names = _Names()
    try:
        for step in steps:
            _operation(step, names)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        # A binding file may hold any JSON as the steps.
        raise NotResolved(f"this is no step of a library call: {type(error).__name__} {error}") from None
    _refuse_large(names.operations)
    return names.operations


def _operation(step: Mapping[str, Any], names: _Names) -> None:
    if step["op"] == "import":
        _bind_import(step, names)
    elif step["op"] == "call":
        number = _call(step["function"], step, names, step["target"] or "")
        if step["target"]:
            names.imported.pop(step["target"], None)
            names.results[step["target"]] = number
    elif step["op"] == "print":
        names.operations.append({"op": "print", "value": _value(step["value"], names)})
    else:
        raise NotResolved(f"{step['op']!r} is no step of a library call")


def _refuse_large(operations: Sequence[Step]) -> None:
    """A document gives a callable few and small literals, whatever that could make of larger ones."""
    if len(operations) > MOST_OPERATIONS:
        raise NotResolved(f"it makes more than {MOST_OPERATIONS} imports, calls and prints")
    literals = [value["literal"] for operation in operations for value in _given(operation) if "literal" in value]
    if any(_is_deep(literal, DEEPEST_LITERAL) for literal in literals):
        raise NotResolved(f"a literal of it nests deeper than {DEEPEST_LITERAL}")
    size = sum(len(json.dumps(literal)) for literal in literals)
    if size > MOST_LITERAL_BYTES:
        raise NotResolved(f"its literals take {size} bytes, and at most {MOST_LITERAL_BYTES} are passed on")


def _given(operation: Step) -> Iterator[Step]:
    """The values that an operation takes."""
    yield from operation.get("arguments", ())
    yield from operation.get("keywords", {}).values()
    if "value" in operation:
        yield operation["value"]


def _is_deep(literal: Any, levels: int) -> bool:
    if not isinstance(literal, list | Mapping):
        return False
    items = literal.values() if isinstance(literal, Mapping) else literal
    return levels == 0 or any(_is_deep(item, levels - 1) for item in items)


def _bind_import(step: Mapping[str, Any], names: _Names) -> None:
    module, name, alias = step["module"], step["name"], step["as"]
    _refuse_private(f"{module}.{name}")
    names.results.pop(alias, None)
    names.imported[alias] = (module, name)
    names.operations.append({"op": "import", "module": module, "name": name})


def _call(function: str, step: Mapping[str, Any], names: _Names, target: str) -> int:
    """Append a call after the calls in its arguments, and give its number."""
    first, *attributes = function.split(".")
    _refuse_private(".".join(attributes))
    if first in names.imported:
        module, name = names.imported[first]
        called: Step = {"op": "call", "module": module, "path": [name, *attributes]}
    elif first in names.results:
        if len(attributes) != 1:
            raise NotResolved(f"`{function}` is no method of what a call gives: only such a method is called")
        called = {"op": "method", "of": names.results[first], "method": attributes[0]}
    else:
        raise NotResolved(f"`{first}` is neither imported nor the result of a call")
    called["arguments"] = [_argument(value, names) for value in step["arguments"]]
    called["keywords"] = {name: _argument(value, names) for name, value in step["keywords"].items()}
    number, names.calls = names.calls, names.calls + 1
    names.operations.append({**called, "id": number, "target": target})
    return number


def _argument(value: Mapping[str, Any], names: _Names) -> Step:
    found = _value(value, names)
    if "imported" in found:
        raise NotResolved(f"`{found['imported']}` is passed as it is: an argument is a literal or what a call gives")
    return found


def _value(value: Mapping[str, Any], names: _Names) -> Step:
    if "literal" in value:
        return {"literal": value["literal"]}
    if "call" in value:
        return {"result": _call(value["call"], value, names, "")}
    name = value["variable"]
    if name in names.imported:
        return {"imported": ".".join(names.imported[name])}
    if name in names.results:
        return {"result": names.results[name]}
    raise NotResolved(f"`{name}` is neither imported nor the result of a call")


def _refuse_private(dotted: str) -> None:
    if any(part.startswith(PRIVATE) for part in dotted.split(".")):
        raise NotResolved(f"`{dotted}`: private attributes are not called")


def would_call(steps: Any) -> tuple[list[str], list[str]]:
    """The calls that these steps make, for people to read, and the names to list for them; neither for no steps."""
    if not isinstance(steps, list):
        return [], []
    try:
        operations = resolved(steps)
    except NotResolved:
        return [], []
    return shown_calls(operations), list(dict.fromkeys(called_names(operations)))


def called_names(operations: Sequence[Step]) -> Iterator[str]:
    """The dotted name of each call, a method's under its class where the object was made by calling one.

    Nothing is said for the method of an object whose class is known only at run time.
    """
    owners = _owners(operations)
    for operation in operations:
        if operation["op"] == "call":
            yield dotted_name(operation)
        elif operation["op"] == "method" and _is_class(owner := owners[operation["of"]]):
            yield f"{dotted_name(owner)}.{operation['method']}"


def shown_calls(operations: Sequence[Step]) -> list[str]:
    """Each call as Python writes it, with whole dotted names: what would be called, for people to read."""
    owners = _owners(operations)
    return [
        f"{_shown_name(operation, owners)}({_shown_arguments(operation, owners)})"
        for operation in operations
        if operation["op"] in ("call", "method")
    ]


def object_names(operations: Sequence[Step]) -> list[str]:
    """What each call is called without its module: `Client.ping` for `Client().ping()`."""
    owners = _owners(operations)

    def name(operation: Step) -> str:
        if operation["op"] == "call":
            return ".".join(operation["path"])
        return f"{name(owners[operation['of']])}.{operation['method']}"

    return [name(operation) for operation in operations if operation["op"] in ("call", "method")]


def _owners(operations: Sequence[Step]) -> dict[int, Step]:
    return {operation["id"]: operation for operation in operations if "id" in operation}


def _is_class(operation: Step) -> bool:
    """Whether what is called has the name of a class, by the custom of writing such a name."""
    return bool(operation["op"] == "call" and operation["path"][-1][:1].isupper())


def dotted_name(call: Step) -> str:
    """The name that a call was imported by."""
    return ".".join([call["module"], *call["path"]])


def _shown_name(operation: Step, owners: Mapping[int, Step]) -> str:
    if operation["op"] == "call":
        return dotted_name(operation)
    owner = owners[operation["of"]]
    return f"{_shown_name(owner, owners)}{'' if _is_class(owner) else '()'}.{operation['method']}"


def _shown_arguments(operation: Step, owners: Mapping[int, Step]) -> str:
    keywords = (f"{name}={_shown_value(value, owners)}" for name, value in operation["keywords"].items())
    return ", ".join([*(_shown_value(value, owners) for value in operation["arguments"]), *keywords])


def _shown_value(value: Step, owners: Mapping[int, Step]) -> str:
    if "result" not in value:
        return repr(value["literal"])
    made = owners[value["result"]]
    return made["target"] or f"{_shown_name(made, owners)}({_shown_arguments(made, owners)})"
