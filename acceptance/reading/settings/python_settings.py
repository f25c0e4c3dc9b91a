"""Keywords of Python calls to settings: `config = Config(port=1, memory_gb=2)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from signoff.acceptance.reading.settings.names import from_path
from signoff.acceptance.reading.settings.setting_values import is_json
from signoff.acceptance.reading.settings.trouble import Trouble, unreadable
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Setting
from signoff.acceptance.reading.source.wording import has_placeholder


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a Python block sets by one call: where the class comes from, and the literal keywords."""

    name: str
    function: str
    module: str
    keywords: dict[str, Any]
    line: int


def python_settings(fence: Block, variables: list[Variable], troubles: list[Trouble]) -> Iterator[Setting]:
    """The settings of a Python block; what it sets by a call is a variable that commands may use."""
    try:
        tree = ast.parse(fence.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if not has_placeholder(fence.text):
            place = (getattr(error, "lineno", None) or 1) - 1, max((getattr(error, "offset", None) or 1) - 1, 0)
            problem = getattr(error, "msg", None) or str(error) or "it nests deeper than anybody writes"
            troubles.append(unreadable("Python", problem, fence.line, fence.text, *place))
        return
    imported = {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        target, call = node.targets[0], node.value
        if not (isinstance(target, ast.Name) and isinstance(call.func, ast.Name)):
            continue
        keywords: dict[str, Any] = {}
        for keyword in call.keywords:
            known, value = _literal(keyword.value)
            if not known:
                line = fence.line + keyword.value.lineno
                message = f"{keyword.arg or '**'} is no literal value, so it is not compared"
                part = (ast.get_source_segment(fence.text, keyword.value) or "").split("\n")[0]
                troubles.append(Trouble("python-value-unreadable", line, message, "write the value itself", part))
                continue
            if keyword.arg is None:
                continue
            keywords[keyword.arg] = value
            line, name = fence.line + keyword.lineno, from_path((keyword.arg,))
            yield Setting(name, value, keyword.arg, "python", line, keyword.col_offset, call.func.id)
        if call.func.id in imported and not call.args:
            module, name = imported[call.func.id]
            variables.append(Variable(target.id, name, module, keywords, fence.line + node.lineno))


def _literal(node: ast.expr) -> tuple[bool, Any]:
    """Whether an expression is a literal that JSON knows, and its value; a tuple counts as a list."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False, None
    value = list(value) if isinstance(value, tuple) else value
    return is_json(value), value
