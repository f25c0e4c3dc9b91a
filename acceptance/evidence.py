"""What was seen: raw records of one measurement, stored as JSON lines, append-only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The records of one measurement. `file` is relative to the run's folder; `name` is unique in the run."""

    name: str
    file: str
    records: tuple[Record, ...]

    def of(self, kind: str) -> Iterator[Record]:
        """The records whose `record` field is `kind`, in the order in which they were written."""
        return (record for record in self.records if record.get("record") == kind)
