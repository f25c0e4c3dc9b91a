"""Statements to criteria: figures by the grammar, words by the rules, the rest to a person with a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.kind import Kinds
from signoff.acceptance.reading.answers.answer_drafts import (
    OF_ANSWERS,
    answer_drafts,
    beside_answers,
    without_swallowed,
)
from signoff.acceptance.reading.drafts.completion import completed
from signoff.acceptance.reading.drafts.criterion_draft import Draft, Note, Placed, person
from signoff.acceptance.reading.drafts.jq_drafts import shown_value
from signoff.acceptance.reading.drafts.limit_drafts import figures, of_other_services
from signoff.acceptance.reading.drafts.reasons import PREREQUISITE, for_people, reason_for
from signoff.acceptance.reading.drafts.setting_drafts import setting_drafts
from signoff.acceptance.reading.facts.facts import Facts
from signoff.acceptance.reading.facts.service_names import services_of
from signoff.acceptance.reading.frames.coverage import KEYWORDS
from signoff.acceptance.reading.frames.lexicon import sample_words
from signoff.acceptance.reading.gating.contradiction import without_contradictions
from signoff.acceptance.reading.gating.gate import understood
from signoff.acceptance.reading.gating.surroundings import within_surroundings
from signoff.acceptance.reading.sections.requirement import requirement_of
from signoff.acceptance.reading.sections.scenario import asked_from
from signoff.acceptance.reading.source.document import Statement
from signoff.acceptance.reading.source.wording import (
    command_has_placeholder,
    fingerprint,
    has_placeholder,
    shown_heading,
)
from signoff.acceptance.reading.typing import service_drafts
from signoff.acceptance.reading.typing.rule import apply
from signoff.acceptance.reading.typing.rule_table import RULES

_MOST_CRITERIA = 100
_MOST_CHARACTERS = 200_000


@dataclass(frozen=True, slots=True)
class Typed:
    """The criteria of a statement without identity, and what its author should know."""

    drafts: tuple[Draft, ...]
    notes: tuple[Note, ...]


def type_statement(statement: Statement, facts: Facts, kinds: Kinds) -> Typed:
    """What a statement asks for. Objectives may ask for nothing; every other statement asks for something."""
    if statement.type == "config":
        return Typed(tuple(setting_drafts(statement, facts)), ())
    if statement.type == "shape":
        return _typed([service_drafts.response_example(statement, facts)], [])
    is_template = has_placeholder(statement.text) or (
        statement.command is not None and command_has_placeholder(statement.command.text)
    )
    if is_template:
        return Typed((Draft("human_judgement", judge="template", reason="a placeholder is not filled in"),), ())
    if statement.role == "dependency":
        return _typed(_prerequisites(statement, facts), [])
    parents = facts.parents(statement) if facts.services else ()
    services, sentence = services_of(statement, facts.services, parents, facts.ports())
    drafts: list[Draft] = []
    notes: list[Note] = []
    for service in services:
        typed = _typed_for(statement, facts.of(service), kinds)
        drafts += [_for_service(draft, service, sentence, kinds) for draft in typed.drafts]
        notes += [note for note in typed.notes if note not in notes]
    if any(draft.judge == "machine" for draft in drafts):
        # What only some of the services have a figure for is judged for those.
        drafts = [draft for draft in drafts if draft.judge == "machine" or drafts.count(draft) >= len(services)]
    return _of_bounded_size(statement, Typed(tuple(_without_repeats(drafts)), tuple(notes)))


def _of_bounded_size(statement: Statement, typed: Typed) -> Typed:
    """Each criterion and note has its statement's text: one that asks for very much would be kept over and over."""
    most = max(1, min(_MOST_CRITERIA, _MOST_CHARACTERS // max(len(statement.text), 1)))
    if len(typed.drafts) <= most and len(typed.notes) <= most:
        return typed
    drafts = typed.drafts
    if len(drafts) > most:
        reason = f"it asks for {len(drafts)} things at once: write them as items of a list, so that each can be judged"
        drafts = (person(reason),)
    return Typed(drafts, typed.notes[:most])


def identified(document: str, typed: Iterable[tuple[Statement, Typed]], lines: Sequence[str]) -> tuple[Criterion, ...]:
    """The criteria with their identity: section, kind, and the ordinal within both; `lines` are the document's."""
    ordinals: Counter[tuple[str, str]] = Counter()
    criteria: list[Criterion] = []
    for statement, found in typed:
        command = statement.command.text if statement.command is not None else ""
        printed = fingerprint(f"{statement.text} {command}")
        requirement = requirement_of(statement, lines)
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
                    not_understood=draft.not_understood,
                    load=draft.load,
                    requirement=requirement,
                )
            )
    return tuple(criteria)


