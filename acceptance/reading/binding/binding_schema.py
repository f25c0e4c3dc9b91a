"""The JSON Schema of binding files, with the kinds that there are."""

from __future__ import annotations

from typing import Any

from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.binding.binding_entry import BindingFile
from signoff.reports.model_schema import json_schema


def binding_schema(kinds: Kinds) -> dict[str, Any]:
    """The schema with these kinds, and those of them that need a limit."""
    schema = json_schema(BindingFile, "binding", "Signoff binding file", nulls=False)
    with_limit = sorted(name for name, kind in kinds.items() if kind.needs_limit)
    for name in ("type", "correction"):
        entry = schema["$defs"][name]
        entry["properties"]["kind"]["enum"] = list(kinds)
        entry["if"] = {"properties": {"kind": {"enum": with_limit}}, "required": ["kind"]}
        entry["then"] = {"required": ["threshold"]}
    return schema
