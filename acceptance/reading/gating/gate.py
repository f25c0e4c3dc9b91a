"""Which criteria of a statement a machine may judge: those of whose clause every word is understood.

The rest is a person's, and says which words are not understood; a part that stands on its own becomes a criterion of
its own, so that judging one half of a sentence never hides the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from signoff.acceptance.criterion import Threshold
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.drafts.unjudged_figure import OTHER
from signoff.acceptance.reading.frames.clauses import Segment, segments_of
from signoff.acceptance.reading.frames.conditions import understood_conditions
from signoff.acceptance.reading.frames.coverage import (
    KEYWORDS,
    LENIENT,
    SHIPPED,
    STRICT,
    TOLERANT,
    Accounted,
    Label,
    labels_of,
)
from signoff.acceptance.reading.frames.lexicon import Lexicon, lexicon
from signoff.acceptance.reading.frames.tokens import Token, tokens_of, words_of
from signoff.acceptance.reading.quantities.comparator import negation_before
from signoff.acceptance.reading.quantities.subject import statistics_in
from signoff.acceptance.reading.sections.scenario import asked_from

Placed = tuple[Draft, tuple[int, int]]

_FORCE = frozenset("must shall should will then is are".split())
# `WHEN 10 users` and `P95 2 s` begin with no identifier: a blank within one needs a mark behind it.
_IDENTIFIER = re.compile(
    r"^\s*\W*(?!P\d\d\b)(?:[A-Z]{1,5}[A-Z0-9]*(?:[-_]?\d[\d.]*\s*[:.)\u2013-]?|[ ]\d[\d.]*\s*[:.)\u2013-])"
    r"|\d+(?:\.\d+)+\s*[:.)\u2013-]?)\s+"
)
_SAID = ("load", "population")
_COMPLETES = re.compile(r"\b(?:chat|text)[ -]completions?\b", re.IGNORECASE)
_LOOKED_FOR = frozenset(
    {"topics", "words", "contains", "mentions", "class", "base", "unit", "folder", "uid", "header", "path"}
)


def understood(
    text: str,
    figures: Sequence[Placed],
    rules: Sequence[Placed],
    names: frozenset[str],
    strictness: int = SHIPPED,
    limits: tuple[int, int] | None = None,
    elsewhere: tuple[tuple[int, int], ...] = (),
) -> list[Placed]:
    """The drafts of a text, those of clauses that are not understood left to a person.

    `figures` are those whose place is that of a figure, `rules` those that words ask for, `names` the document's own.
    What is outside `limits`, by default the conditions that a text opens with, narrows all that is within;
    `elsewhere` are figures that are asked of another service.
    """
    if strictness >= KEYWORDS or not any(draft.judge == "machine" for draft, _ in (*rules, *figures)):
        return [*rules, *figures]
    reading = _Reading(text, names, lexicon(), elsewhere)
    whole = reading.segments(figures, rules)
    kept = [rule for rule in rules if _stands(rule, figures, whole, reading)]
    segments = whole if len(kept) == len(rules) else reading.segments(figures, kept)
    within = limits if limits is not None else (asked_from(text), len(text))
    return _judged(text, [*kept, *figures], segments, reading.tables, strictness, within)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text with the tables that it is read by."""

    text: str
    names: frozenset[str]
    tables: Lexicon
    elsewhere: tuple[tuple[int, int], ...] = ()

    def segments(self, figures: Sequence[Placed], rules: Sequence[Placed]) -> list[Segment]:
        """The segments, labelled by what these drafts account for."""
        machine = [draft for draft, _ in (*rules, *figures) if draft.judge == "machine"]
        statistics = frozenset(draft.threshold.statistic or "" for draft in machine if draft.threshold is not None)
        named = ((begin, end) for begin, end, name in statistics_in(self.text) if name in statistics)
        names = self.names.union(*map(_held, machine))
        accounted = Accounted(
            frozenset(draft.kind for draft in machine),
            statistics,
            (
                *_spans(self.text, figures),
                *named,
                *understood_conditions(self.text, self.names),
                *_of_words(rules),
                *self.elsewhere,
            ),
            names,
            has_figure=any(draft.threshold is not None for draft in machine),
        )
        begin = match.end() if (match := _IDENTIFIER.match(self.text)) else 0
        tokens = [token for token in tokens_of(self.text) if token.begin >= begin]
        return list(segments_of(labels_of(tokens, accounted, self.tables)))


def _held(draft: Draft) -> Iterator[str]:
    """The words that the check itself looks for: a topic, the name of a metric, a class."""
    if draft.kind == "metric_named":
        # One of its words is enough for this check, so that it holds none of them.
        return
    parameters: Mapping[str, object] = dict(draft.parameters)
    for key in _LOOKED_FOR & parameters.keys():
        value = parameters[key]
        for word in (word for part in (value if isinstance(value, list) else [value]) for word in words_of(str(part))):
            yield from (word, f"{word}s", f"{word}es") if word.isalpha() else (word,)