def _typed_for(statement: Statement, facts: Facts, kinds: Kinds) -> Typed:
    """The same for one of several services."""
    if statement.type == "expected" and (shown := shown_value(statement)) is not None:
        return _typed([shown], [])
    by_figures, notes = figures(statement, facts)
    elsewhere = of_other_services(statement, facts)
    answers = answer_drafts(statement, facts)
    by_figures = [*without_swallowed(by_figures, answers), *answers]
    placed = by_figures
    aside = "" if placed or statement.type in ("smart", "expected") else for_people(statement)
    is_read = statement.type == "expected" and bool(placed)
    if statement.type != "smart" and statement.role != "objective" and not aside and not is_read:
        placed = _with_rules(statement, facts, placed)
    if _is_gated(statement):
        by_rules = placed[: len(placed) - len(by_figures)]
        asked = _asked(statement, by_rules)
        names = facts.names().union(*(sample_words(draft.kind, kinds[draft.kind].words) for draft, _ in placed))
        placed = without_contradictions(
            understood(asked, by_figures, by_rules, names, facts.strictness, statement.limits, elsewhere)
        )
        if facts.strictness < KEYWORDS:
            placed = within_surroundings(placed, statement, names)
    if not placed and statement.role == "objective":
        return Typed((), ())
    if not placed:
        return _typed([person(aside or reason_for(statement, notes))], notes)
    drafts = _without_repeats(draft for draft, _ in sorted(placed, key=lambda found: found[1][0]))
    return _typed([completed(draft, statement, facts) for draft in drafts], notes)


def _asked(statement: Statement, by_rules: Sequence[Placed]) -> str:
    """The text that has to be understood: the cells beside a task count if only they say what is asked."""
    is_beside = any(end > len(statement.text) for _, (_, end) in by_rules)
    return f"{statement.text}; {statement.context}" if is_beside else statement.text


def _is_gated(statement: Statement) -> bool:
    """Whether a statement's words say what is asked: a shown body and a setting say it by their form."""
    return statement.type not in ("config", "shape") and statement.text.lstrip()[:1] not in ("{", "[")


def _typed(drafts: Sequence[Draft], notes: Sequence[Note]) -> Typed:
    return Typed(tuple(drafts), (*notes, *(note for draft in drafts for note in draft.notes)))


def _for_service(draft: Draft, service: str, sentence: str, kinds: Kinds) -> Draft:
    """The draft as one of a service, unless it asks something of files, people or what surrounds the services."""
    if kinds[draft.kind].of_estate or not service:
        return draft
    return replace(draft, service=service, assumptions=(*draft.assumptions, *((sentence,) if sentence else ())))


def _without_repeats(drafts: Iterable[Draft]) -> list[Draft]:
    """The first draft of each kind, limit and service; without a limit, of each set of parameters."""
    drafts = list(drafts)
    if len(drafts) < 2:
        return drafts
    kept: dict[tuple[object, ...], Draft] = {}
    for draft in drafts:
        apart = "" if draft.threshold is not None else _parameters(draft)
        kept.setdefault((draft.kind, draft.judge, draft.threshold, draft.service, apart, str(draft.load)), draft)
    return list(kept.values())


def _parameters(draft: Draft) -> str:
    return json.dumps([dict(draft.parameters), draft.reason], sort_keys=True, default=str)


def _with_rules(statement: Statement, facts: Facts, placed: list[Placed]) -> list[Placed]:
    """Add what the words ask for; a figure of the same kind counts more than a rule without one."""
    by_figures = [draft for draft, _ in placed]
    by_rules = _beside_the_label(apply(RULES, statement, statement.text, facts, by_figures), statement, bool(placed))
    by_rules = beside_answers(by_rules, [found for found in placed if found[0].kind in OF_ANSWERS])
    if not by_rules and not placed and statement.type == "subtask" and statement.context:
        by_rules = apply(RULES, statement, f"{statement.text}; {statement.context}", facts)
    begin = asked_from(statement.text)
    if any(span[1] > begin for _, span in by_rules):
        # What the conditions alone speak of is not asked where the demand itself speaks of something.
        by_rules = [(draft, span) for draft, span in by_rules if span[1] > begin]
    if any(draft.judge == "machine" for draft, _ in (*placed, *by_rules)):
        # What only people can say of a documentation stays beside what a machine sees of it.
        documented = any(draft.kind == "documentation" for draft, _ in by_rules)
        by_rules = [(draft, span) for draft, span in by_rules if draft.judge == "machine" or documented]
        if documented:
            # What has to be written about rate limits says nothing of rate limits themselves.
            by_rules = [(draft, span) for draft, span in by_rules if draft.kind in ("documentation", "human_judgement")]
    return [*by_rules, *placed]


def _beside_the_label(by_rules: list[Placed], statement: Statement, has_figures: bool) -> list[Placed]:
    """Without what only the name of a row gave: the `rag` of a workload says nothing of what its figures limit."""
    label = statement.label
    if statement.type != "target" or not label or not statement.text.startswith(f"{label}:"):
        return by_rules
    is_name = len(label.split()) == 1 and "/" not in label
    if not has_figures and not (is_name and any(map(str.isdigit, statement.text[len(label) :]))):
        return by_rules
    return [(draft, span) for draft, span in by_rules if span[1] > len(label)]


def _prerequisites(statement: Statement, facts: Facts) -> list[Draft]:
    """What has to be there before: room on a disk can be seen here, the rest a person has to look at."""
    placed, _ = figures(statement, facts)
    return [*(draft for draft, _ in placed if draft.kind == "disk"), person(PREREQUISITE)]
