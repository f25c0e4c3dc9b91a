"""A conflict, as reading finds it and as results.json keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from signoff.reports.model import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One place of a conflict, and what is said there."""

    document: str
    line: int
    value: Any
    spelling: Annotated[str, Key(kept_empty=False)] = ""
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Places that cannot all be true. `resolution` is None until a role chose a side, with a reason.

    `criteria` are the (document, id) pairs that it leaves undecided; a run that has none on record takes its sides.
    """

    schema_name: ClassVar[str] = "storedConflict"

    kind: str
    subject: str
    sides: tuple[Side, ...]
    resolution: Any = None
    message: str = ""
    criteria: tuple[tuple[str, ...], ...] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
