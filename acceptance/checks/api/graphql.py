"""The GraphQL endpoint shows its schema, answers a valid query, and refuses one that is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.acceptance.checks.api.kinds import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import role
from signoff.acceptance.measuring.check import Check
from signoff.acceptance.measuring.refusal import status_of
from signoff.acceptance.measuring.site import Recorder, Site
from signoff.acceptance.verdict import Verdict

ROLE, PATH = "graphql", "/graphql"
NO_FIELD = "signoffNoSuchField"
SCHEMA = (
    "{ __schema { queryType { name fields { name args { type { kind } } type { kind name ofType { kind name } } } } } }"
)
LEAVES = {"SCALAR", "ENUM"}
REFUSALS = (200, 400, 422)


def measure(criterion: Criterion, site: Site) -> Evidence:
    """Query the schema, then a field of it without arguments, then a field that does not exist."""

    def take(recorder: Recorder) -> None:
        schema = _query(site, SCHEMA)
        recorder.write("schema", schema)
        field = next((name for name in _plain_fields(_query_type(schema))), "__typename")
        recorder.write("valid", {**_query(site, f"{{ {field} }}"), "field": field})
        recorder.write("invalid", _query(site, f"{{ {NO_FIELD} }}"))

    return site.measured("graphql", take)


def judge(criterion: Criterion, evidence: Evidence) -> Verdict:
    """Pass if the schema has a query type, the valid query gives only data, the invalid one only errors."""
    schema, valid, invalid = (next(evidence.of(kind)) for kind in ("schema", "valid", "invalid"))
    kind = _query_type(schema)
    if schema["status"] != 200 or not kind:
        return Verdict("fail", f"{schema['url']} gives {status_of(schema)} and no schema{_said(schema)}")
    data, errors = _parts(valid)
    if valid["status"] != 200 or errors or data.get(valid["field"]) is None:
        return Verdict(
            "fail", f"the valid query {{ {valid['field']} }} gives {status_of(valid)} and no data{_said(valid)}"
        )
    data, errors = _parts(invalid)
    if invalid["status"] not in REFUSALS:
        return Verdict("fail", f"a query for a field that does not exist gives {status_of(invalid)}, no GraphQL error")
    if not errors or any(value is not None for value in data.values()):
        return Verdict(
            "fail", f"a query for a field that does not exist gives {len(data)} fields and {len(errors)} errors"
        )
    return Verdict(
        "pass",
        f"schema with {len(kind.get('fields') or ())} queries under {kind['name']}, "
        f"{{ {valid['field']} }} gives data, an unknown field an error",
    )


def _query(site: Site, query: str) -> Record:
    return role.ask(site, ROLE, "", default=PATH, method="POST", body={"query": query})


def _query_type(record: Record) -> Mapping[str, Any]:
    schema = _parts(record)[0].get("__schema")
    kind = schema.get("queryType") if isinstance(schema, Mapping) else None
    return kind if isinstance(kind, Mapping) and isinstance(kind.get("name"), str) else {}


def _plain_fields(kind: Mapping[str, Any]) -> list[str]:
    """Queries that need no argument and give no object."""
    fields = [field for field in kind.get("fields") or () if isinstance(field, Mapping)]
    return [
        str(field["name"])
        for field in fields
        if field.get("name")
        and _leaf(field.get("type"))
        and not any(_is_needed(arg) for arg in field.get("args") or ())
    ]


def _leaf(kind: Any) -> bool:
    if not isinstance(kind, Mapping):
        return False
    inner = kind.get("ofType") if kind.get("kind") == "NON_NULL" else kind
    return isinstance(inner, Mapping) and inner.get("kind") in LEAVES


def _is_needed(argument: Any) -> bool:
    kind = argument.get("type") if isinstance(argument, Mapping) else None
    return isinstance(kind, Mapping) and kind.get("kind") == "NON_NULL"


def _parts(record: Record) -> tuple[Mapping[str, Any], list[Any]]:
    """Data and errors of an answer, empty if it has none."""
    body = record.get("json")
    if not isinstance(body, Mapping):
        return {}, []
    data, errors = body.get("data"), body.get("errors")
    return data if isinstance(data, Mapping) else {}, errors if isinstance(errors, list) else []


def _said(record: Record) -> str:
    errors = _parts(record)[1]
    first = errors[0] if errors else None
    message = first.get("message") if isinstance(first, Mapping) else None
    return f": {str(message)[:200]}" if message else ""


CHECK = Check(KINDS["graphql"], measure, judge)
