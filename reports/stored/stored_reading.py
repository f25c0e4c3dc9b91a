"""Whether the reading of a run's documents was the accepted one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading:
    """`lock` is the path of the accepted reading; null where there is none, or several documents have one each.

    `state` says it for people, after "reading". `gone` are criteria that were accepted and are no longer asked, each
    with its id and its text. What is read anew is marked at its criterion.
    """

    accepted: bool
    lock: str | None = None
    state: str = ""
    role: str = ""
    date: str = ""
    signoff: str = ""
    gone: tuple[Mapping[str, Any], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
