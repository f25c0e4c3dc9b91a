"""A stored run as the result document that a reviewer reads, in the order of the team's template.

HTML and Markdown show the same value, so they cannot differ.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from signoff.reports.document import quantity
from signoff.reports.document.approval import Approval, approval
from signoff.reports.document.demands import Row, Section, rows, sections, table_text, value_text
from signoff.reports.document.headline import engine_words, fold, headline, outcome
from signoff.reports.document.integration import Part, parts
from signoff.reports.document.open_items import OpenGroup, Step, next_steps, open_groups
from signoff.reports.document.outcome import OUTCOME_WORDS, RUN_WORDS, Word
from signoff.reports.document.performance import Figure, figures
from signoff.reports.document.server_side import ServerShown
from signoff.reports.document.server_side import shown as shown_server
from signoff.reports.plain_text import line
from signoff.reports.stored.conflict import Conflict
from signoff.reports.stored.stored_reading import StoredReading
from signoff.reports.stored.stored_run import StoredDocument, StoredRun, serialized

SIMULATED = "A pass on the simulated engine says nothing about a model."
_NUMBER_IN_TITLE = re.compile(r"\btask\s+(\d+(?:\.\d+)*)\s*[:.\u2013-]?\s*(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ConflictShown:
    """Contradictory places, all shown, and the resolution."""

    kind: str
    subject: str
    sides: tuple[tuple[str, str], ...]
    resolution: str


@dataclass(frozen=True, slots=True)
class LogLine:
    """One step of the run."""

    at: str
    what: str
    result: str
    took: str
    note: str


@dataclass(frozen=True, slots=True)
class Lesson:
    """A finding of the run besides its verdicts; `rows` are the affected criteria."""

    text: str
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class ResultDocument:
    """The content of the page, in order."""

    title: str
    header: tuple[tuple[str, str], ...]
    headline: str
    tally: str
    """The headline without outcome and engine, which are shown separately."""
    word: Word
    reason: str
    reading: str
    """Whether the reading was accepted; "" where the run does not say."""
    engine: str
    warning: str
    shares: tuple[tuple[Word, int], ...]
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...]
    servers: tuple[ServerShown, ...]
    parts: tuple[Part, ...]
    sections: tuple[Section, ...]
    conflicts: tuple[ConflictShown, ...]
    open_groups: tuple[OpenGroup, ...]
    log: tuple[LogLine, ...]
    lessons: tuple[Lesson, ...]
    steps: tuple[Step, ...]
    approval: Approval
    run_id: str
    digest: str
    rows: tuple[Row, ...]

    def having(self, *outcomes: str) -> tuple[Row, ...]:
        """The criteria with one of these outcomes."""
        return tuple(row for row in self.rows if row.outcome in outcomes)


def documents(run: StoredRun) -> tuple[StoredDocument, ...]:
    """The documents of a run: those that it describes, and any other that a criterion comes from."""
    known = {document.path for document in run.documents}
    others = dict.fromkeys(item.document for item in run.criteria if item.document not in known)
    return (*run.documents, *(StoredDocument(path=path) for path in others))


def result_document(run: StoredRun, document: StoredDocument, prefix: str = "") -> ResultDocument:
    """The result document of one task document. `prefix` leads from the report's folder to the run's."""
    found = rows(run, document.path, prefix)
    shown, why = outcome(run)
    said = headline(run)
    conflicts = [conflict for conflict in run.conflicts if _concerns(conflict, document.path)]
    counts = Counter(row.outcome for row in found)
    order = sorted(counts, key=lambda one: (one != "pass", list(OUTCOME_WORDS).index(one)))
    return ResultDocument(
        title=f"{' '.join(name_parts(document))} Implementation Results",
        header=_header(run, document),
        headline=said,
        tally=said.removeprefix(f"{shown} on {engine_words(run)}: "),
        word=RUN_WORDS[shown],
        reason="" if why in said or why == fold(run)[1] else why,
        reading=f"Reading {line(document.reading.state, 300)}." if document.reading is not None else "",
        engine=engine_words(run),
        warning=SIMULATED if run.engine.is_simulated else "",
        shares=tuple((OUTCOME_WORDS[one], counts[one]) for one in order),
        facts=_facts(run, document, found),
        figures=figures(found),
        servers=tuple(shown_server(side) for side in run.server),
        parts=parts(found),
        sections=sections(found),
        conflicts=tuple(_conflict(conflict) for conflict in conflicts),
        open_groups=open_groups(run, found),
        log=_log(run, found),
        lessons=tuple(_lessons(run, document, found)),
        steps=next_steps(run, document, found, conflicts),
        approval=approval(run),
        run_id=line(run.run_id, 100),
        digest=hashlib.sha256(serialized(run)).hexdigest(),
        rows=found,
    )


def name_parts(document: StoredDocument) -> tuple[str, str]:
    """Task number and service name, from the header, else from the title, else from the file's name."""
    number = document.task_number or header_value(document.header, "Task Number")
    service = document.service_name
    titled = _NUMBER_IN_TITLE.search(document.title)
    if titled:
        number = number or titled.group(1)
        service = service or (titled.group(2).split() or [""])[0]
    service = service or (header_value(document.header, "Task Title").split() or [""])[0]
    return line(number, 40), line(service, 80) or line(PurePath(document.path).stem, 80)


