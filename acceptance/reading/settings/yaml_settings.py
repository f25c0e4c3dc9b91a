"""YAML and JSON to settings: each leaf with its path, its place and the service that it configures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import yaml

from signoff.acceptance.reading.settings.flag_settings import flags, split
from signoff.acceptance.reading.settings.names import CANONICAL, common_prefix, from_path, named_value, variable_value
from signoff.acceptance.reading.settings.setting_values import is_json, literal
from signoff.acceptance.reading.settings.trouble import LONGEST, Trouble, too_long, unreadable
from signoff.acceptance.reading.source.block import Block
from signoff.acceptance.reading.source.document import Form, Setting
from signoff.acceptance.reading.source.wording import has_placeholder

_MOST_PARTS = 20_000
_MOST_LEAVES = 20_000
_SHALLOW = 400
_MIN_SCOPES = 2
_MOST_BITS = 1_000
_COLLECTIONS = {"services", "models", "deployments", "instances", "backends", "ai_model_services"}
_ENVIRONMENT = {"environment", "env"}
_COMMAND = {"command", "args", "entrypoint", "cmd"}
_IDENTITY = ("name", "model_id", "id", "model")
_WORKLOADS = {"Deployment", "StatefulSet", "DaemonSet", "Pod", "Job", "ReplicaSet"}
_TOKENS = (
    ("found character '\\t' that cannot start any token", "a tab, where YAML is indented by blanks"),
    ("<block end>", "the end of the block"),
    ("'<block mapping start>'", "a new mapping (is it indented as its neighbours are?)"),
    ("'<block sequence start>'", "a new list (is it indented as its neighbours are?)"),
    ("'<scalar>'", "a value"),
    ("tag:yaml.org,2002:", "!!"),
)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value with its path, the node that has its place, and the member of a collection that it belongs to."""

    path: tuple[str, ...]
    node: yaml.Node
    value: Any
    scope: str = ""
    form: Form | None = None
    name: str = ""