def _stands(rule: Placed, figures: Sequence[Placed], segments: Sequence[Segment], reading: _Reading) -> bool:
    """Whether a rule asks something that no figure and no other rule of its words does.

    In a part of a sentence that states a figure, the figure is the question, and the words beside it are its own:
    `dashboards load in under 3 s` asks for no dashboard. Words of a condition ask for nothing, unless the check
    brings the whole of it about: `when /health is requested` is understood, `when a worker is down` is not.
    """
    if rule[0].judge != "machine":
        return True
    touched = [segment for segment in segments if _meets(rule[1], segment)]
    is_limited = any(draft.judge == "machine" for draft, _ in figures)
    if touched and all(segment.is_condition() and (is_limited or segment.left_over) for segment in touched):
        return False
    is_open = any(segment.left_over for segment in segments if not segment.is_label)
    if touched and all(segment.is_label for segment in touched) and (is_limited or is_open):
        # `GET /ready: p99 below 30 ms` names the route of a figure, and asks nothing else of it; no more does a label
        # before words that are not understood.
        return False
    # Where a service answers is no limit of its answers: `the API answers chat completions on port 9000`.
    limiting = [found for found in figures if found[0].judge == "machine" and _limits(found[0], rule, reading.text)]
    return not touched or any(not any(_meets(span, segment) for _, span in limiting) for segment in touched)


def _limits(figure: Draft, asked: Placed, text: str) -> bool:
    is_answering = asked[0].kind == "service" and _COMPLETES.search(text, *asked[1]) is not None
    return not (figure.kind == "port" and is_answering)


def _meets(span: tuple[int, int], segment: Segment) -> bool:
    return span[0] < segment.end and segment.begin < span[1]


def _of_words(rules: Iterable[Placed]) -> Iterable[tuple[int, int]]:
    """What the rules of machine criteria account for beside the words of their checks."""
    return (span for draft, _ in rules if draft.judge == "machine" for span in draft.spans)


def _spans(text: str, figures: Iterable[Placed]) -> Iterable[tuple[int, int]]:
    """What the figures of machine criteria hold: the figure itself, and the load and requests that it is kept with."""
    for draft, span in figures:
        if draft.judge != "machine":
            continue
        yield span
        if (negation := negation_before(text, span[0])) is not None:
            yield negation
        yield from draft.spans
        for key in _SAID if draft.load else _SAID[:1]:
            for said in str(draft.parameters.get(key, "")).split(", "):
                if said and (place := " ".join(text.split()).find(said)) >= 0:
                    yield place, place + len(said)


def _judged(
    text: str,
    placed: Sequence[Placed],
    segments: Sequence[Segment],
    tables: Lexicon,
    strictness: int,
    within: tuple[int, int],
) -> list[Placed]:
    tainted: dict[int, list[Label]] = {}
    apart: list[Segment] = []
    praised: list[Label] = []
    machine = [index for index, (draft, _) in enumerate(placed) if draft.judge == "machine"]
    for segment in segments:
        left_over = _counted(segment, tables, strictness)
        praised += segment.qualities
        if not left_over or segment.is_purpose():
            continue
        touched = [index for index in machine if _meets(placed[index][1], segment)]
        if segment.begin < within[0] or segment.begin >= within[1]:
            touched = machine
        elif not touched and _is_asked_apart(segment, segments, placed, tables):
            continue
        elif not touched and not (segment.is_bound(tables) or _is_consequence(segment, segments)):
            # What only the conditions speak of is not asked where the demand itself is not understood.
            touched = [index for index in machine if placed[index][1][1] <= within[0]]
            if not touched:
                apart += [] if _only_makes(segment, tables) else [segment]
                continue
        if not touched and _is_told_apart(segment, segments, placed, tables):
            apart += [] if _only_makes(segment, tables) else [segment]
            continue
        for index in touched or _of_clause(placed, segments, segment):
            tainted.setdefault(index, []).extend(left_over)
    found = [
        (_for_person(text, draft, tainted[index]) if index in tainted else _strict(draft, strictness), span)
        for index, (draft, span) in enumerate(placed)
    ]
    if any(draft.judge == "machine" for draft, _ in found):
        found += [(_apart(text, segment), (segment.begin, segment.end)) for segment in apart]
        # A rule may have left the same praise to a person already.
        said = " ".join(draft.reason for draft, _ in found if draft.judge != "machine").lower()
        praised = [label for label in praised if label.token.word not in said]
        found += [(_praise(text, praised), (len(text), len(text)))] if praised else []
    return found


def _is_asked_apart(segment: Segment, segments: Sequence[Segment], placed: Sequence[Placed], tables: Lexicon) -> bool:
    """Whether its figure is a person's criterion already, and narrows nothing: `15 GB memory, TTFT below 1 s`."""
    opening = (segment.labels[0].token.word,)
    if segment.is_aside or segment.is_label or segment.is_condition() or opening in tables.openers:
        return False
    begin, end = _clause_of(segment, segments) if segment.clause else (segment.begin, segment.end)
    within = [draft for draft, span in placed if span[0] < end and begin < span[1]]
    return any(draft.threshold for draft in within) and all(draft.judge == "person" for draft in within)


