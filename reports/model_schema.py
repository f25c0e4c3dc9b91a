"""The JSON Schema of a model: msgspec's, with the model's additions.

A model sets its name by `schema_name`, and adds rules beyond types by `json_schema`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import msgspec

from signoff.reports.model import hints

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACE = "#/$defs/"


def json_schema(model: Any, name: str, title: str, *, nulls: bool) -> dict[str, Any]:
    """The schema of a file that holds this model; TOML, where `nulls` is false, has no null."""
    (reference,), components = msgspec.json.schema_components((model,), ref_template=_PLACE + "{name}")
    models = {each.__name__: each for each in _models(model)}
    names = {key: getattr(models.get(key), "schema_name", key[:1].lower() + key[1:]) for key in components}
    written = {key: _component(models.get(key), part) for key, part in components.items()}
    shown = _plain(written, names, nulls)
    top = shown.pop(reference["$ref"].removeprefix(_PLACE))
    return {
        "$schema": DIALECT,
        "$id": f"{name}.schema.json",
        "title": title,
        **top,
        "$defs": {names[key]: part for key, part in sorted(shown.items())},
    }


def _models(kind: Any) -> set[Any]:
    """The dataclasses in a type, itself included."""
    if isinstance(kind, type) and is_dataclass(kind):
        return {kind}.union(*(_models(each) for each in hints(kind).values()))
    return set().union(*(_models(each) for each in get_args(kind)))


def _component(model: Any, part: dict[str, Any]) -> dict[str, Any]:
    part = {key: value for key, value in part.items() if key != "title" and not (key == "required" and not value)}
    if model is None:
        return part
    properties = {key: value for key, value in part["properties"].items() if key != "extra"}
    keeps_unknown = any(item.name == "extra" for item in fields(model))
    return {
        **part,
        "description": " ".join(part["description"].split()),
        "properties": properties,
        **({} if keeps_unknown else {"additionalProperties": False}),
        **getattr(model, "json_schema", {}),
    }


def _plain(value: Any, names: Mapping[str, str], nulls: bool) -> Any:
    """References by the names of the schema; without nulls, what may be left out is not null either."""
    if isinstance(value, list | tuple):
        return [_plain(item, names, nulls) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _plain(item, names, nulls) for key, item in value.items()}
    if isinstance(found.get("$ref"), str):
        found["$ref"] = _PLACE + names[found["$ref"].removeprefix(_PLACE)]
    if nulls:
        return found
    if found.get("default", 0) in (None, "", [], {}):
        del found["default"]
    if "anyOf" not in found:
        return found
    arms = [arm for arm in found.pop("anyOf") if arm != {"type": "null"}]
    return {**found, "anyOf": arms} if len(arms) > 1 else {**arms[0], **found}
