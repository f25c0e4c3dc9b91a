"""A document while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.errors import LockUnreadable
from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.accepting.acceptance import Acceptance
from signoff.acceptance.reading.binding.binding import Binding
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.settings.configuration import Configuration
from signoff.acceptance.reading.source.block_parser import Blocks
from signoff.acceptance.reading.source.document import Diagnostic, LineKind, Statement, Waiver
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.source import Source
from signoff.acceptance.reading.statements.statements import Found
from signoff.acceptance.reading.typing.criteria import Typed


@dataclass
class ReadingState:
    """What is known of a document so far: each step of reading adds its part."""

    path: Path
    kinds: Kinds
    today: date
    most_bytes: int
    strictness: int
    suggests: bool = False
    """Whether the nearest wording that a machine would judge is looked for."""
    source: Source = field(init=False)
    blocks: Blocks = field(init=False)
    service_name: str = ""
    configuration: Configuration = field(init=False)
    facts: Facts = field(init=False)
    found: Found = field(init=False)
    typed: list[tuple[Statement, Typed]] = field(default_factory=list)
    criteria: tuple[Criterion, ...] = ()
    binding: Binding | None = None
    waivers: dict[str, Waiver] = field(default_factory=dict)
    nearest: dict[str, str] = field(default_factory=dict)
    acceptance: Acceptance = field(default_factory=Acceptance)
    lock_problem: LockUnreadable | None = None
    line_kinds: tuple[LineKind, ...] = ()
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def report(self, flaw: Flaw) -> None:
        """Keep a flaw of this document, with the line that it is in."""
        excerpt = self.source.raw[flaw.line - 1] if 0 < flaw.line <= len(self.source.raw) else ""
        place = (self.source.path, flaw.line, flaw.column)
        self.diagnostics.append(
            Diagnostic(flaw.code, flaw.severity, *place, excerpt, flaw.message, flaw.hint, flaw.width)
        )
