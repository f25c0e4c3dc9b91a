"""The kinds about files, reports and documentation."""

from __future__ import annotations

from signoff.acceptance.asked import Asked, listed, shown
from signoff.acceptance.kind import Kind, by_name
from signoff.reports.stored.threshold import Threshold


def _model_files(asked: Asked) -> str:
    checksums = asked.parameters.get("checksums")
    stated = f", and each has the SHA-256 that {shown(checksums)} states" if checksums else ""
    return f"{asked.shown('folder')} holds weight files, none of them is empty, zeros or sparse{stated}"


def _file(asked: Asked) -> str:
    low, high = asked.parameters.get("low"), asked.parameters.get("high")
    if low is not None and high is not None:
        size = f", and holds from {low:,.0f} to {high:,.0f} bytes"
    elif asked.threshold is not None:
        rounded = ", rounded as it is written" if asked.threshold.comparator == "==" else ""
        size = f", and holds {asked.limit}{rounded}"
    else:
        size = ""
    return f"{asked.shown('path')} exists, is not empty{size}"


def _test_report(asked: Asked) -> str:
    suite = asked.parameters.get("suite")
    tests = f"tests of the suite {shown(suite)}" if suite else "tests"
    return f"the JUnit XML that the deployment names shows {tests} that ran, and none that failed or broke"


def _documentation(asked: Asked) -> str:
    topics = asked.words("topics")
    if asked.parameters.get("of") == "api":
        about = f", and some are about {listed(topics)}" if topics else ""
        return f"GET /openapi.json describes each operation in words and with a response{about}"
    about = f" about {listed(topics)}, one for each," if topics else ""
    return (
        f"the deployment's folder of guides has headings{about} with at least 25 words below; what they say is not read"
    )


KINDS = by_name(
    Kind(
        name="unit_file",
        summary="The systemd unit exists, systemd finds no error in it, and it has the document's limits.",
        asks=(
            "the systemd unit {unit} has an ExecStart, systemd-analyze finds no fault in it, and its MemoryMax and "
            "CPUQuota are the document's limits on memory and CPU"
        ),
        sample=Asked(parameters={"unit": "llm@hermes-2.service"}),
        failure="MemoryMax is 30G (32212254720 bytes), the document allows 1.5e+10 bytes",
        part="Unit file",
        of_estate=True,
    ),
    Kind(
        name="model_files",
        summary="Weight files exist, are not padded or sparse stand-ins, and match their checksums.",
        asks=_model_files,
        sample=Asked(parameters={"folder": "/opt/models/hermes-2", "checksums": "model.sha256"}),
        failure="missing or not as the checksum says: model.safetensors",
        part="Model files",
        of_estate=True,
    ),
    Kind(
        name="file",
        summary="The file that the document names exists, is not empty, and has the stated size.",
        asks=_file,
        sample=Asked(Threshold(4.1, "GB", "=="), {"path": "/opt/models/model.gguf"}),
        failure="/opt/models/model.gguf is empty",
        part="Files, tests and documentation",
        units=("bytes",),
        of_estate=True,
    ),
    Kind(
        name="coverage",
        summary="The report of coverage.py shows the demanded share of covered statements, and is consistent.",
        asks=(
            "share of statements and branches that coverage.py's JSON report counts as covered, {limit}, and the "
            "report adds up"
        ),
        sample=Asked(Threshold(85, "%", ">")),
        failure="80.00 % of 100 statements, report of 2026-01-31; > 90 % is asked for",
        words=("Coverage above 85 %",),
        figure="Code coverage",
        units=("%",),
        needs_limit=True,
        of_estate=True,
    ),
    Kind(
        name="test_report",
        summary="The suite's JUnit XML shows tests that ran, none of them failed or broken.",
        asks=_test_report,
        sample=Asked(parameters={"suite": "integration"}),
        failure="1 of 1 tests failed, report of 2026-01-31: test_one: 1 != 2",
        words=("Unit tests pass",),
        part="Files, tests and documentation",
        units=("tests",),
        of_estate=True,
    ),
    Kind(
        name="documentation",
        summary="Each operation of the API is described with a response, or each topic has a guide with text.",
        asks=_documentation,
        sample=Asked(parameters={"of": "guides", "topics": ["deployment", "troubleshooting"]}),
        failure="http://127.0.0.1:11401/openapi.json says nothing about POST /sessions: no summary and no description",
        words=("Documentation of the API endpoint, with examples",),
        part="Files, tests and documentation",
        units=(
            "operations",
            "files",
        ),
        of_estate=True,
    ),
)
