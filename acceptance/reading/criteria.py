"""Statements to criteria: figures by the grammar, words by the rules, the rest to a person with a reason."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from acceptance.criterion import Criterion
from acceptance.reading import builders
from acceptance.reading.document import Statement
from acceptance.reading.draft import Draft, Facts, Note, person
from acceptance.reading.kinds import WITH_LIMIT
from acceptance.reading.quantity import Quantity, Unreadable, read_quantities
from acceptance.reading.rules import apply_rules
from acceptance.reading.wording import command_has_placeholder, fingerprint, has_placeholder, shown_heading

_PORT = re.compile(r"\bport\s*:?\s*(?P<port>\d{2,5})\b", re.IGNORECASE)
_LAST_PORT = 65_535
_FROM_ENVIRONMENT = re.compile(r"\$\{?\w+")
_COMMAS = re.compile(r",\s+(?![^()]*\))")
_MEMORY_PROPERTY = re.compile(r"^Memory")
_REASONS: tuple[tuple[str, str], ...] = (
    (r"\b(?:document\w*|guides?|examples provided|lessons)\b", "somebody has to read the documentation"),
    (
        r"\b(?:code|review\w*|class|unit tests?|coverage)\b",
        "it is about the code and its review, not the running server",
    ),
    (
        r"\b(?:notify|communicate|update|stakeholders?|create detailed)\b",
        "it is something that people do, not the server",
    ),
    (r"\b(?:security|secure|auth\w*|saniti[sz]\w*|rate limit\w*|vulnerab\w*)\b", "no check here judges security"),
    (
        r"\b(?:databases?|vector|redis|cache|gateway|balanc\w*|discovery|grafana|dashboards?|external)\b",
        "it needs a look at another system than the server under test",
    ),
    (r"\b(?:targets?|limits?|performance)\b", "it states no figure of its own"),
)
_SUBJECT_REASONS = {
    "coverage": "it is about the code, not the running server",
    "storage": "disks of the host are not looked at",
    "duration": "it is not said what takes this long",
    "size": "it is not said what has this size",
}
# The statistics that checks decide; a limit on another one must not be judged as if it were one of these.
_DECIDED_STATISTICS = {
    "latency": re.compile(r"mean|p\d{2}(?:\.\d+)?"),
    "memory": re.compile("max"),
    "cpu": re.compile("mean"),
    "load_time": re.compile("each|max"),
    "coherence": re.compile("mean"),
}
_Placed = tuple[Draft, tuple[int, int]]
_UNKNOWN = "no rule turns these words into a measurement; a binding can"
_PREREQUISITE = "it is a prerequisite of the task, outside the server under test"
_ABOUT_TASK = "it is a judgement about the task, not about the server"


@dataclass(frozen=True, slots=True)
class Typed:
    """The criteria of a statement without identity, and what its author should know."""

    drafts: tuple[Draft, ...]
    notes: tuple[Note, ...]


def type_statement(statement: Statement, facts: Facts) -> Typed:
    """What a statement asks for. Objectives may ask for nothing; every other statement asks for something."""
    if statement.type == "config":
        return Typed(tuple(_setting_drafts(statement)), ())
    if statement.type == "shape":
        return _typed([builders.response_example(statement, facts)], [])
    if statement.role == "dependency":
        return Typed((person(_PREREQUISITE),), ())
    is_template = has_placeholder(statement.text) or (
        statement.command is not None and command_has_placeholder(statement.command.text)
    )
    if is_template:
        return Typed((_template(statement, facts),), ())
    placed, notes = _figures(statement)
    if statement.type not in ("smart", "prose") and not (statement.type == "expected" and placed):
        placed = _with_rules(statement, facts, placed)
    if not placed and statement.type == "prose":
        return Typed((), ())
    if not placed:
        return _typed([person(_reason(statement, notes))], notes)
    if statement.type not in ("expected", "prose") and any(draft.judge == "machine" for draft, _ in placed):
        notes += _unjudged_clauses(statement, [span for _, span in placed])
    drafts = _without_repeats(draft for draft, _ in sorted(placed, key=lambda found: found[1][0]))
    return _typed([_completed(draft, statement, facts) for draft in drafts], notes)


def identified(document: str, typed: Iterable[tuple[Statement, Typed]]) -> tuple[Criterion, ...]:
    """The criteria with their identity: section, kind, and the ordinal within both."""
    ordinals: Counter[tuple[str, str]] = Counter()
    criteria: list[Criterion] = []
    for statement, found in typed:
        command = statement.command.text if statement.command is not None else ""
        printed = fingerprint(f"{statement.text} {command}")
        for draft in found.drafts:
            place = (statement.section, draft.kind)
            ordinals[place] += 1
            criteria.append(
                Criterion(
                    id=f"{statement.section}/{draft.kind}/{ordinals[place]}",
                    document=document,
                    line=statement.line,
                    column=statement.column,
                    text=statement.text,
                    section=shown_heading(statement.headings[-1].text) if statement.headings else "",
                    statement=statement.type,
                    kind=draft.kind,
                    judge=draft.judge,
                    fingerprint=printed,
                    threshold=draft.threshold,
                    assumptions=draft.assumptions,
                    parameters=draft.parameters,
                    reason=draft.reason,
                    service=draft.service,
                )
            )
    return tuple(criteria)


def _typed(drafts: Sequence[Draft], notes: Sequence[Note]) -> Typed:
    return Typed(tuple(drafts), (*notes, *(note for draft in drafts for note in draft.notes)))


def _figures(statement: Statement) -> tuple[list[_Placed], list[Note]]:
    """What the figures of the text ask for; a JSON expectation is read as JSON, not as figures."""
    if statement.type == "expected" and statement.text.lstrip()[:1] in ("{", "["):
        return [], []
    quantities, unreadable = read_quantities(statement.text, _about(statement))
    placed = [(_of_quantity(quantity), (quantity.begin, quantity.end)) for quantity in quantities]
    if statement.type == "prose":
        placed = [(draft, span) for draft, span in placed if draft.judge == "machine"]
    if statement.type != "expected":
        placed += [
            (Draft("port", parameters={"port": int(match["port"])}), match.span())
            for match in _PORT.finditer(statement.text)
            if 0 < int(match["port"]) <= _LAST_PORT
        ]
    return placed, [_unreadable_note(statement, item) for item in unreadable]


def _without_repeats(drafts: Iterable[Draft]) -> list[Draft]:
    kept: list[Draft] = []
    for draft in drafts:
        if not any(other.kind == draft.kind and other.threshold == draft.threshold for other in kept):
            kept.append(draft)
    return kept


def _about(statement: Statement) -> str:
    """Words beside the statement that say what a figure of it means."""
    words = [statement.label]
    if statement.command is not None:
        properties = statement.command.details.get("properties", ())
        words += ["memory" for name in properties if _MEMORY_PROPERTY.match(name)]
        if statement.command.request is not None:
            words.append("response")
    if statement.headings:
        words.append(statement.headings[-1].text)
    return " ".join(words)


def _of_quantity(quantity: Quantity) -> Draft:
    limit = quantity.threshold()
    decided = _DECIDED_STATISTICS.get(quantity.subject)
    if decided is not None and quantity.statistic is not None and not decided.fullmatch(quantity.statistic):
        reason = f"no check here judges the {quantity.statistic} of the {quantity.subject.replace('_', ' ')}"
        return replace(person(reason, limit), assumptions=quantity.assumptions)
    if quantity.subject in WITH_LIMIT:
        return Draft(quantity.subject, limit, quantity.assumptions)
    subject = quantity.subject.replace("_", " ")
    reason = _SUBJECT_REASONS.get(quantity.subject, f"no check here measures {subject}")
    return replace(person(reason, limit), assumptions=quantity.assumptions)


def _unreadable_note(statement: Statement, item: Unreadable) -> Note:
    part = statement.text[item.begin : item.end].strip()
    return Note("quantity-unreadable", "warning", f'"{part}" is not read as a limit: {item.why}', item.mend)


def _with_rules(statement: Statement, facts: Facts, figures: list[_Placed]) -> list[_Placed]:
    """Add what the words ask for; a figure of the same kind counts more than a rule without one."""
    kinds = {draft.kind for draft, _ in figures}
    found = apply_rules(statement, statement.text, facts)
    if not found and not figures and statement.type == "subtask" and statement.context:
        found = apply_rules(statement, f"{statement.text}; {statement.context}", facts)
    by_rules = [(draft, span) for draft, span in found if draft.kind not in kinds]
    if any(draft.judge == "machine" for draft, _ in (*figures, *by_rules)):
        by_rules = [(draft, span) for draft, span in by_rules if draft.judge == "machine"]
    return [*by_rules, *figures]


def _completed(draft: Draft, statement: Statement, facts: Facts) -> Draft:
    """What a check needs beside the limit: the command's request, its payload, the unit."""
    command = statement.command
    request = command.request if command is not None else None
    if draft.kind == "latency":
        draft = replace(draft, parameters={"request": request})
        if command is not None and request is not None and "repeat" not in command.details:
            sentence = "one command shows no statistic: the mean at the document's rate is judged"
            kept = tuple(text for text in draft.assumptions if not text.startswith("no statistic"))
            if kept != draft.assumptions:
                draft = replace(draft, assumptions=(*kept, sentence))
    elif draft.kind == "throughput":
        payload = command.details.get("payload_file") if command is not None else None
        draft = replace(draft, parameters={"request": request, "payload_file": payload})
        if payload and command is not None and not command.details.get("payload_found"):
            draft = _without_payload(draft, payload, facts)
    elif draft.kind == "memory":
        unit = command.details.get("unit") if command is not None else facts.detail("unit")
        draft = replace(draft, parameters={"unit": unit} if unit else {})
    return draft


