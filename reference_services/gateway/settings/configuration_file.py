"""The YAML file of a gateway, read as a whole: every problem with its line, or a configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from signoff.reference_services.gateway.settings.configuration import (
    BreakerFigures,
    Configuration,
    Front,
    Leases,
    Probes,
    QueueFigures,
    ReplicaEntry,
    Security,
    ServiceEntry,
    Upstream,
)
from signoff.reference_services.web.settings.settings_problems import SettingsError
from signoff.reference_services.web.settings.yaml_file import compose

SHIPPED = Path(__file__).with_name("gateway.yaml")
_SECTIONS: tuple[type[BaseModel], ...] = (
    Configuration,
    Front,
    Security,
    ServiceEntry,
    ReplicaEntry,
    Leases,
    Probes,
    BreakerFigures,
    QueueFigures,
    Upstream,
)
_KNOWN = sorted({name for section in _SECTIONS for name in section.model_fields})


def read(path: Path) -> Configuration:
    """The configuration of a file. Raises SettingsError."""
    root = _sections(path)
    twice = list(_stated_twice(root, path))
    try:
        value = yaml.SafeLoader("").construct_document(root)
    except (yaml.YAMLError, ValueError) as error:
        raise SettingsError([f"{path}: not YAML: {error}"]) from None
    try:
        configuration = Configuration.model_validate(value)
    except ValidationError as error:
        raise SettingsError([*twice, *_described(error, root, path)]) from None
    if twice:
        raise SettingsError(twice)
    return configuration


def _sections(path: Path) -> yaml.Node:
    root = compose(path)
    if not isinstance(root, yaml.MappingNode):
        raise SettingsError([f"{path}:1: sections are expected: {', '.join(Configuration.model_fields)}"])
    return root


def _described(error: ValidationError, root: yaml.Node, path: Path) -> Iterable[str]:
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        # `[key]` is pydantic's mark for the name of an entry instead of its value.
        where = [part for part in problem["loc"] if part != "[key]"]
        node = _node(root, where)
        place = f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"
        name = ".".join(str(part) for part in where)
        if problem["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(where[-1]), _KNOWN, n=1)
            yield f"{place}: {name}: no such setting" + (f"; did you mean {near[0]}?" if near else "")
            continue
        message = problem["msg"].removeprefix("Value error, ")
        yield f"{place}: {name}: {message}" if name else f"{place}: {message}"


def _node(root: yaml.Node, where: Sequence[object]) -> yaml.Node:
    """The node at a place, or the nearest one around it: a missing value has no place."""
    found = root
    for part in where:
        following: yaml.Node | None = None
        if isinstance(found, yaml.MappingNode):
            following = next((value for key, value in found.value if key.value == str(part)), None)
        elif isinstance(found, yaml.SequenceNode) and isinstance(part, int) and part < len(found.value):
            following = found.value[part]
        if following is None:
            break
        found = following
    return found


def _stated_twice(node: yaml.Node, path: Path) -> Iterable[str]:
    """YAML's loader would silently use the last of two entries with the same name."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield f"{path}:{key.start_mark.line + 1}:{key.start_mark.column + 1}: {key.value} is stated twice"
            if isinstance(key, yaml.ScalarNode):
                seen.add(key.value)
            yield from _stated_twice(value, path)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _stated_twice(each, path)
