"""Configuration blocks to settings: `.env` lines, YAML leaves, keywords of a Python call."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

import yaml

from acceptance.reading.blocks import Block
from acceptance.reading.document import Setting
from acceptance.reading.names import CANONICAL, from_path, from_variable, variable_prefix
from acceptance.reading.source import Source
from acceptance.reading.wording import has_placeholder

_VARIABLE = re.compile(r"^\s*(?:export\s+)?(?P<name>[A-Za-z_\[][\w\[\]]*)=(?P<value>.*)$")
_ENV_LANGUAGES = {"", "bash", "sh", "shell", "env", "dotenv", "ini", "properties"}
_YAML_LANGUAGES = {"yaml", "yml"}
_PYTHON_LANGUAGES = {"python", "py", "python3"}
_MIN_SCOPES = 2


@dataclass(frozen=True, slots=True)
class Variable:
    """A name that a Python block sets by one call: where the class comes from, and the literal keywords."""

    name: str
    function: str
    module: str
    keywords: dict[str, Any]
    line: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a configuration block, or one value of it, could not be read."""

    code: str
    line: int
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """All settings of a document in the order of its lines, with the lines that configuration blocks take."""

    settings: tuple[Setting, ...]
    variables: tuple[Variable, ...]
    lines: frozenset[int]
    blocks: frozenset[int]
    """First lines of the fences that were read as configuration."""
    troubles: tuple[Trouble, ...]


def read_configuration(source: Source, fences: Sequence[Block], service_name: str) -> Configuration:
    """The settings of every fence that holds configuration; a fence that holds none is left to others."""
    settings: list[Setting] = []
    variables: list[Variable] = []
    troubles: list[Trouble] = []
    lines: set[int] = set()
    blocks: set[int] = set()
    for fence in fences:
        language = fence.info.split()[0].lower() if fence.info else ""
        found: list[Setting] = []
        if language in _ENV_LANGUAGES and is_environment(fence):
            found = list(_environment(fence, service_name))
        elif language in _YAML_LANGUAGES:
            found = list(_yaml(fence, troubles))
        elif language in _PYTHON_LANGUAGES:
            found = list(_python(fence, variables, troubles))
        if found:
            settings += found
            blocks.add(fence.line)
            lines |= set(range(fence.line, fence.last_line + 1))
    ordered = tuple(
        sorted((placed(setting, source) for setting in settings), key=lambda setting: (setting.line, setting.column))
    )
    return Configuration(ordered, tuple(variables), frozenset(lines), frozenset(blocks), tuple(troubles))


def is_environment(fence: Block) -> bool:
    """Whether every line of a fence that says something is a variable or a comment."""
    telling = [line for line in fence.text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(telling) and all(_VARIABLE.match(line) for line in telling)


def literal(text: str) -> Any:
    """The value that a text stands for: a number, a truth value, or the text without its quotes."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    text = re.sub(r"\s+#.*$", "", text)
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if re.fullmatch(r"[+-]?\d*\.\d+", text):
        return float(text)
    return {"true": True, "false": False}.get(text.lower(), text)


def _content(fence: Block) -> Iterator[tuple[int, str]]:
    return enumerate(fence.text.splitlines(), fence.line + 1)


def _environment(fence: Block, service_name: str) -> Iterator[Setting]:
    matches = [(number, _VARIABLE.match(line)) for number, line in _content(fence)]
    prefix = variable_prefix([match["name"] for _, match in matches if match], service_name)
    group = ""
    for (number, line), (_, match) in zip(_content(fence), matches, strict=True):
        if match is None:
            group = line.lstrip().lstrip("#").strip() or group
            continue
        yield Setting(
            from_variable(match["name"], prefix),
            literal(match["value"]),
            match["name"],
            "env",
            number,
            match.start("name"),
            group,
        )


def _yaml(fence: Block, troubles: list[Trouble]) -> Iterator[Setting]:
    try:
        roots = list(yaml.compose_all(fence.text, Loader=yaml.SafeLoader))
        leaves = [leaf for root in roots if root is not None for leaf in _leaves(root, ())]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = fence.line + 1 + (mark.line if mark is not None else 0)
        if not has_placeholder(fence.text):
            problem = getattr(error, "problem", None) or "the block is not YAML"
            troubles.append(Trouble("yaml-unreadable", line, f"YAML: {problem}", "correct the YAML block"))
        return
    texts = fence.text.splitlines()
    # A setting that a block gives several times belongs to several services, named by the keys above it.
    given = Counter(from_path(path) for path in {leaf[0] for leaf in leaves})
    for path, key, value in leaves:
        name = from_path(path)
        is_shared = len(path) > 1 and name in CANONICAL and given[name] >= _MIN_SCOPES
        scope = path[-2] if is_shared else ""
        line = fence.line + 1 + key.start_mark.line
        offset = key.start_mark.column if key.start_mark.line < len(texts) else 0
        yield Setting(name, value, ".".join(path), "yaml", line, offset, path[0] if len(path) > 1 else "", scope)


def _leaves(node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], yaml.Node, Any]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            if isinstance(value, yaml.MappingNode) and value.value:
                yield from _leaves(value, (*path, name))
            elif isinstance(value, yaml.SequenceNode) and not _is_plain(value):
                for index, item in enumerate(value.value):
                    yield from _leaves(item, (*path, name, str(index)))
            else:
                yield (*path, name), key, _value(value)
    elif path:
        yield path, node, _value(node)


def _is_plain(node: yaml.SequenceNode) -> bool:
    return all(isinstance(item, yaml.ScalarNode) for item in node.value)


def _value(node: yaml.Node) -> Any:
    """What `yaml.safe_load` makes of this piece; dates become text, so that every value is JSON."""
    loaded = yaml.safe_load(yaml.serialize(node))
    if isinstance(loaded, list):
        return [item if is_json(item) else str(item) for item in loaded]
    return loaded if is_json(loaded) else str(loaded)


def is_json(value: Any) -> bool:
    """Whether a value can be written as JSON and comes back the same."""
    if isinstance(value, list):
        return all(is_json(item) for item in value)
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(item) for key, item in value.items())
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))


def _python(fence: Block, variables: list[Variable], troubles: list[Trouble]) -> Iterator[Setting]:
    try:
        tree = ast.parse(fence.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        if not has_placeholder(fence.text):
            line = fence.line + (getattr(error, "lineno", None) or 1)
            troubles.append(Trouble("python-unreadable", line, f"Python: {error}", "correct the Python block"))
        return
    modules = {
        alias.asname or alias.name: node.module or ""
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
                troubles.append(Trouble("python-value-unreadable", line, message, "write the value itself"))
                continue
            if keyword.arg is None:
                continue
            keywords[keyword.arg] = value
            line, name = fence.line + keyword.lineno, from_path((keyword.arg,))
            yield Setting(name, value, keyword.arg, "python", line, keyword.col_offset, call.func.id)
        if call.func.id in modules and not call.args:
            variables.append(
                Variable(target.id, call.func.id, modules[call.func.id], keywords, fence.line + node.lineno)
            )


def _literal(node: ast.expr) -> tuple[bool, Any]:
    """Whether an expression is a literal that JSON knows, and its value; a tuple counts as a list."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False, None
    value = list(value) if isinstance(value, tuple) else value
    return is_json(value), value


def placed(setting: Setting, source: Source) -> Setting:
    """The setting with the column on disk where its spelling begins."""
    offset = source.lines[setting.line - 1].find(setting.spelling.rsplit(".", 1)[-1])
    return replace(setting, column=source.column(setting.line, max(offset, 0)))
