"""`python -c` of a document to steps: parsed with `ast`, never executed from text.

Steps are imports by name, calls with literal or named arguments, and print. Anything else is no step, and the
sentence that says so is kept.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from signoff.acceptance.parameters import Parameters
from signoff.acceptance.reading.settings.configuration import Variable, is_json
from signoff.acceptance.reading.source.library_names import NotResolved, Step, object_names, resolved

MOST_CHARACTERS = 16_384
_LONGEST_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class LibraryCall:
    """The steps of a command, or None with the reason; `functions` are what it calls, without their modules.

    A function has the name that it was imported by, whatever the command calls it: `from a import f as g; g()` calls
    `f`. `line` is that of the command in its document.
    """

    steps: tuple[Step, ...] | None
    why: str = ""
    functions: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    line: int = 0

    def parameters(self) -> Parameters:
        """The steps as a criterion's parameters."""
        if self.steps is None:
            return {"steps": None, "why": self.why}
        return {"steps": list(self.steps), "command_line": self.line}


class _NoStep(Exception):
    """Part of the program is none of the steps."""


def read_library_call(code: str, variables: Sequence[Variable], line: int = 0) -> LibraryCall:
    """The steps of a program text; `variables` are what the document's Python configuration sets."""
    if len(code) > MOST_CHARACTERS:
        return LibraryCall(None, f"it is longer than {MOST_CHARACTERS} characters")
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return LibraryCall(None, f"it is no Python: {error}")
    functions: tuple[str, ...] = ()
    try:
        functions = tuple(_functions(tree))
        own = [step for node in tree.body for step in _steps(node)]
        before, assumptions = _missing(tree, variables)
        steps = (*before, *own)
        operations = resolved(steps)
    except (_NoStep, NotResolved) as no_step:
        return LibraryCall(None, str(no_step), functions)
    except RecursionError:
        return LibraryCall(None, "it nests deeper than anybody writes", functions)
    return LibraryCall(steps, "", tuple(object_names(operations)), assumptions, line)


def _functions(tree: ast.Module) -> Iterator[str]:
    """What a program that may be no steps calls, as far as its imports and assignments show."""
    stands_for: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            stands_for |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            stands_for |= {alias.asname: alias.name for alias in node.names if alias.asname}

    def meant(function: ast.expr) -> str:
        first, *attributes = _dotted(function).split(".")
        return ".".join([stands_for.get(first, first), *attributes])

    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield meant(node.func)


def _steps(node: ast.stmt) -> list[Step]:
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [_import(node.module, alias.name, alias.asname or alias.name) for alias in node.names]
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        if isinstance(node.value, ast.Call):
            return [_call(node.targets[0].id, node.value)]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            return [{"op": "print", "value": _value(argument)} for argument in call.args]
        return [_call(None, call)]
    raise _NoStep(f"`{_excerpt(node)}` is neither an import by name, nor a call, nor print")


def _import(module: str, name: str, alias: str) -> Step:
    if name == "*":
        raise _NoStep(f"`from {module} import *` names nothing")
    return {"op": "import", "module": module, "name": name, "as": alias}


def _call(target: str | None, call: ast.Call) -> Step:
    return {
        "op": "call",
        "target": target,
        "function": _dotted(call.func),
        "arguments": [_value(argument) for argument in call.args],
        "keywords": _keywords(call),
    }


def _keywords(call: ast.Call) -> dict[str, Any]:
    if any(keyword.arg is None for keyword in call.keywords):
        raise _NoStep(f"`{_excerpt(call)}` spreads keywords that are nowhere")
    return {str(keyword.arg): _value(keyword.value) for keyword in call.keywords}


def _value(node: ast.expr) -> dict[str, Any]:
    if isinstance(node, ast.Name):
        return {"variable": node.id}
    if isinstance(node, ast.Call):
        return {
            "call": _dotted(node.func),
            "arguments": [_value(argument) for argument in node.args],
            "keywords": _keywords(node),
        }
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError):
        raise _NoStep(f"`{_excerpt(node)}` is neither a literal nor a call") from None
    if not is_json(value):
        raise _NoStep(f"`{_excerpt(node)}` is no value that JSON knows")
    return {"literal": value}


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    raise _NoStep(f"`{_excerpt(node)}` is no name that can be called")


def _missing(tree: ast.Module, variables: Sequence[Variable]) -> tuple[list[Step], tuple[str, ...]]:
    """The steps that set what the program uses and never sets, taken from the configuration block."""
    known = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    known |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    used = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    steps: list[Step] = []
    assumptions: list[str] = []
    for name in dict.fromkeys(used):
        if name in known or name == "print":
            continue
        variable = next((variable for variable in variables if variable.name == name), None)
        if variable is None:
            raise _NoStep(f"the command uses `{name}` and sets it nowhere")
        if not is_json(variable.keywords):
            raise _NoStep(f"`{name}` in line {variable.line} holds values that JSON does not know")
        keywords = {key: {"literal": value} for key, value in variable.keywords.items()}
        steps += [
            _import(variable.module, variable.function, variable.function),
            {"op": "call", "target": name, "function": variable.function, "arguments": [], "keywords": keywords},
        ]
        assumptions.append(
            f"the command never sets `{name}`: it is taken from the Python block in line {variable.line}"
        )
    return steps, tuple(assumptions)


def _excerpt(node: ast.AST) -> str:
    """The beginning of a part of the program."""
    try:
        text = ast.unparse(node)
    except ValueError:
        return "a number that Python itself does not write out"
    return text if len(text) <= _LONGEST_EXCERPT else f"{text[:_LONGEST_EXCERPT]}…"