def _counted(segment: Segment, tables: Lexicon, strictness: int) -> tuple[Label, ...]:
    """The words left over that count: less strict readings let unknown words pass, never negations and figures."""
    left_over = segment.left_over
    if segment.is_label:
        left_over = tuple(label for label in left_over if (label.token.word,) not in tables.titles)
    never = tuple(label for label in left_over if label.is_never)
    if strictness >= TOLERANT or (strictness == LENIENT and len(left_over) - len(never) <= 1):
        return never
    return left_over


def _of_clause(placed: Sequence[Placed], segments: Sequence[Segment], segment: Segment) -> list[int]:
    """The machine criteria of the clause that a segment is part of; all of them where the clause has none."""
    begin, end = _clause_of(segment, segments)
    machine = [index for index, (draft, _) in enumerate(placed) if draft.judge == "machine"]
    within = [index for index in machine if placed[index][1][0] < end and begin < placed[index][1][1]]
    return within or machine


def _is_told_apart(segment: Segment, segments: Sequence[Segment], placed: Sequence[Placed], tables: Lexicon) -> bool:
    """Whether it is part of a sentence of its own, of which a machine judges nothing: what it asks stands apart.

    `Build the service, which talks with people. It listens on port 80.` A sentence that begins with what is not
    understood, or with a condition, may say of what the others hold.
    """
    begin, end = _clause_of(segment, segments)
    if any(draft.judge == "machine" and span[0] < end and begin < span[1] for draft, span in placed):
        return False
    first = next(other for other in segments if other.begin == begin)
    is_narrowing = first.is_label or first.is_aside or first.is_condition()
    is_known = not first.left_over or _only_makes(first, tables)
    return is_known and not is_narrowing and (first.labels[0].token.word,) not in tables.openers


def _only_makes(segment: Segment, tables: Lexicon) -> bool:
    """Whether only its verb is left over, and asks that the thing be there: `Build the service`."""
    verbs = {word for phrase in tables.makers for word in phrase}
    return all(label.token.word in verbs for label in segment.left_over)


def _clause_of(segment: Segment, segments: Sequence[Segment]) -> tuple[int, int]:
    """Where the clause that a segment is part of begins and ends."""
    parts = [other for other in segments if other.clause == segment.clause]
    return min(part.begin for part in parts), max(part.end for part in parts)


def _is_consequence(segment: Segment, segments: Sequence[Segment]) -> bool:
    """Whether it is the demand that a condition comes before: the condition alone asks for nothing."""
    before = [other for other in segments if other.clause == segment.clause and other.end <= segment.begin]
    for other in reversed(before):
        if other.is_condition():
            return True
        if any(label.token.word in _FORCE for label in other.labels):
            return False
    return False


def _strict(draft: Draft, strictness: int) -> Draft:
    if strictness > STRICT or draft.judge != "machine" or not draft.assumptions:
        return draft
    return replace(person(draft.assumptions[0], draft.threshold), assumptions=draft.assumptions)


def _for_person(text: str, draft: Draft, left_over: Sequence[Label]) -> Draft:
    words = _quoted(text, left_over)
    # A figure of another line is not asked here, where it is not even known what is asked.
    limit: Threshold | None = None if draft.borrowed_from else draft.threshold
    if limit is not None and not limit.subject.startswith(OTHER):
        # Under a name of its own, the figure is compared with no limit of the service.
        limit = replace(limit, subject=f"{OTHER}{limit.subject}")
    return replace(
        person(_sentence(words), limit), assumptions=draft.assumptions, notes=draft.notes, not_understood=tuple(words)
    )


def _apart(text: str, segment: Segment) -> Draft:
    part = text[segment.begin : segment.end].strip()
    words = _quoted(text, segment.left_over)
    return replace(person(f'of "{part}": {_sentence(words)}'), not_understood=tuple(words))


def _praise(text: str, praised: Sequence[Label]) -> Draft:
    words = _quoted(text, praised)
    return replace(
        person(f"whether {_listed(words)} is true of it, a person has to say: no figure shows it"),
        not_understood=tuple(words),
    )


def _sentence(words: Sequence[str]) -> str:
    return f"not judged by machine: {_listed(words)} {'is' if len(words) == 1 else 'are'} not understood"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _quoted(text: str, labels: Sequence[Label]) -> list[str]:
    """The words as they are written; neighbours are quoted as one."""
    found: list[list[Token]] = []
    for token in sorted((label.token for label in labels), key=lambda token: token.begin):
        if found and text[found[-1][-1].end : token.begin].strip(" -'\"/") == "":
            found[-1].append(token)
        else:
            found.append([token])
    return list(dict.fromkeys(text[group[0].begin : group[-1].end] for group in found))
