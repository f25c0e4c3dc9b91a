"""The JSON Schema of a line of evidence."""

from __future__ import annotations

from typing import Any

from signoff.acceptance.records.envelope import Envelope
from signoff.acceptance.records.records import RECORDS
from signoff.reports.model_schema import DIALECT, definitions


def evidence_schema() -> dict[str, Any]:
    """What each record has, and for each kind of record what else it has."""
    kinds: dict[tuple[Any, ...], list[str]] = {}
    for kind, models in RECORDS.items():
        kinds.setdefault(models, []).append(kind)
    used = list(dict.fromkeys(model for models in kinds for model in models))
    (envelope, *references), shown = definitions((Envelope, *used), nulls=True, closed=False)
    place = dict(zip(used, references, strict=True))
    return {
        "$schema": DIALECT,
        "$id": "evidence.schema.json",
        "title": "Signoff evidence: a line of evidence/*.jsonl",
        **envelope,
        "allOf": [
            {
                "if": {"properties": {"record": {"enum": sorted(named)}}},
                "then": place[models[0]] if len(models) == 1 else {"anyOf": [place[each] for each in models]},
            }
            for models, named in kinds.items()
        ],
        "$defs": shown,
    }
