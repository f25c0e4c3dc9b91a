"""The published JSON Schema of binding files, brought up to the kinds that there are."""

from __future__ import annotations

import json

from acceptance.kind import Kinds
from acceptance.reading.conflicts import KINDS as CONFLICTS


def with_kinds(schema: str, kinds: Kinds) -> str:
    """The schema's text with these kinds, those of them that need a limit, and the kinds of conflicts."""
    found = json.loads(schema)
    entry = found["$defs"]["type"]
    entry["properties"]["kind"]["enum"] = list(kinds)
    entry["if"]["properties"]["kind"]["enum"] = sorted(name for name, kind in kinds.items() if kind.needs_limit)
    found["$defs"]["resolve"]["properties"]["kind"]["enum"] = list(CONFLICTS)
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
