"""The kinds about files, reports and documentation."""

from __future__ import annotations

from acceptance.kind import Kind, by_name

KINDS = by_name(
    Kind(
        name="unit_file",
        summary="The systemd unit is there, systemd finds no fault in it, and it carries the document's limits.",
        failure="TODO",
        part="Unit file",
        of_estate=True,
    ),
    Kind(
        name="model_files",
        summary="Weight files exist, are not padded or sparse stand-ins, and match their checksums.",
        failure="TODO",
        words=("Model weights are present in /opt/models/hermes-2",),
        part="Model files",
        of_estate=True,
    ),
    Kind(
        name="file",
        summary="The file that the document names is there, is not empty, and has the stated size.",
        failure="TODO",
        part="Files, tests and documentation",
        units=("bytes",),
        of_estate=True,
    ),
    Kind(
        name="coverage",
        summary="The report of coverage.py shows the demanded share of covered statements, and adds up.",
        failure="TODO",
        words=("Coverage above 85 %",),
        figure="Code coverage",
        units=("%",),
        needs_limit=True,
        of_estate=True,
    ),
    Kind(
        name="test_report",
        summary="The suite's JUnit XML shows tests that ran, none of them failed or broken.",
        failure="TODO",
        words=("Unit tests pass",),
        part="Files, tests and documentation",
        units=("tests",),
        of_estate=True,
    ),
    Kind(
        name="documentation",
        summary="Each operation of the API is described with a response, or each topic has a guide that holds text.",
        failure="TODO",
        words=("Documentation of the API endpoint, with examples",),
        part="Files, tests and documentation",
        units=(
            "operations",
            "files",
        ),
        of_estate=True,
    ),
)
