from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from signoff.acceptance.errors import SignoffError
from signoff.acceptance.records.evidence_schema import evidence_schema
from signoff.acceptance.records.records import RECORDS, decoded
from signoff.perf.client.exchange import Exchange

ROOT = Path(__file__).parents[3]
SCHEMA = jsonschema.Draft202012Validator(evidence_schema())
EXCHANGE = Exchange(0, 5, 6, 0, 7, 8, 9, (8, 9), 10, 200, "ok", 5, 7, "", "kernel", 0)
SETUP = {"record": "setup", "profile": "quick", "alpha": 0.05}
ANSWER = {
    "record": "answer", "method": "GET", "url": "http://h:1/health", "assumption": "", "body": None, "status": 200,
    "error": "", "headers": {"server": "x"}, "text": "{}", "json": {}, "content_type": "application/json",
}  # fmt: skip
STREAM = {**ANSWER, "record": "burst", "ended_ms": 3, "events": [[0.5, "{}"]], "rest": "", "left": False}
LOOK = {"record": "before", "health": {"status": 200}, "completion": {"status": 200}}
SOUND = [
    SETUP, ANSWER, STREAM, LOOK, {**ANSWER, "record": "after"}, {**ANSWER, "status": None, "error": "refused"},
    {**EXCHANGE.as_record(), "attempt": 1},
    {"record": "answer", "service": "chat", "model": None},
    {"record": "note", "assumption": "measured by another tool"},
    {"record": "file", "asked": "a", "path": "/a", "files": None, "bytes": 0, "is_folder": False, "changed": ""},
    {"record": "file", "name": "model.bin", "bytes": 7, "weight": True},
    {"record": "a kind of a check of its own", "what": [1, 2]},
]  # fmt: skip


def wrong(record: dict[str, Any]) -> str:
    with pytest.raises(SignoffError) as raised:
        decoded(json.dumps(record))
    return str(raised.value)


def written_kinds() -> Iterator[str]:
    for path in sorted((ROOT / "acceptance").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "write"):
                continue
            owner, arguments = node.func.value, [each.value for each in node.args if isinstance(each, ast.Constant)]
            if isinstance(owner, ast.Name) and owner.id == "recorder" and arguments:
                yield str(arguments[0])


def test_each_kind_that_a_check_writes_has_a_model() -> None:
    kinds = set(written_kinds())
    assert len(kinds) > 50
    assert kinds - {"run"} <= set(RECORDS)  # those of a load run name their kind themselves


@pytest.mark.parametrize("record", SOUND, ids=lambda record: record["record"])
def test_a_sound_record_is_decoded_as_it_was_written_and_keeps_to_the_schema(record: dict[str, Any]) -> None:
    more = {**record, "a key of a later version": {"x": [None]}}
    assert decoded(json.dumps(more)) == json.loads(json.dumps(more))
    SCHEMA.validate(json.loads(json.dumps(more)))


@pytest.mark.parametrize(
    "record",
    [
        {**SETUP, "alpha": "small"},
        {"record": "setup", "profile": "quick"},
        {**ANSWER, "status": "200"},
        {**STREAM, "events": ["{}"]},
        {"record": "message", "ms": None, "text": ""},
        {**EXCHANGE.as_record(), "status": "ok"},
        {**SETUP, "redacted": "two"},
    ],
    ids=lambda record: record["record"],
)
def test_reader_and_schema_refuse_the_same_records(record: dict[str, Any]) -> None:
    assert f" {record['record']}" in wrong(record)
    assert not SCHEMA.is_valid(json.loads(json.dumps(record)))


def test_all_that_is_wrong_with_a_record_is_said_at_once() -> None:
    left = {key: value for key, value in ANSWER.items() if key not in ("url", "text")}
    text = wrong({**left, "status": "ok", "error": 7})
    for part in (
        "answer has no 'url', 'text'",
        "answer.status must be",
        "not 'ok'",
        "answer.error must be a text, not 7",
    ):
        assert part in text


def test_text_that_no_encoding_has_is_kept() -> None:
    record = {**ANSWER, "text": "\ud800", "json": {"\ud800": [10**400]}, "headers": {"x": "\ud800"}}
    assert decoded(json.dumps(record)) == record
