"""`signoff schema`: the JSON Schema of a file that Signoff reads or writes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

from signoff.acceptance.checks import KINDS
from signoff.acceptance.deployment.deployment_file import DeploymentFile
from signoff.acceptance.reading.accepting.accepted_reading import AcceptedReading
from signoff.acceptance.reading.binding.binding_schema import binding_schema
from signoff.acceptance.records.evidence_schema import evidence_schema
from signoff.reports.model_schema import json_schema
from signoff.reports.stored.stored_run import SCHEMA, StoredRun
from signoff.reports.terminal import show

NAME = "schema"
HELP = "print the JSON Schema of a binding, a lock, a deployment file, results.json or a line of evidence"
EXAMPLE = "signoff schema deployment"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.add_argument("name", choices=SCHEMAS, metavar="NAME", help=", ".join(SCHEMAS))


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    show(schema_text(arguments.name), end="")
    return 0


def schema_text(name: str) -> str:
    """The schema of this name, as it is published."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def _binding() -> dict[str, Any]:
    return binding_schema(KINDS)


def _lock() -> dict[str, Any]:
    return json_schema(AcceptedReading, "lock", "Signoff accepted reading", nulls=False)


def _deployment() -> dict[str, Any]:
    return json_schema(DeploymentFile, "deployment", "Signoff deployment file", nulls=False)


def _results() -> dict[str, Any]:
    schema = json_schema(StoredRun, "results", "Signoff results.json", nulls=True)
    return {
        **schema,
        "properties": {"schema": {"const": SCHEMA}, **schema["properties"]},
        "required": ["schema", *schema["required"]],
    }


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "binding": _binding,
    "lock": _lock,
    "deployment": _deployment,
    "results": _results,
    "evidence": evidence_schema,
}
