"""Answers in JSON: a value that meets a JSON Schema, or a reason why none can be written.

Nothing leaves here that the schema does not accept: what was written is checked with `jsonschema`. No schema is
fetched from anywhere, and regular expressions of a request are refused, not run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from signoff.reference_services.chat.engine.json_scalars import TooMuch, Unsupported
from signoff.reference_services.chat.engine.json_values import Values

ANY_OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
    "additionalProperties": False,
}
"""The object that is generated if any object is valid."""
MOST_NODES, MOST_STEPS = 1_000, 10_000
_REFUSED = frozenset({"pattern", "patternProperties", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor"})
_DATA = frozenset({"const", "enum", "default", "examples"})
_NAMED = frozenset({"properties", "$defs", "definitions", "dependentSchemas"})


def write(schema: Mapping[str, Any], key: bytes, recalled: str | None) -> str:
    """A JSON text that the schema accepts; its texts are `recalled`, or prose by the key. Raises Unsupported."""
    try:
        if nodes(schema) > MOST_NODES:
            raise Unsupported(f"the schema holds more than {MOST_NODES} values")
        Draft202012Validator.check_schema(schema)
        for keyword in _keywords(schema):
            if keyword in _REFUSED:
                raise Unsupported(f"the keyword {keyword} is not supported")
        validator = counting_validator(MOST_STEPS)(schema, registry=Registry())
        value = Values(validator, key, recalled).value(dict(schema), 0)
        problem = next(validator.iter_errors(value), None)
        if problem is not None:
            where = "/".join(map(str, problem.absolute_path)) or "the value"
            raise Unsupported(f"no value was found for {where}: the rule {problem.validator} is not met")
    except SchemaError as error:
        place = "/".join(map(str, error.absolute_path)) or "its root"
        raise Unsupported(f"this is no JSON Schema (at {place}): {error.message[:200]}") from None
    except Unresolvable as error:
        raise Unsupported(f"{error.ref!r} leads nowhere within the schema; nothing is fetched") from None
    except RecursionError:
        raise Unsupported("the schema is nested too deeply") from None
    return json.dumps(value, ensure_ascii=False)


def nodes(value: Any) -> int:
    """How many values a JSON value holds, itself included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(nodes, inner))


def counting_validator(most_steps: int) -> Any:
    """The validator of JSON Schema, with a step limit: one step is one keyword applied to one value.

    A schema of two hundred bytes may ask for thousands of values, and for hundreds of rules on each. The whole service
    would wait.
    """
    steps = 0

    def counted(rule: Callable[..., Any]) -> Callable[..., Any]:
        def step(validator: Any, value: Any, instance: Any, schema: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps > most_steps:
                raise TooMuch(f"it takes more than {most_steps} steps to check")
            return rule(validator, value, instance, schema)

        return step

    rules = {name: counted(rule) for name, rule in Draft202012Validator.VALIDATORS.items()}
    return extend(Draft202012Validator, validators=rules)  # type: ignore[no-untyped-call]


def _keywords(schema: Any) -> Iterator[str]:
    """Every keyword at a place where a schema stands; names of properties and values are none."""
    if isinstance(schema, list):
        for each in schema:
            yield from _keywords(each)
    elif isinstance(schema, dict):
        for keyword, value in schema.items():
            yield keyword
            if keyword in _NAMED and isinstance(value, dict):
                yield from _keywords(list(value.values()))
            elif keyword not in _DATA:
                yield from _keywords(value)
