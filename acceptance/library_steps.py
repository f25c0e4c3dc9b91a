"""Carries out the steps of a library call; run by the interpreter under test, standard library only.

Only classes and functions of the named packages are called: a module that such a package happens to have
imported (`os`, say) is refused. Reads `{"steps": [...], "packages": [...]}` on standard input and writes
`{"printed": [{"type", "text", "value"}], "error": ""}`.
`value` is the printed object as JSON, or null where it is none.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
import types
from typing import Any

PRIVATE = "_"


def run(steps: list[Any], packages: list[str]) -> list[Any]:
    """The printed objects of these steps, in order."""
    names: dict[str, Any] = {"": packages}
    printed = []
    for step in steps:
        if step["op"] == "import":
            found = getattr(importlib.import_module(step["module"]), step["name"])
            names[step["as"]] = allowed(found, step["name"], packages)
        elif step["op"] == "call":
            result = call(step["function"], step, names)
            if step["target"]:
                names[step["target"]] = result
        else:
            printed.append(value_of(step["value"], names))
    return printed


def value_of(value: dict[str, Any], names: dict[str, Any]) -> Any:
    """The object that a step's value stands for."""
    if "literal" in value:
        return value["literal"]
    if "variable" in value:
        return names[value["variable"]]
    return call(value["call"], value, names)


def call(dotted: str, step: dict[str, Any], names: dict[str, Any]) -> Any:
    """Call `name.attribute` with the step's arguments; private attributes are refused."""
    first, *attributes = dotted.split(".")
    target = names[first]
    for attribute in attributes:
        target = allowed(getattr(target, attribute), attribute, names[""])
    arguments = [value_of(argument, names) for argument in step["arguments"]]
    keywords = {name: value_of(value, names) for name, value in step["keywords"].items()}
    return target(*arguments, **keywords)


def allowed(found: Any, name: str, packages: list[str]) -> Any:
    """What may be called or looked into: public, no module, and of the named packages."""
    if name.startswith(PRIVATE):
        raise PermissionError(f"{name}: private attributes are not called")
    home = str(getattr(found, "__module__", None) or type(found).__module__)
    if isinstance(found, types.ModuleType) or home.split(".")[0] not in packages:
        raise PermissionError(f"{name}: not of {', '.join(packages)}, the packages that the deployment names")
    return found


def described(item: Any) -> dict[str, Any]:
    """An object as text, and as JSON where it is data; a class as its name and those of its bases."""
    if isinstance(item, type):
        bases = [base.__name__ for base in item.__mro__[1:]]
        return {"type": "type", "text": item.__name__, "value": {"class": item.__name__, "bases": bases}}
    for data in (item, getattr(item, "__dict__", None)):
        try:
            return {
                "type": type(item).__name__,
                "text": str(item)[:4000],
                "value": json.loads(json.dumps(data)),
            }
        except (TypeError, ValueError):
            continue
    return {"type": type(item).__name__, "text": str(item)[:4000], "value": None}


def main() -> None:
    """Steps in, printed objects out; what the library itself prints does not mix with the answer."""
    noise = io.StringIO()
    try:
        with contextlib.redirect_stdout(noise):
            asked = json.load(sys.stdin)
            found = run(asked["steps"], asked["packages"])
            answer = {"printed": [described(item) for item in found], "error": ""}
    except Exception as error:
        answer = {"printed": [], "error": f"{type(error).__name__}: {error}"}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
