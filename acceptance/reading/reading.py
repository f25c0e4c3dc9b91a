"""Documents read step by step: each step adds to the state of a document, and conflicts are found among all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from signoff.acceptance.errors import DeploymentUnreadable, DocumentUnreadable, UsageError
from signoff.acceptance.kind import Kinds
from signoff.acceptance.question import judged_as
from signoff.acceptance.reading.accepting.comparison import compared
from signoff.acceptance.reading.binding.binding import Binding, apply_types, binding_path, waivers
from signoff.acceptance.reading.binding.binding_file import read_binding
from signoff.acceptance.reading.binding.resolution import resolve
from signoff.acceptance.reading.conflicts import find_conflicts
from signoff.acceptance.reading.diagnostics.audit import hidden_demands, line_kinds
from signoff.acceptance.reading.diagnostics.gaps import find_gaps
from signoff.acceptance.reading.diagnostics.swallowed import free_demands
from signoff.acceptance.reading.diagnostics.swallowed_tables import free_tables
from signoff.acceptance.reading.diagnostics.unread import find_unread
from signoff.acceptance.reading.facts.facts import read_facts
from signoff.acceptance.reading.frames.coverage import SHIPPED
from signoff.acceptance.reading.reading_state import ReadingState
from signoff.acceptance.reading.settings.configuration import read_configuration
from signoff.acceptance.reading.source.block_parser import read_blocks
from signoff.acceptance.reading.source.document import Diagnostic, Document, Reading
from signoff.acceptance.reading.source.encoding import Flaw
from signoff.acceptance.reading.source.files import files_of
from signoff.acceptance.reading.source.front import header_fields, service_name, title
from signoff.acceptance.reading.source.source import MAX_BYTES, read_source
from signoff.acceptance.reading.source.span import part_in_line, span_of
from signoff.acceptance.reading.statements.statements import read_statements
from signoff.acceptance.reading.suggestions.nearest_wording import nearest_wordings
from signoff.acceptance.reading.typing.borrowed import with_lenders
from signoff.acceptance.reading.typing.criteria import identified, type_statement
from signoff.acceptance.reading.typing.harm import without_harm


def read_documents(
    paths: Sequence[Path],
    kinds: Kinds,
    today: date | None = None,
    *,
    most_bytes: int = MAX_BYTES,
    strictness: int = SHIPPED,
) -> Reading:
    """Read documents, or folders of them, together: conflicts exist among the documents of one command.

    `kinds` are those that a check judges, `today` decides which waivers have expired, and `most_bytes` is how long
    each document may be. Raises DocumentUnreadable where a path is no text or too long, and DeploymentUnreadable
    where a binding file cannot be used. `strictness` is that of the coverage rule: see `frames.coverage`.
    """
    reading, unreadable = read_all(paths, kinds, today, most_bytes=most_bytes, strictness=strictness)
    if unreadable:
        raise unreadable[0]
    return reading


def read_all(
    paths: Sequence[Path],
    kinds: Kinds,
    today: date | None = None,
    *,
    most_bytes: int = MAX_BYTES,
    strictness: int = SHIPPED,
    suggests: bool = False,
) -> tuple[Reading, tuple[UsageError, ...]]:
    """The same for what can be read of these, and why the rest cannot: one bad file hides no other.

    With `suggests`, the nearest wording that a machine would judge is looked for where a person has to judge.
    """
    files, unreadable = files_of(paths)
    read: list[tuple[Document, Binding | None]] = []
    for path in files:
        try:
            state = ReadingState(path, kinds, today or datetime.now(UTC).date(), most_bytes, strictness, suggests)
            read.append(_read(state))
            unreadable += [] if state.lock_problem is None else [state.lock_problem]
        except (DocumentUnreadable, DeploymentUnreadable) as error:
            unreadable.append(error)
    documents = [document for document, _ in read]
    bindings = [binding for _, binding in read if binding is not None]
    unreadable += [binding.broken for binding in bindings if binding.broken is not None]
    paths_read = [document.path for document in documents]
    conflicts, diagnostics = resolve(bindings, find_conflicts(documents), paths_read)
    reading = Reading(tuple(_with_diagnostics(document, diagnostics) for document in documents), conflicts)
    return reading, tuple(unreadable)


def read_document(path: Path, kinds: Kinds, today: date | None = None) -> Document:
    """Read one document."""
    return read_documents([path], kinds, today).documents[0]


def _divide(state: ReadingState) -> None:
    """Bytes to text, text to blocks."""
    state.source = source = read_source(state.path, state.most_bytes)
    state.blocks = read_blocks(source.lines)
    blocks, about_tables = free_tables(state.blocks.blocks, source.lines)
    blocks, about_demands = free_demands(blocks, source.lines)
    state.blocks = replace(state.blocks, blocks=blocks)
    for flaw in (*source.flaws, *state.blocks.flaws, *about_tables, *about_demands):
        state.report(flaw)


def _configure(state: ReadingState) -> None:
    """Which service it is about, and every value that configuration blocks state."""
    state.service_name = service_name(state.blocks.blocks)
    state.configuration = read_configuration(state.source, state.blocks.blocks, state.service_name)
    for trouble in state.configuration.troubles:
        line, column, width = part_in_line(trouble.part, trouble.line, state.source)
        state.report(Flaw(trouble.code, "warning", line, column, trouble.message, trouble.hint, width))


def _find(state: ReadingState) -> None:
    """Every demand, once."""
    blocks, folder = state.blocks.blocks, state.path.parent
    state.found = read_statements(state.source, blocks, state.configuration, folder)
    state.diagnostics += state.found.diagnostics
    found = state.found
    for flaw in find_gaps(blocks, state.configuration.settings, found.statements, found.commands):
        state.report(flaw)
    for flaw in find_unread(blocks, state.configuration.lines, found.statements):
        state.report(flaw)


def _type(state: ReadingState) -> None:
    """What each demand asks for; a paragraph that asks for nothing is prose again."""
    configuration, commands = state.configuration, state.found.commands
    state.facts = facts = read_facts(
        configuration.settings,
        configuration.variables,
        commands,
        state.service_name,
        state.found.statements,
        state.source.lines,
        state.strictness,
    )
    for statement in state.found.statements:
        typed = without_harm(type_statement(statement, facts, state.kinds))
        if typed.drafts:
            state.typed.append((statement, typed))
        for note in typed.notes:
            line, column, width = span_of(note.message, statement, state.source)
            state.report(Flaw(note.code, note.severity, line, column, note.message, note.hint, width))
    state.typed = with_lenders(state.typed)
    state.criteria = identified(state.source.path, state.typed, state.source.lines)
    if not state.criteria:
        message = "the document holds no criterion, so nothing can be judged"
        hint = "say what has to hold: as `- [ ] ...`, as a bullet below `## Success Criteria`, as `# Expected: ...`"
        state.report(Flaw("no-criteria", "error", 1, 1, message, hint))


def _bind(state: ReadingState) -> None:
    """What the file beside the document says about its criteria."""
    state.binding = read_binding(state.path, state.today, state.kinds, state.most_bytes)
    if state.binding is None:
        return
    state.criteria, about_types = apply_types(state.binding, state.criteria)
    state.waivers, about_waivers = waivers(state.binding, state.criteria, state.today)
    state.diagnostics += [*state.binding.problems, *about_types, *about_waivers]


def _ask(state: ReadingState) -> None:
    """What the check of each criterion will ask, once its kind, limit and parameters are settled."""
    state.criteria = tuple(
        replace(criterion, judged_as=judged_as(criterion, state.kinds)) for criterion in state.criteria
    )


def _suggest(state: ReadingState) -> None:
    """How a demand that goes to a person could be worded, so that a machine judges it."""
    if state.suggests:
        state.nearest = nearest_wordings(state.typed, state.criteria, state.facts, state.kinds)


def _compare(state: ReadingState) -> None:
    """Whether this is the reading that a person accepted."""
    state.acceptance, state.lock_problem = compared(state.path, state.criteria)


def _account(state: ReadingState) -> None:
    """Which line belongs to what, and what looks like a demand but stands where none is read."""
    lines = state.source.lines
    statements = [statement for statement, _ in state.typed]
    state.line_kinds = line_kinds(lines, state.blocks.blocks, state.configuration, statements)
    for flaw in hidden_demands(lines, state.blocks.blocks, statements):
        state.report(flaw)
    for number, kind in enumerate(state.line_kinds, 1):
        if not kind:
            message = "this line belongs to nothing that was read"
            hint = "report this document as a fault of Signoff"
            state.report(Flaw("line-dropped", "error", number, 1, message, hint))


STEPS: tuple[Callable[[ReadingState], None], ...] = (
    _divide,
    _configure,
    _find,
    _type,
    _bind,
    _ask,
    _suggest,
    _compare,
    _account,
)


def _read(state: ReadingState) -> tuple[Document, Binding | None]:
    for step in STEPS:
        step(state)
    blocks = state.blocks.blocks
    document = Document(
        path=state.source.path,
        title=title(blocks),
        header=header_fields(blocks),
        lines=len(state.source.lines),
        statements=tuple(statement for statement, _ in state.typed),
        criteria=state.criteria,
        diagnostics=_ordered(state.diagnostics),
        configuration=state.configuration.settings,
        commands=state.found.commands,
        service_name=state.service_name,
        line_kinds=state.line_kinds,
        dropped=state.line_kinds.count(""),
        waivers=state.waivers,
        text=tuple(state.source.lines),
        blocks=tuple(blocks),
        sha256=state.source.sha256,
        acceptance=state.acceptance,
        nearest=state.nearest,
    )
    return document, state.binding


def _ordered(diagnostics: Sequence[Diagnostic]) -> tuple[Diagnostic, ...]:
    return tuple(sorted(diagnostics, key=lambda found: (found.document, found.line, found.column, found.code)))


def _with_diagnostics(document: Document, diagnostics: Sequence[Diagnostic]) -> Document:
    """The document with what resolving conflicts found about its own binding."""
    own = [found for found in diagnostics if found.document == binding_path(Path(document.path)).as_posix()]
    return replace(document, diagnostics=_ordered([*document.diagnostics, *own])) if own else document