def _without_payload(draft: Draft, payload: str, facts: Facts) -> Draft:
    if facts.defines_file(payload):
        return draft
    note = Note(
        *("payload-missing", "warning", f"{payload} is neither written by the document nor beside it"),
        f"put {payload} beside the document",
    )
    sentence = f"{payload} is not there: the document's other completion requests, else our own, take its place"
    return replace(draft, assumptions=(*draft.assumptions, sentence), notes=(*draft.notes, note))


def _template(statement: Statement, facts: Facts) -> Draft:
    return Draft("human_judgement", judge="template", reason="a placeholder is not filled in")


def _setting_drafts(statement: Statement) -> Iterable[Draft]:
    for setting in statement.settings:
        parameters = {
            "name": setting.name,
            "value": setting.value,
            "spelling": setting.spelling,
            "form": setting.form,
        }
        draft = Draft("config_value", parameters=parameters)
        shown = f"{setting.spelling} {json.dumps(setting.value, ensure_ascii=False)}"
        if has_placeholder(statement.text) or command_has_placeholder(shown):
            yield replace(draft, judge="template", reason="a placeholder is not filled in")
        elif isinstance(setting.value, str) and _FROM_ENVIRONMENT.search(setting.value):
            yield replace(draft, judge="person", reason="the value comes from an environment that is not shown")
        else:
            yield draft


def _reason(statement: Statement, notes: Sequence[Note]) -> str:
    if statement.type == "smart":
        return _ABOUT_TASK
    if not statement.text:
        return "the box has no text"
    if any(note.code == "quantity-unreadable" for note in notes):
        return "its figure is not a limit that can be decided by measuring"
    if statement.command is not None and statement.command.problem:
        return f"its command has no native form: {statement.command.problem}"
    for pattern, reason in _REASONS:
        if re.search(pattern, statement.text, re.IGNORECASE):
            return reason
    return _UNKNOWN


def _unjudged_clauses(statement: Statement, spans: Sequence[tuple[int, int]]) -> list[Note]:
    """Parts of an enumeration that no rule and no figure covers: said, because the rest is judged."""
    notes: list[Note] = []
    begin = 0
    for end in (*(cut.start() for cut in _COMMAS.finditer(statement.text)), len(statement.text)):
        clause = statement.text[begin:end]
        part = clause.strip(" ,")
        if not part.startswith("with ") and not any(first < end and last > begin for first, last in spans):
            notes.append(
                Note(
                    "clause-not-judged", "note", f'"{part}" is not judged: no figure and no rule', "say what to measure"
                )
            )
        begin = end
    return notes
