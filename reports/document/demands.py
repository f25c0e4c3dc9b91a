"""The statements of a document with their criteria and verdicts, in the document's own order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from signoff.reports.document import quantity
from signoff.reports.document.headline import in_conflict, out_of_reach
from signoff.reports.document.outcome import OUTCOME_WORDS, SIMULATED_PASS, Word, worst
from signoff.reports.plain_text import line, link
from signoff.reports.stored.stored_run import StoredCriterion, StoredRun
from signoff.reports.stored.verdict import Outcome

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("smart", "SMART+ST Validation", ("smart",)),
    ("checklist", "Success Criteria Checklist", ("checkbox",)),
    ("subtasks", "Detailed Sub-Tasks", ("subtask",)),
    ("commands", "Validation Commands", ("expected", "shape")),
    ("metrics", "Metric Targets and Required Metrics", ("target", "bullet")),
    ("configuration", "Configuration", ("config",)),
)
OTHER = ("other", "Other Demands")
COLLAPSED = {"configuration"}


@dataclass(frozen=True, slots=True)
class Link:
    """A file of the run; `address` is None if it must not be followed."""

    text: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One criterion in the document. `anchor` is the target of links to it."""

    anchor: str
    id: str
    requirement: str
    """The document's own id of the demand, which is its name wherever it is shown."""
    line: int
    text: str
    kind: str
    judged_as: str
    target: str
    measured: quantity.Figure | None
    outcome: Outcome
    word: Word
    reason: str
    hint: str
    standing: tuple[str, ...]
    """Read anew, declared out of reach, disputed, waived: marks that never change the outcome."""
    assumed: tuple[str, ...]
    evidence: tuple[Link, ...]
    method: tuple[tuple[str, str], ...]
    is_disputed: bool
    stored: StoredCriterion

    @property
    def heading(self) -> str:
        """The document's own id of the demand, for in front of its text; "" where the text begins with it."""
        return "" if self.text.startswith(self.requirement) else self.requirement


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the document, and its criteria."""

    line: int
    text: str
    outcome: Outcome
    word: Word
    rows: tuple[Row, ...]

    @property
    def is_met(self) -> bool:
        """Whether its box may be ticked: all its criteria passed or were attested."""
        return all(row.outcome in {"pass", "attested"} for row in self.rows)


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the result document that is home to criteria. Each criterion has exactly one home."""

    key: str
    heading: str
    statements: tuple[Statement, ...]
    settled: tuple[Statement, ...]
    """Statements that all passed and are shown on demand, where the section is a long one."""

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every criterion of the section."""
        return tuple(row for statement in (*self.statements, *self.settled) for row in statement.rows)

    @property
    def tally(self) -> str:
        """`12 pass, 1 fail`."""
        return tally(self.rows)


def rows(run: StoredRun, document: str, prefix: str = "") -> tuple[Row, ...]:
    """The criteria of one document. `prefix` leads from the report's folder to the run's."""
    disputed = {id(item) for item in in_conflict(run)}
    # Without a lock all of it is read anew, which is said once.
    locked = {each.path for each in run.documents if each.reading is not None and each.reading.lock is not None}
    return tuple(
        _row(run, item, f"c{index}", prefix, id(item) in disputed, is_marked=item.document in locked)
        for index, item in enumerate(run.criteria, start=1)
        if item.document == document
    )


def sections(all_rows: Iterable[Row]) -> tuple[Section, ...]:
    """The sections in the order of the task document's template; criteria without a section come last."""
    left = list(all_rows)
    found = []
    for key, heading, kinds in SECTIONS:
        found.append(_section(key, heading, [row for row in left if row.stored.statement in kinds]))
        left = [row for row in left if row.stored.statement not in kinds]
    return (*found, _section(*OTHER, left)) if left else tuple(found)


def tally(all_rows: Iterable[Row]) -> str:
    """How often each outcome occurs, the pass first: `12 pass, 1 fail`."""
    outcomes = [row.outcome for row in all_rows]
    order = sorted(set(outcomes), key=lambda one: (one != "pass", list(OUTCOME_WORDS).index(one)))
    return ", ".join(f"{outcomes.count(one)} {OUTCOME_WORDS[one].word}" for one in order)


def _section(key: str, heading: str, chosen: list[Row]) -> Section:
    ordered = sorted(chosen, key=lambda row: (row.line, row.stored.column))
    statements = tuple(
        statement
        for _, group in groupby(ordered, key=lambda row: (row.line, row.text))
        if (statement := _statement(tuple(group)))
    )
    if key not in COLLAPSED:
        return Section(key, heading, statements, ())
    settled = tuple(item for item in statements if all(_is_quiet(row) for row in item.rows))
    return Section(key, heading, tuple(item for item in statements if item not in settled), settled)


def _is_quiet(row: Row) -> bool:
    return row.outcome == "pass" and row.stored.waiver is None and not row.is_disputed


def _statement(group: tuple[Row, ...]) -> Statement:
    outcome = worst(row.outcome for row in group) or "not_run"
    return Statement(group[0].line, group[0].text, outcome, OUTCOME_WORDS[outcome], group)


def _row(run: StoredRun, item: StoredCriterion, anchor: str, prefix: str, disputed: bool, *, is_marked: bool) -> Row:
    standing = []
    if item.read_anew and is_marked:
        standing.append(f"Read anew: {line(item.read_anew)}.")
    if declared := out_of_reach(run, item) if item.outcome == "not_measurable" else "":
        standing.append(f"Declared out of reach: {line(declared)}")
    if disputed:
        standing.append("Part of an unresolved conflict.")
    if item.waiver is not None:
        standing.append(f"Waived: {table_text(item.waiver)}")
    measured = None if item.measured is None else quantity.figure(item.measured, item.threshold)
    return Row(
        anchor=anchor,
        id=line(item.id, 200),
        requirement=line(item.requirement, 60),
        line=item.line,
        text=line(item.text),
        kind=line(item.kind.replace("_", " "), 60),
        judged_as=line(item.judged_as),
        target="" if item.threshold is None else quantity.target(item.threshold),
        measured=measured,
        outcome=item.outcome,
        word=SIMULATED_PASS if item.outcome == "pass" and run.engine.is_simulated else OUTCOME_WORDS[item.outcome],
        reason=line(item.reason),
        hint=line(item.hint),
        standing=tuple(standing),
        assumed=tuple(f"Assumed: {line(text)}" for text in item.assumptions),
        evidence=tuple(Link(line(path, 300), link(path, prefix)) for path in item.evidence),
        method=tuple((line(key.replace("_", " "), 60), value_text(value)) for key, value in item.detail.items()),
        is_disputed=disputed,
        stored=item,
    )


def table_text(value: Any) -> str:
    """A small JSON object on one line: `owner: reviewer; reason: ...`."""
    if isinstance(value, dict):
        return "; ".join(f"{line(key, 60)}: {value_text(item)}" for key, item in value.items())
    return value_text(value)


def value_text(value: Any) -> str:
    """A JSON value on one line; a text without quotes, a number rounded."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return quantity.number(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list | tuple) and all(isinstance(item, int | float | str) for item in value):
        return line(", ".join(value_text(item) for item in value), 400)
    return line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), 400)
