"""Values for JSON Schemas, one for each keyword, or a reason why none can be made."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from signoff.reference_services.chat.engine import prose
from signoff.reference_services.chat.engine.json_scalars import FORMATS, TooMuch, Unsupported, formatted, number

MOST_VALUES = 5_000
MOST_CHARACTERS = 100_000
SPARING_DEPTH = 6
"""From here on nothing optional is written, so that a schema that holds itself comes to an end."""
MOST_DEPTH = 40
_SCALARS = ("null", "boolean", "integer", "number", "string")


class Values:
    """Writes values. Whatever is drawn is fixed by the key; all attempts together are bounded."""

    def __init__(self, validator: Draft202012Validator, key: bytes, recalled: str | None) -> None:
        self._validator = validator
        self._numbers = prose.draws(key)
        self._sentences = prose.prose(key)
        self._recalled = recalled
        self._made = self._characters = 0

    def value(self, schema: Any, depth: int) -> Any:
        """One value. Raises Unsupported."""
        self._made += 1
        if self._made > MOST_VALUES:
            raise TooMuch(f"it asks for more than {MOST_VALUES} values")
        if depth > MOST_DEPTH:
            raise Unsupported(f"it asks for more than {MOST_DEPTH} values within another")
        if schema is False:
            raise Unsupported("a part of it accepts nothing")
        plain = self._plain({} if schema is True else schema)
        for keyword in ("anyOf", "oneOf"):
            if keyword in plain:
                rest = {name: value for name, value in plain.items() if name != keyword}
                return self._first([_merged(rest, option) for option in plain[keyword]], plain, depth)
        if "const" in plain:
            return plain["const"]
        if "enum" in plain:
            return self._first([{"const": each} for each in self._turned(plain["enum"])], plain, depth)
        return self._typed(plain, depth)

    def _plain(self, schema: Mapping[str, Any], hops: int = 0) -> dict[str, Any]:
        """The schema with its references and `allOf` put in."""
        if hops > MOST_DEPTH:
            raise Unsupported("a reference leads back to itself")
        plain = {name: value for name, value in schema.items() if name not in {"$ref", "allOf"}}
        parts = list(schema.get("allOf", []))
        if "$ref" in schema:
            parts.append(self._referred(schema["$ref"]))
        for part in parts:
            plain = _merged(plain, self._plain(part, hops + 1) if isinstance(part, dict) else part)
        return self._plain(plain, hops + 1) if "$ref" in plain or "allOf" in plain else plain

    def _referred(self, reference: str) -> Any:
        """What a reference within the schema leads to."""
        place: Any = self._validator.schema
        if not reference.startswith("#"):
            raise Unsupported(f"{reference!r} leads nowhere within the schema; nothing is fetched")
        for part in filter(None, unquote(reference[1:]).split("/")):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(place, list) and name.isdigit() and int(name) < len(place):
                place = place[int(name)]
            elif isinstance(place, dict) and name in place:
                place = place[name]
            else:
                raise Unsupported(f"{reference!r} leads nowhere within the schema")
        return place

    def _first(self, options: Sequence[Any], whole: Mapping[str, Any], depth: int) -> Any:
        """The value of the first option that can be written and that the whole accepts."""
        if depth >= SPARING_DEPTH:
            options = sorted(options, key=lambda each: not (isinstance(each, dict) and each.get("type") in _SCALARS))
        reason = "it has no options"
        for option in options:
            try:
                value = self.value(option, depth + 1)
            except TooMuch:
                raise
            except Unsupported as error:
                reason = str(error)
                continue
            if self._validator.evolve(schema=whole).is_valid(value):
                return value
            reason = "none of its options can be written"
        raise Unsupported(reason)

    def _typed(self, schema: Mapping[str, Any], depth: int) -> Any:
        kinds = schema.get("type")
        if isinstance(kinds, list):
            kinds = next((kind for kind in kinds if kind != "null"), "null")
        kind = kinds or ("object" if "properties" in schema else "array" if "items" in schema else "string")
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind == "string":
            return self._text(schema)
        if kind in {"integer", "number"}:
            return number(schema, next(self._numbers), is_whole=kind == "integer")
        return next(self._numbers) % 2 == 0 if kind == "boolean" else None

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties: dict[str, Any] = schema.get("properties", {})
        required: list[str] = schema.get("required", [])
        names = [name for name in properties if depth < SPARING_DEPTH or name in required]
        names += [name for name in required if name not in properties]
        more = schema.get("additionalProperties", True)
        names += [f"more_{number}" for number in range(self._few(schema.get("minProperties", 0)) - len(names))]
        return {name: self.value(properties.get(name, more), depth + 1) for name in names}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least, most = self._few(schema.get("minItems", 0)), schema.get("maxItems", MOST_VALUES)
        first: list[Any] = schema.get("prefixItems", [])
        wanted = min(most, max(least, len(first), 0 if depth >= SPARING_DEPTH else 2))
        items: list[Any] = []
        for _ in range(4 * wanted):
            if len(items) == wanted:
                break
            place = len(items)
            value = self.value(first[place] if place < len(first) else schema.get("items", True), depth + 1)
            if not (schema.get("uniqueItems") and value in items):
                items.append(value)
        return items

    def _text(self, schema: Mapping[str, Any]) -> str:
        if schema.get("format") in FORMATS:
            return formatted(str(schema["format"]), self._numbers)
        least, most = schema.get("minLength", 0), schema.get("maxLength", MOST_CHARACTERS)
        text = self._recalled or next(self._sentences)
        while len(text) < min(least, MOST_CHARACTERS):
            text += " " + next(self._sentences)
        text = text[: int(most)]
        self._characters += len(text)
        if least > MOST_CHARACTERS or self._characters > MOST_CHARACTERS:
            raise TooMuch(f"it asks for texts of more than {MOST_CHARACTERS} characters")
        return text

    def _few(self, number: float) -> int:
        if number > MOST_VALUES:
            raise Unsupported(f"it asks for more than {MOST_VALUES} values")
        return math.ceil(number)

    def _turned(self, values: Sequence[Any]) -> list[Any]:
        start = next(self._numbers) % len(values)
        return [*values[start:], *values[:start]]


def _merged(one: Mapping[str, Any], other: Any) -> dict[str, Any]:
    """Both schemas as one, as far as that can be said keyword by keyword."""
    if other is False:
        raise Unsupported("a part of it accepts nothing")
    merged = dict(one)
    for name, value in ({} if other is True else other).items():
        if name == "properties":
            merged[name] = {**merged.get(name, {}), **value}
        elif name == "required":
            merged[name] = list(dict.fromkeys([*merged.get(name, []), *value]))
        elif name in {"minimum", "exclusiveMinimum", "minLength", "minItems"} and name in merged:
            merged[name] = max(merged[name], value)
        elif name in {"maximum", "exclusiveMaximum", "maxLength", "maxItems"} and name in merged:
            merged[name] = min(merged[name], value)
        else:
            merged[name] = value
    return merged
