"""A criterion: one demand of a task document, made typed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from signoff.acceptance.parameters import Parameters
from signoff.reports.stored.threshold import Comparator, Threshold

__all__ = ["Comparator", "Criterion", "Judge", "Load", "Statement", "Threshold"]

Statement = Literal["checkbox", "expected", "subtask", "smart", "bullet", "target", "config", "shape", "prose"]


class Load(TypedDict, total=False):
    """The load that a demand states: users at once, the rate, for how long, and which requests, in the text's words."""

    users: int
    rate_per_s: float
    duration_s: float
    requests: str
    said: str


Judge = Literal["machine", "person", "template"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing to judge, with the place in the document that asks for it.

    `id` is section/kind/ordinal and stays when other lines move. `line` and `column` count from 1 in the file
    as it lies on disk. `fingerprint` is the SHA-256 of the statement's words, numbers and comparators, blind to
    reflow, emoji, list markers and bold. `parameters` is what the check of this `kind` needs, plain JSON.
    `service` is the one of several services of a document that it mentions, else empty.
    `requirement` is the document's own id of the demand (`FR-012`), where it has one. `judged_as` is the question that
    the check asks, in a sentence; None where a person judges. `not_understood` are parts of the statement that no
    rule understands, and `load` is the load that the statement asks for.
    """

    id: str
    document: str
    line: int
    column: int
    text: str
    section: str
    statement: Statement
    kind: str
    judge: Judge
    fingerprint: str
    threshold: Threshold | None = None
    assumptions: tuple[str, ...] = ()
    parameters: Parameters = field(default_factory=Parameters)
    reason: str = ""
    """Why a person has to judge it, where `judge` is `person`."""
    service: str = ""
    not_understood: tuple[str, ...] = ()
    """The words for which a person has to judge it: no check measures what they ask."""
    load: Load | None = None
    """The load under which it is asked for; None where the text states none."""
    requirement: str | None = None
    judged_as: str | None = None

    @property
    def name(self) -> str:
        """What people call it: the document's id before the own one."""
        return f"{self.requirement} {self.id}" if self.requirement else self.id
