"""Answers by JSON Schema: whatever is written meets the schema, and what cannot be met is said before it begins."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from signoff.reference_services.chat.engine.json_scalars import Unsupported
from signoff.reference_services.chat.engine.structured import write

NAMES = st.text("abcdef", min_size=1, max_size=3)
JSON = st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5)


def scalars() -> st.SearchStrategy[dict[str, Any]]:
    low = st.integers(-50, 50)
    return st.one_of(
        st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"type": "string"}, {}, {"type": ["null", "number"]}]),
        low.map(lambda at: {"type": "integer", "minimum": at, "maximum": at + 3}),
        low.map(lambda at: {"type": "number", "exclusiveMinimum": at, "exclusiveMaximum": at + 1}),
        st.integers(1, 9).map(lambda step: {"type": "integer", "multipleOf": step, "maximum": -1}),
        st.integers(0, 80).map(lambda size: {"type": "string", "minLength": size, "maxLength": size + 2}),
        st.lists(JSON, min_size=1, max_size=3).map(lambda values: {"enum": values}),
        JSON.map(lambda value: {"const": value}),
    )


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    objects = st.dictionaries(NAMES, inner, max_size=4).map(
        lambda each: {"type": "object", "properties": each, "required": list(each), "additionalProperties": False}
    )
    arrays = st.tuples(inner, st.integers(0, 4)).map(
        lambda pair: {"type": "array", "items": pair[0], "minItems": pair[1], "maxItems": pair[1] + 1}
    )
    either = st.lists(inner, min_size=1, max_size=3).map(lambda options: {"anyOf": options})
    return objects | arrays | either


SCHEMAS = st.recursive(scalars(), nested, max_leaves=12)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS, st.binary(min_size=32, max_size=32), st.none() | st.text(max_size=30))
def test_what_is_written_meets_its_schema_and_is_the_same_each_time(
    schema: dict[str, Any], key: bytes, recalled: str | None
) -> None:
    text = write(schema, key, recalled)
    Draft202012Validator(schema).validate(json.loads(text))
    assert write(schema, key, recalled) == text


TREE = {
    "$defs": {
        "node": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
            "required": ["name", "next"],
        }
    },
    "$ref": "#/$defs/node",
}


@pytest.mark.parametrize(
    "schema",
    [
        TREE,
        {"type": "array", "items": {"type": "string", "format": "uuid"}, "uniqueItems": True, "minItems": 5},
        {"allOf": [{"properties": {"a": {"type": "integer"}}}, {"required": ["a"]}], "type": "object"},
        {"oneOf": [{"type": "integer", "maximum": 3}, {"type": "integer", "minimum": 2}]},
        {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"pattern": {"type": "string"}}, "required": ["pattern"]},
        {"prefixItems": [{"type": "integer"}, {"const": "x"}], "items": False, "type": "array", "minItems": 2},
    ],
)
def test_schemas_that_hold_themselves_or_their_rules_together_are_met(schema: dict[str, Any]) -> None:
    Draft202012Validator(schema).validate(json.loads(write(schema, b"k" * 32, None)))


DEEP: dict[str, Any] = {}
for _ in range(3000):
    DEEP = {"items": DEEP, "type": "array", "minItems": 1}


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "string", "pattern": "^(a+)+$"}, "pattern is not supported"),
        ({"anyOf": [{"type": "string"}, {"pattern": "x"}]}, "pattern is not supported"),
        ({"$ref": "http://127.0.0.1:9/schema"}, "nothing is fetched"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/none"}}}, "leads nowhere"),
        ({"$ref": "#"}, "leads back to itself"),
        ({"type": "array", "minItems": 10**9}, "more than 5000 values"),
        ({"type": "string", "minLength": 10**9}, "more than 100000 characters"),
        ({"type": "integer", "minimum": 3, "maximum": 2}, "no number lies"),
        ({"type": "word"}, "no JSON Schema"),
        ({"properties": {"a": False}, "required": ["a"], "type": "object"}, "accepts nothing"),
        ({"not": {}}, "no value was found"),
        (DEEP, "deep|more than"),
    ],
)
def test_what_cannot_be_met_is_said_and_nothing_is_fetched_or_run(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        write(schema, b"k" * 32, None)