def yaml_settings(fence: Block, troubles: list[Trouble], form: Form = "yaml") -> Iterator[Setting]:
    """The settings of a block of YAML or JSON; a block that is neither, and holds no placeholder, is reported."""
    text = fence.text.replace("\t", " ") if form == "json" else fence.text
    if len(text) > LONGEST:
        troubles.append(too_long(form.upper(), fence.line, len(text)))
        return
    try:
        roots = _composed(text)
        if sum(_spread(root, {}) for root in roots) > _MOST_PARTS:
            message = f"its aliases unfold to more than {_MOST_PARTS} values, which nobody compares"
            troubles.append(Trouble("configuration-too-long", fence.line, message, "show the values that matter"))
            return
        leaves = [leaf for root in roots for leaf in islice(_root(root, len(roots)), _MOST_LEAVES)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if not has_placeholder(fence.text):
            mark = getattr(error, "problem_mark", None)
            deep = "it nests deeper than anybody writes"
            known = getattr(error, "problem", None) or (deep if isinstance(error, RecursionError) else str(error))
            problem = _in_words(known)
            place = (mark.line, mark.column) if mark is not None else (0, 0)
            troubles.append(unreadable(form.upper(), problem, fence.line, fence.text, *place))
        return
    yield from _settings(fence, leaves, form)


def _spread(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values a node stands for when its aliases are unfolded; one within itself has no end."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = _MOST_PARTS + 1
        parts = [part for item in node.value for part in (item if isinstance(item, tuple) else (item,))]
        known[id(node)] = 1 + sum(_spread(part, known) for part in parts)
    return known[id(node)]


def _in_words(problem: str) -> str:
    """What the parser found, without the names of its tokens."""
    for token, words in _TOKENS:
        problem = problem.replace(token, words)
    return problem


def _composed(text: str) -> list[yaml.Node]:
    """The documents of a text; what the fast loader refuses, the other one refuses in better words."""
    if _is_shallow(text):
        try:
            return [root for root in yaml.compose_all(text, Loader=_LOADER) if root is not None]
        except yaml.YAMLError:
            if len(text) > LONGEST // 8:
                raise
    return [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if root is not None]


def _settings(fence: Block, leaves: Sequence[_Leaf], form: Form) -> Iterator[Setting]:
    texts = fence.content()
    # A setting that a block gives several times belongs to several services, named by the keys above it.
    given = Counter(from_path(path) for path in {leaf.path for leaf in leaves if not leaf.scope})
    for leaf in leaves:
        path = leaf.path
        name, value = (leaf.name, leaf.value) if leaf.name else named_value(path, leaf.value)
        is_shared = len(path) > 1 and name in CANONICAL and given[from_path(path)] >= _MIN_SCOPES
        scope = leaf.scope or (path[-2] if is_shared else "")
        mark = leaf.node.start_mark
        offset = mark.column if mark.line < len(texts) else 0
        spelling = path[-1] if leaf.form == "flag" else ".".join(path)
        group = path[0] if len(path) > 1 else ""
        yield Setting(name, value, spelling, leaf.form or form, fence.line + 1 + mark.line, offset, group, scope, path)


def _is_shallow(text: str) -> bool:
    """Whether the fast loader may read it: it recurses without a limit."""
    if text.count("[") + text.count("{") > _SHALLOW:
        return False
    deepest = max((len(line) - len(line.lstrip()) for line in text.split("\n")), default=0)
    longest = max((line.count("- ") + line.count("? ") + line.count(": ") for line in text.split("\n")), default=0)
    return deepest < _SHALLOW and longest < _SHALLOW


def _root(root: yaml.Node, count: int) -> Iterator[_Leaf]:
    """The leaves of one YAML document; of several manifests, each configures the workload that it names."""
    scope = ""
    if isinstance(root, yaml.MappingNode):
        top = {str(key.value): value for key, value in root.value}
        kind = top.get("kind")
        if count > 1 and kind is not None and kind.value in _WORKLOADS:
            metadata = top.get("metadata")
            scope = _identity(metadata, ("name",)) if isinstance(metadata, yaml.MappingNode) else ""
        elif "model_id" in top and count == 1:
            scope = _identity(root, ("model_id",))
    yield from _leaves(root, (), scope)


def _leaves(node: yaml.Node, path: tuple[str, ...], scope: str) -> Iterator[_Leaf]:
    if isinstance(node, yaml.MappingNode):
        inner = [str(key.value) for key, _ in node.value]
        is_collection = _is_collection(node, path)
        prefix = common_prefix(inner) if path and path[-1] in _ENVIRONMENT else ""
        for key, value in node.value:
            name = str(key.value)
            own = name if is_collection else scope
            if isinstance(value, yaml.MappingNode) and value.value:
                yield from _leaves(value, (*path, name), own)
            elif isinstance(value, yaml.SequenceNode) and not _is_plain(value):
                yield from _items(value, (*path, name), own)
            elif name in _ENVIRONMENT and _is_assignments(value):
                yield from _assigned(value, (*path, name), own)
            else:
                loaded = _value(value)
                variable = ("", loaded)
                if prefix and name.startswith(prefix) and name.isupper():
                    variable = variable_value(name, prefix, loaded)
                    variable = variable if variable[0] in CANONICAL else ("", loaded)
                yield _Leaf((*path, name), key, variable[1], own, name=variable[0])
                if name in _COMMAND:
                    yield from _flags(value, path, own)
    elif path:
        yield _Leaf(path, node, _value(node), scope)


def _is_collection(node: yaml.MappingNode, path: tuple[str, ...]) -> bool:
    """Whether the keys of a mapping name several services: what is below them has the same keys."""
    inner = [value for _, value in node.value]
    if len(inner) < _MIN_SCOPES or not all(isinstance(value, yaml.MappingNode) for value in inner):
        return False
    if path and path[-1] in _COLLECTIONS:
        return True
    keys = [{str(key.value) for key, _ in value.value} for value in inner]
    shared = set.intersection(*keys)
    return any(from_path((key,)) in CANONICAL for key in shared) or 2 * len(shared) > min(map(len, keys)) > 1


def _items(node: yaml.SequenceNode, path: tuple[str, ...], scope: str) -> Iterator[_Leaf]:
    """The members of a list: each under its name, where it has one, else under its number."""
    pairs = [pair for item in node.value if (pair := _pair(item)) is not None] if path[-1] in _ENVIRONMENT else []
    if pairs and len(pairs) == len(node.value):
        prefix = common_prefix([name for name, _ in pairs])
        for item, (name, text) in zip(node.value, pairs, strict=True):
            canonical, value = variable_value(name, prefix, literal(text))
            yield _Leaf((*path, name), item, value, scope, name=canonical)
        return
    names = [_identity(item, _IDENTITY) for item in node.value]
    is_named = len(set(names)) == len(names) and all(names)
    for index, (item, name) in enumerate(zip(node.value, names, strict=True)):
        own = name if is_named and len(names) >= _MIN_SCOPES and path[-1] not in ("ports", "volumes") else scope
        yield from _leaves(item, (*path, name if is_named else str(index)), own)


def _identity(node: yaml.Node, keys: Sequence[str]) -> str:
    if not isinstance(node, yaml.MappingNode):
        return ""
    values = {str(key.value): value for key, value in node.value}
    found = next((values[key] for key in keys if isinstance(values.get(key), yaml.ScalarNode)), None)
    return str(found.value)[:80] if found is not None else ""


def _pair(node: yaml.Node) -> tuple[str, str] | None:
    """Name and value of an entry of a container's `env` list, where the manifest states both."""
    if not isinstance(node, yaml.MappingNode):
        return None
    values = {str(key.value): value for key, value in node.value}
    name, value = values.get("name"), values.get("value")
    if not isinstance(name, yaml.ScalarNode) or not isinstance(value, yaml.ScalarNode):
        return None
    return str(name.value), str(value.value)


def _is_assignments(node: yaml.Node) -> bool:
    return (
        isinstance(node, yaml.SequenceNode)
        and bool(node.value)
        and all(isinstance(item, yaml.ScalarNode) and re.match(r"\w+=", str(item.value)) for item in node.value)
    )


def _assigned(node: yaml.Node, path: tuple[str, ...], scope: str) -> Iterator[_Leaf]:
    pairs = [(item, *str(item.value).split("=", 1)) for item in node.value]
    prefix = common_prefix([name for _, name, _ in pairs])
    for item, name, text in pairs:
        canonical, value = variable_value(name, prefix, literal(text))
        yield _Leaf((*path, name), item, value, scope, name=canonical)


def _flags(node: yaml.Node, path: tuple[str, ...], scope: str) -> Iterator[_Leaf]:
    """The flags of a container's command, each at its own line."""
    if isinstance(node, yaml.ScalarNode):
        for spelling, name, value in flags(split(str(node.value)[:100_000])):
            yield _Leaf((*path, spelling), node, value, scope, "flag", named_value(name, value)[0])
    elif isinstance(node, yaml.SequenceNode):
        words = [str(item.value) for item in node.value]
        places = {
            word.partition("=")[0]: item for word, item in zip(reversed(words), reversed(node.value), strict=True)
        }
        for spelling, name, value in flags(words):
            canonical, converted = named_value(name, value)
            yield _Leaf((*path, spelling), places.get(spelling, node), converted, scope, "flag", canonical)


def _is_plain(node: yaml.SequenceNode) -> bool:
    return all(isinstance(item, yaml.ScalarNode) for item in node.value)


def _value(node: yaml.Node) -> Any:
    """What `yaml.safe_load` makes of this piece; dates become text, so that every value is JSON."""
    loaded = yaml.constructor.SafeConstructor().construct_document(node)
    if isinstance(loaded, int) and loaded.bit_length() > _MOST_BITS:
        # Of `1:2:3`, which YAML reads in sixties, there is no decimal text that Python would write.
        return str(node.value)
    if isinstance(loaded, list):
        return [item if is_json(item) else str(item) for item in loaded]
    return loaded if is_json(loaded) else str(loaded)