def header_value(header: Mapping[str, Any], name: str) -> str:
    """A header field, however its name is spelled: `Task Number`, `task_number`, `**Task Number:**`."""
    wanted = re.sub(r"\W|_", "", name).lower()
    for key, value in header.items():
        if re.sub(r"\W|_", "", str(key)).lower() == wanted:
            return line(value)
    return ""


def _header(run: StoredRun, document: StoredDocument) -> tuple[tuple[str, str], ...]:
    started, finished = quantity.instant(run.started), quantity.instant(run.finished)
    took = ""
    if started and finished and (started.tzinfo is None) == (finished.tzinfo is None):
        took = quantity.duration((finished - started).total_seconds())
    return (
        ("Completion Date", quantity.moment(run.finished) if run.finished else "the run did not finish"),
        ("Implementation Duration", f"{took} (this run)" if took else "not known"),
        ("Architecture Component", header_value(document.header, "Architecture Component") or "not stated"),
        ("Modular Library Module", header_value(document.header, "Modular Library Module") or "not stated"),
    )


def _facts(run: StoredRun, document: StoredDocument, found: tuple[Row, ...]) -> tuple[tuple[str, str], ...]:
    alphas = sorted({value for row in found if isinstance(value := row.stored.detail.get("alpha"), int | float)})
    alpha = [run.alpha] if run.alpha is not None else alphas
    profile = line(run.profile, 60)
    if alpha:
        spelled = " or ".join(quantity.number(value) for value in alpha)
        profile += f" (alpha {spelled}: the chance of a wrong pass, and of a wrong fail, in each measured verdict)"
    pairs = (
        (
            "Task document",
            line(f"{document.title} ({document.path})" if document.title else document.path, 300),
        ),
        ("Target", line(run.target, 300)),
        ("Engine", line(f"{run.engine.name} {run.engine.version}".strip(), 120) or "not named"),
        ("Flags of the engine", line(" ".join(run.engine.flags), 1000)),
        ("Settings that this engine does not have, left out", line(" ".join(run.engine.left_out), 300)),
        ("Machine of the run", table_text(_machine(run.machine))),
        ("Versions", table_text(dict(run.versions))),
        ("Profile", profile),
        ("Started", quantity.moment(run.started)),
        ("Run", line(run.run_id, 100)),
    )
    return tuple((name, value) for name, value in pairs if value)


def _machine(machine: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(machine)
    memory = shown.pop("memory_bytes", None)
    if isinstance(memory, int | float) and not isinstance(memory, bool):
        shown["memory"] = f"{quantity.number(round(memory / 2**30, 1))} GiB"
    return shown


def _concerns(conflict: Conflict, document: str) -> bool:
    return any(PurePath(side.document).name == PurePath(document).name for side in conflict.sides)


def _conflict(conflict: Conflict) -> ConflictShown:
    return ConflictShown(
        kind=line(conflict.kind.replace("_", " "), 80),
        subject=line(conflict.subject, 300),
        sides=tuple(
            (
                line(PurePath(side.document).name, 120) + (f", line {side.line}" if side.line else ""),
                value_text(side.value),
            )
            for side in conflict.sides
        ),
        resolution=table_text(conflict.resolution) if conflict.resolution else "",
    )


def _log(run: StoredRun, found: tuple[Row, ...]) -> tuple[LogLine, ...]:
    """The run's log; without one, the criteria in the order of their verdicts."""

    def took(seconds: float | None) -> str:
        return "" if seconds is None else quantity.duration(seconds)

    if run.log:
        return tuple(
            LogLine(quantity.moment(e.at), line(e.what), line(e.result), took(e.seconds), line(e.note)) for e in run.log
        )
    timed = sorted((row for row in found if row.stored.started), key=lambda row: row.stored.started)
    return tuple(
        LogLine(quantity.moment(row.stored.started), row.id, row.word.word, took(row.stored.seconds), row.reason)
        for row in timed
    )


def _lessons(run: StoredRun, document: StoredDocument, found: tuple[Row, ...]) -> Iterable[Lesson]:
    if document.reading is not None and document.reading.lock is not None:
        yield from _accepted(document.reading, found)
    assumed: dict[str, list[Row]] = {}
    for row in found:
        for text in row.stored.assumptions:
            assumed.setdefault(line(text), []).append(row)
    for text, touched in assumed.items():
        yield Lesson(f"Assumed: {text}", tuple(touched))
    for entry in document.diagnostics:
        yield Lesson(f"Found while reading: {_diagnostic(entry)}")
    if isinstance(run.retries, list | tuple):
        for entry in run.retries:
            yield Lesson(f"Tried again: {table_text(entry)}")
    elif run.retries:
        yield Lesson(f"Retries: {value_text(run.retries)}")
    if document.counts:
        yield Lesson(f"Read in the document: {table_text(dict(document.counts))}")


def _accepted(reading: StoredReading, found: tuple[Row, ...]) -> Iterable[Lesson]:
    """What differs from the accepted reading."""
    if anew := tuple(row for row in found if row.stored.read_anew):
        yield Lesson("Read anew: these were not accepted as they are read now", anew)
    for entry in reading.gone:
        yield Lesson(f"No longer asked, and accepted before: {table_text(dict(entry))}")


def _diagnostic(entry: Any) -> str:
    if isinstance(entry, Mapping) and "message" in entry:
        place = f"line {value_text(entry['line'])}: " if "line" in entry else ""
        return place + line(entry["message"])
    return table_text(entry)
