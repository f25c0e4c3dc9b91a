"""Which criteria of a statement a machine may judge: those of whose clause every word is understood.

The rest is a person's, and says which words are not understood; a part that stands on its own becomes a criterion of its
own, so that judging one half of a sentence never hides the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from signoff.acceptance.criterion import Threshold
from signoff.acceptance.reading.drafts.criterion_draft import Draft, person
from signoff.acceptance.reading.drafts.unjudged_figure import OTHER
from signoff.acceptance.reading.frames.clauses import Segment, segments_of
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
from signoff.acceptance.reading.frames.tokens import Token, tokens_of

Placed = tuple[Draft, tuple[int, int]]

_IDENTIFIER = re.compile(r"^\s*\W*(?:[A-Z]{1,5}[A-Z0-9]*[-_ ]?\d[\d.]*|\d+(?:\.\d+)+)\s*[:.)\u2013-]?\s+")
_SAID = ("load", "population")


def understood(
    text: str, figures: Sequence[Placed], rules: Sequence[Placed], names: frozenset[str], strictness: int = SHIPPED
) -> list[Placed]:
    """The drafts of a text, those of clauses that are not understood left to a person.

    `figures` are those whose place is that of a figure, `rules` those that words ask for, `names` the document's own.
    """
    placed = [*rules, *figures]
    machine = [draft for draft, _ in placed if draft.judge == "machine"]
    if strictness >= KEYWORDS or not machine:
        return placed
    tables = lexicon()
    accounted = Accounted(
        frozenset(draft.kind for draft in machine),
        frozenset(draft.threshold.statistic or "" for draft in machine if draft.threshold is not None),
        (*_spans(text, figures), *(span for draft, _ in rules for span in draft.spans if draft.judge == "machine")),
        names,
    )
    begin = match.end() if (match := _IDENTIFIER.match(text)) else 0
    tokens = [token for token in tokens_of(text) if token.begin >= begin]
    segments = list(segments_of(labels_of(tokens, accounted, tables)))
    return _judged(text, placed, segments, tables, strictness)


def _spans(text: str, figures: Iterable[Placed]) -> Iterable[tuple[int, int]]:
    """What the figures of machine criteria hold: the figure itself, and the load and requests that it is kept with."""
    for draft, span in figures:
        if draft.judge != "machine":
            continue
        yield span
        yield from draft.spans
        for key in _SAID:
            for said in str(draft.parameters.get(key, "")).split(", "):
                if said and (place := " ".join(text.split()).find(said)) >= 0:
                    yield place, place + len(said)


def _judged(
    text: str, placed: Sequence[Placed], segments: Sequence[Segment], tables: Lexicon, strictness: int
) -> list[Placed]:
    tainted: dict[int, list[Label]] = {}
    apart: list[Segment] = []
    praised: list[Label] = []
    for segment in segments:
        left_over = _counted(segment, tables, strictness)
        praised += segment.qualities
        if not left_over or segment.is_purpose():
            continue
        touched = [
            index
            for index, (draft, (begin, end)) in enumerate(placed)
            if draft.judge == "machine" and begin < segment.end and segment.begin < end
        ]
        if not touched and not segment.is_bound(tables):
            apart.append(segment)
            continue
        for index in touched or _of_clause(placed, segments, segment):
            tainted.setdefault(index, []).extend(left_over)
    found = [
        (_for_person(text, draft, tainted[index]) if index in tainted else _strict(draft, strictness), span)
        for index, (draft, span) in enumerate(placed)
    ]
    if any(draft.judge == "machine" for draft, _ in found):
        found += [(_apart(text, segment), (segment.begin, segment.end)) for segment in apart]
        found += [(_praise(text, praised), (len(text), len(text)))] if praised else []
    return found


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
    begin = min(other.begin for other in segments if other.clause == segment.clause)
    end = max(other.end for other in segments if other.clause == segment.clause)
    machine = [index for index, (draft, _) in enumerate(placed) if draft.judge == "machine"]
    within = [index for index in machine if placed[index][1][0] < end and begin < placed[index][1][1]]
    return within or machine


def _strict(draft: Draft, strictness: int) -> Draft:
    if strictness > STRICT or draft.judge != "machine" or not draft.assumptions:
        return draft
    return replace(person(draft.assumptions[0], draft.threshold), assumptions=draft.assumptions)


def _for_person(text: str, draft: Draft, left_over: Sequence[Label]) -> Draft:
    words = _quoted(text, left_over)
    limit: Threshold | None = draft.threshold
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
