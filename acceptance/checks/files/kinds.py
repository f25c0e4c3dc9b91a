"""The kinds about files, reports and documentation."""

from __future__ import annotations

from signoff.acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="unit_file",
        summary="The systemd unit exists, systemd finds no error in it, and it has the document's limits.",
        failure="MemoryMax is 30G (32212254720 bytes), the document allows 1.5e+10 bytes",
        part="Unit file",
        of_estate=True,
    ),
    Kind(
        name="model_files",
        summary="Weight files exist, are not padded or sparse stand-ins, and match their checksums.",
        failure="missing or not as the checksum says: model.safetensors",
        part="Model files",
        of_estate=True,
    ),
    Kind(
        name="file",
        summary="The file that the document names exists, is not empty, and has the stated size.",
        failure="/opt/models/model.gguf is empty",
        part="Files, tests and documentation",
        units=("bytes",),
        of_estate=True,
    ),
    Kind(
        name="coverage",
        summary="The report of coverage.py shows the demanded share of covered statements, and is consistent.",
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
        failure="1 of 1 tests failed, report of 2026-01-31: test_one: 1 != 2",
        words=("Unit tests pass",),
        part="Files, tests and documentation",
        units=("tests",),
        of_estate=True,
    ),
    Kind(
        name="documentation",
        summary="Each operation of the API is described with a response, or each topic has a guide with text.",
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
