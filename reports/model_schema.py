"""The JSON Schema of a model: msgspec's, with the model's additions.

A model sets its name by `schema_name`, and adds rules beyond types by `json_schema`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, get_args

import msgspec

from signoff.reports.model import hints, keys

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACE = "#/$defs/"


def json_schema(model: Any, name: str, title: str, *, nulls: bool) -> dict[str, Any]:
    """The schema of a file that holds this model; TOML, where `nulls` is false, has no null."""
    (reference,), shown = definitions((model,), nulls=nulls)
    top = shown.pop(reference["$ref"].removeprefix(_PLACE))
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", "title": title, **top, "$defs": shown}


def definitions(
    models: Sequence[Any], *, nulls: bool, closed: bool = True
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A reference to each model, and what is referred to, by name.

    Where they are not `closed`, all models take keys that they do not know.
    """
    references, components = msgspec.json.schema_components(models, ref_template=_PLACE + "{name}")
    known = {each.__name__: each for each in _models(models)}
    names = {key: getattr(known.get(key), "schema_name", key[:1].lower() + key[1:]) for key in components}
    written = {key: _component(known.get(key), part, closed) for key, part in components.items()}
    shown = _plain(written, names, nulls)
    return _plain(references, names, nulls), {names[key]: part for key, part in sorted(shown.items())}


def _models(kind: Any) -> set[Any]:
    """The dataclasses that a type or several hold, themselves included."""
    if isinstance(kind, tuple):
        return set().union(*(_models(each) for each in kind))
    if isinstance(kind, type) and is_dataclass(kind):
        return {kind}.union(*(_models(each) for each in hints(kind).values()))
    return set().union(*(_models(each) for each in get_args(kind)))


def _component(model: Any, part: dict[str, Any], closed: bool) -> dict[str, Any]:
    part = {key: value for key, value in part.items() if key != "title" and not (key == "required" and not value)}
    if "description" in part:
        part["description"] = " ".join(part["description"].split())
    if model is None:
        return part
    names = {item.name: key for key, item in keys(model).items()}
    properties = {names[name]: value for name, value in part["properties"].items() if name in names}
    keeps_unknown = any(item.name == "extra" for item in fields(model))
    return {
        **part,
        "properties": properties,
        **({} if keeps_unknown or not closed else {"additionalProperties": False}),
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
