"""What a reading of documents holds: statements, criteria, diagnostics, conflicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.criterion import Statement as StatementType
from signoff.acceptance.reading.accepting.acceptance import Acceptance
from signoff.acceptance.reading.source.block import Block, Heading
from signoff.acceptance.reading.source.library_names import would_call
from signoff.reports.model import Key
from signoff.reports.stored.conflict import Conflict
from signoff.reports.stored.stored_run import plain

SCHEMA = 1
EXPLICIT = ("checkbox", "expected", "subtask", "smart", "target")
LineKind = Literal["statement", "configuration", "prose", ""]
Severity = Literal["error", "warning", "note"]
Form = Literal["env", "yaml", "python", "json", "toml", "ini", "nginx", "flag", "table"]
Subject = Literal[
    "service",
    "unclear",
    "other program",
    "client",
    "example",
    "recommendation",
    "container",
    "other container",
    "one of several",
    "catalogue",
    "card",
    "description",
    "unit",
    "address",
    "own word",
]
"""What a setting is about: the service under test where that is clear, else what it is about instead."""


@dataclass(frozen=True, slots=True)
class Command:
    """A shell command as the document writes it: read and shown, never run.

    `program` is what was recognised (`curl`, `ab`, `systemctl show`, `python -c`, ...). `request` is the native
    HTTP request, `details` what else its program says (`unit`, `payload_file`, `folder`, `code`, ...).
    """

    line: int
    last_line: int
    text: str
    program: str
    request: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    destructive: bool = False
    problem: str = ""
    """Why the command has no native form, where it should have one."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One configuration value. `name` is canonical, `spelling` the document's, `group` the heading above it.

    `scope` names the one of several services that a block configures, else it is empty. `path` are the keys down to
    the value, where its form has such. `asked` is the name by which a service is asked for it: its path, as far as
    that distinguishes it, where the document has other values under the same leaf name. `comment` is what stands behind
    the value on its line.
    """

    name: str
    value: Any
    spelling: str
    form: Form
    line: int
    column: int
    group: str = ""
    scope: str = ""
    path: tuple[str, ...] = ()
    subject: Subject = "service"
    asked: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One demand as it is in the document; the reading may find several criteria in it.

    `lines` are the lines that it stands on; others are there only beside it, at columns of their own (sentences
    of a paragraph, cells of a row). `role` says why it is a statement at all: `success`, `demand`, `metric`,
    `dependency`, `objective`, or nothing where its form says so. `population` is the row of a table of workloads:
    which requests its figures are about. `limits` is where in the text its limits stand, where that is not all of it:
    figures before and behind say under which circumstances they hold. `lead` is the line above its list, and `beside`
    are the cells of its row that are no part of the text.
    """

    type: StatementType
    line: int
    column: int
    lines: tuple[int, ...]
    text: str
    headings: tuple[Heading, ...]
    role: str = ""
    label: str = ""
    context: str = ""
    command: Command | None = None
    settings: tuple[Setting, ...] = ()
    population: str = ""
    limits: tuple[int, int] | None = None
    lead: str = ""
    beside: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """The slug of the nearest heading."""
        return self.headings[-1].slug if self.headings else "document"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What an author should know: where, why, and what to do about it; `width` characters are meant."""

    code: str
    severity: Severity
    document: str
    line: int
    column: int
    excerpt: str
    message: str
    hint: Annotated[str, Key("mend")] = ""
    width: int = 1


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody answers for a criterion that is not met, until a date; the owner is a role."""

    owner: str
    reason: str
    expires: date
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Document:
    """A task document as it was read. Lines count from 1; `line_kinds` has one entry a line.

    `text` are the repaired lines and `blocks` their structure, for whoever compares documents. `nearest` has, by the id
    of a criterion that a person judges, the nearest wording that a machine would judge, where that was asked for.
    """

    path: str
    title: str
    header: Mapping[str, str]
    lines: int
    statements: tuple[Statement, ...]
    criteria: tuple[Criterion, ...]
    diagnostics: tuple[Diagnostic, ...]
    configuration: tuple[Setting, ...]
    commands: tuple[Command, ...]
    service_name: str
    line_kinds: tuple[LineKind, ...]
    dropped: int
    waivers: Mapping[str, Waiver] = field(default_factory=dict)
    text: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    sha256: str = ""
    acceptance: Acceptance = field(default_factory=Acceptance)
    nearest: Mapping[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many statements of each type the document holds."""
        return dict(sorted(Counter(statement.type for statement in self.statements).items()))

    @property
    def explicit(self) -> int:
        """Statements that are demands by their form: boxes, expectations, rows, targets, success bullets."""
        return sum(
            statement.type in EXPLICIT or (statement.type == "bullet" and statement.role == "success")
            for statement in self.statements
        )

    def as_json(self) -> dict[str, Any]:
        """The document as plain JSON."""
        return {
            "path": self.path,
            "title": self.title,
            "header": dict(self.header),
            "service_name": self.service_name,
            "lines": self.lines,
            "statements": len(self.statements),
            "counts": self.counts,
            "explicit": self.explicit,
            "dropped": self.dropped,
            "sha256": self.sha256,
            "reading": self.acceptance.as_json(),
            "criteria": [
                {**_criterion(item), **({"nearest": self.nearest[item.id]} if item.id in self.nearest else {})}
                for item in self.criteria
            ],
            "configuration": [asdict(setting) for setting in self.configuration],
            "commands": [_command(command) for command in self.commands],
            "waivers": {
                name: {**asdict(waiver), "expires": waiver.expires.isoformat()} for name, waiver in self.waivers.items()
            },
            "diagnostics": [plain(diagnostic) for diagnostic in self.diagnostics],
        }


@dataclass(frozen=True, slots=True)
class Reading:
    """The documents of one command, and the conflicts in and among them."""

    documents: tuple[Document, ...]
    conflicts: tuple[Conflict, ...]

    def as_json(self) -> dict[str, Any]:
        """The reading as `signoff read --json` writes it."""
        return {
            "schema": SCHEMA,
            "documents": [document.as_json() for document in self.documents],
            "conflicts": [
                {
                    "kind": conflict.kind,
                    "subject": conflict.subject,
                    "message": conflict.message,
                    "sides": [
                        {"document": side.document, "line": side.line, "value": side.value, "spelling": side.spelling}
                        for side in conflict.sides
                    ],
                    "resolution": None if conflict.resolution is None else dict(conflict.resolution),
                    "criteria": [list(pair) for pair in conflict.criteria or ()],
                }
                for conflict in self.conflicts
            ],
        }


def _criterion(criterion: Criterion) -> dict[str, Any]:
    fields = asdict(criterion)
    if fields["threshold"] is not None:
        del fields["threshold"]["extra"]  # what a stored limit may hold beside these
    fields["assumptions"] = list(criterion.assumptions)
    fields["not_understood"] = list(criterion.not_understood)
    fields["parameters"] = dict(criterion.parameters)
    if calls := would_call(criterion.parameters.get("steps"))[0]:
        fields["would_call"] = calls
    return fields


def _command(command: Command) -> dict[str, Any]:
    return {
        "line": command.line,
        "text": command.text,
        "program": command.program,
        "destructive": command.destructive,
    }
