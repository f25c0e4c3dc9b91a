"""The failing cases of files, reports and documentation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.measuring.site import Site
from tests.acceptance.cases.case import NOWHERE, Case, Stage
from tests.acceptance.conftest import as_json, criterion

UNIT = "[Service]\nExecStart=/usr/bin/env true\nMemoryMax={}\n"
WEIGHTS = b"w" * 4096
JUNIT = '<testsuite tests="1"><testcase classname="tests.unit.test_a" name="test_one">{}</testcase></testsuite>'


def in_a_file(
    asked: Criterion, name: str, named: str, text: Callable[[Any], str | bytes], *others: Criterion
) -> Callable[[Stage, Any], tuple[Site, Criterion]]:
    """A folder with a file of the twin's text; the deployment names the folder, or the file, as the document does."""

    def built(stage: Stage, thing: Any) -> tuple[Site, Criterion]:
        path = stage.folder / "files" / name
        path.parent.mkdir()
        written = text(thing)
        path.write_bytes(written if isinstance(written, bytes) else written.encode())
        files = {named: path if named == name else path.parent}
        return stage.site(NOWHERE, *others, files=files), asked

    return built


def _weights(stage: Stage, content: bytes) -> tuple[Site, Criterion]:
    built = in_a_file(
        criterion("model_files", checksums="model.sha256"),
        "model.safetensors",
        "/opt/models/m",
        lambda content: content,
    )
    site, asked = built(stage, content)
    sums = f"{hashlib.sha256(WEIGHTS).hexdigest()}  model.safetensors\n"
    (stage.folder / "files" / "model.sha256").write_text(sums, encoding="utf-8")
    return site, asked


def _coverage(covered: int) -> str:
    summary = {"covered_lines": covered, "num_statements": 100}
    return json.dumps({"files": {"a.py": {"summary": summary}}, "totals": {**summary, "percent_covered": covered}})


def _described(stage: Stage, summary: str) -> tuple[Site, Criterion]:
    operation = {"summary": summary, "responses": {"200": {"description": "It is open"}}}
    body = {"openapi": "3.1.0", "paths": {"/sessions": {"post": operation}}}
    target = stage.serve(lambda method, path, *_: as_json(body if path == "/openapi.json" else {}))
    return stage.site(target), criterion("documentation", of="api", topics=[])


CASES: Mapping[str, Case[Any]] = {
    "unit_file": Case(
        in_a_file(
            criterion("unit_file"), "citadel-llm@.service", "/etc/systemd/system", UNIT.format, criterion("memory")
        ),
        sound="15G",
        broken="30G",
    ),
    "model_files": Case(_weights, sound=WEIGHTS, broken=b"v" * 4096),
    "file": Case(
        in_a_file(
            criterion("file", path="/opt/models/model.gguf"), "model.gguf", "/opt/models", lambda content: content
        ),
        sound=b"m" * 100,
        broken=b"",
    ),
    "coverage": Case(
        in_a_file(criterion("coverage"), "coverage.json", "coverage.json", _coverage), sound=96, broken=80
    ),
    "test_report": Case(
        in_a_file(criterion("test_report"), "junit.xml", "junit.xml", JUNIT.format),
        sound="",
        broken='<failure message="1 != 2">trace</failure>',
    ),
    "documentation": Case(_described, sound="Open a session", broken=""),
}
