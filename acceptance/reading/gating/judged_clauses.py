"""Which clauses of a text the words that nothing accounts for narrow, and what becomes of their criteria."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from signoff.acceptance.reading.drafts.criterion_draft import Placed
from signoff.acceptance.reading.frames.clauses import Segment
from signoff.acceptance.reading.frames.coverage import LENIENT, TOLERANT, Label
from signoff.acceptance.reading.frames.lexicon import Lexicon, Phrase
from signoff.acceptance.reading.gating.unknown_words import apart, for_person, praise, strict

_EXCEPTS = frozenset(
    "apply applies count counts counted excepted exception exceptions exempt excluded excludes excluding exclude"
    " ignored ignoring disregarded except".split()
)
_PREDICATES = frozenset(
    "takes take answers responds completes finishes ends stays is are must shall should will has runs returns comes"
    " does may can needs uses lasts starts".split()
)
_FORCE = frozenset("must shall should will then is are".split())


def meets(span: tuple[int, int], segment: Segment) -> bool:
    """Whether a place is within a segment, in part at least."""
    return span[0] < segment.end and segment.begin < span[1]


def judged(
    text: str,
    placed: Sequence[Placed],
    segments: Sequence[Segment],
    tables: Lexicon,
    strictness: int,
    within: tuple[int, int],
) -> list[Placed]:
    """The drafts of a text: those of clauses with unknown words a person's, and what stands alone a criterion."""
    tainted: dict[int, list[Label]] = {}
    alone: list[Segment] = []
    praised: list[Label] = []
    machine = [index for index, (draft, _) in enumerate(placed) if draft.judge == "machine"]
    bounds = _bounds(segments)
    begun = _begun(segments)
    firsts = {segment.clause: segment for segment in reversed(segments)}
    consequences = _consequences(segments)
    for segment, is_consequence in zip(segments, consequences, strict=True):
        left_over = _counted(segment, tables, strictness)
        praised += segment.qualities
        if not left_over or segment.is_purpose():
            continue
        touched = [index for index in machine if meets(placed[index][1], segment)]
        is_beside = segment.is_aside or segment.labels[0].token.word == "or"
        if is_beside or (touched and segment.is_narrowing(tables)):
            # `below 2 s (3 s on Mondays)`: what is beside a limit in brackets, or another one, says when it holds.
            touched = sorted({*touched, *_of_clause(placed, machine, bounds[segment.clause])})
        elif any(label.token.word in _EXCEPTS for label in segment.labels):
            touched = machine
        if segment.begin < within[0] or segment.begin >= within[1]:
            touched = machine
        elif not touched and _is_asked_apart(segment, bounds[segment.clause], placed, tables):
            continue
        elif not touched and (follows := _of_predicate(begun.get(segment.begin), placed, machine)):
            # `Rollback tested, takes less than 10 minutes`: the verb that follows has its subject here.
            touched = follows
        elif not touched and not (segment.is_bound(tables) or is_consequence):
            # What only the conditions speak of is not asked where the demand itself is not understood.
            touched = [index for index in machine if placed[index][1][1] <= within[0]]
            if not touched:
                alone += [] if _only_makes(segment, tables) else [segment]
                continue
        if not touched and _is_told_apart(firsts[segment.clause], bounds[segment.clause], placed, tables):
            alone += [] if _only_makes(segment, tables) else [segment]
            continue
        touched = touched or _of_clause(placed, machine, bounds[segment.clause])
        if any(label.statistic for label in left_over):
            # A statistic is one of the figures of its clause, whatever other criterion its own part asks for.
            touched = sorted({*touched, *_of_clause(placed, machine, bounds[segment.clause])})
        for index in touched:
            tainted.setdefault(index, []).extend(left_over)
    found = [
        (for_person(text, draft, tainted[index]) if index in tainted else strict(draft, strictness), span)
        for index, (draft, span) in enumerate(placed)
    ]
    if any(draft.judge == "machine" for draft, _ in found):
        found += [(apart(text, segment), (segment.begin, segment.end)) for segment in alone]
        # A rule may have left the same praise to a person already.
        said = " ".join(draft.reason for draft, _ in found if draft.judge != "machine").lower()
        praised = [label for label in praised if label.token.word not in said]
        found += [(praise(text, praised), (len(text), len(text)))] if praised else []
    return found


def _is_asked_apart(segment: Segment, clause: tuple[int, int], placed: Sequence[Placed], tables: Lexicon) -> bool:
    """Whether its figure is a person's criterion already, and narrows nothing: `15 GB memory, TTFT below 1 s`."""
    opening = (segment.labels[0].token.word,)
    if segment.is_aside or segment.is_label or segment.is_condition() or opening in tables.openers:
        return False
    begin, end = clause if segment.clause else (segment.begin, segment.end)
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


def _bounds(segments: Sequence[Segment]) -> dict[int, tuple[int, int]]:
    """Where each clause begins and ends."""
    found: dict[int, tuple[int, int]] = {}
    for segment in segments:
        begin, end = found.get(segment.clause, (segment.begin, segment.end))
        found[segment.clause] = (min(begin, segment.begin), max(end, segment.end))
    return found


def _of_clause(placed: Sequence[Placed], machine: list[int], clause: tuple[int, int]) -> list[int]:
    """The machine criteria of a clause; all of them where it has none."""
    begin, end = clause
    within = [index for index in machine if placed[index][1][0] < end and begin < placed[index][1][1]]
    return within or machine


def _is_told_apart(first: Segment, clause: tuple[int, int], placed: Sequence[Placed], tables: Lexicon) -> bool:
    """Whether a sentence that begins with `first` is one of its own, of which a machine judges nothing.

    `Build the service, which talks with people. It listens on port 80.` A sentence that begins with what is not
    understood, or with a condition, may say of what the others hold.
    """
    begin, end = clause
    if any(draft.judge == "machine" and span[0] < end and begin < span[1] for draft, span in placed):
        return False
    is_narrowing = first.is_label or first.is_aside or first.is_condition()
    is_known = not first.left_over or _only_makes(first, tables)
    return is_known and not is_narrowing and (first.labels[0].token.word,) not in tables.openers


def _only_makes(segment: Segment, tables: Lexicon) -> bool:
    """Whether only its verb is left over, and asks that the thing be there: `Build the service`."""
    verbs = _words_in(tables.makers)
    return all(label.token.word in verbs for label in segment.left_over)


@lru_cache(maxsize=4)
def _words_in(phrases: frozenset[Phrase]) -> frozenset[str]:
    return frozenset(word for phrase in phrases for word in phrase)


def _of_predicate(following: Segment | None, placed: Sequence[Placed], machine: list[int]) -> list[int]:
    return [] if following is None else [index for index in machine if meets(placed[index][1], following)]


def _begun(segments: Sequence[Segment]) -> dict[int, Segment]:
    """By where a part begins, the next one of its clause, if that begins with a verb and so has no subject."""
    return {
        one.begin: other
        for one, other in pairwise(segments)
        if one.clause == other.clause and other.labels[0].token.word in _PREDICATES
    }


def _consequences(segments: Sequence[Segment]) -> Iterator[bool]:
    """Whether each is the demand that a condition comes before: the condition alone asks for nothing."""
    deciding: dict[int, list[Segment]] = {}
    for segment in segments:
        before = deciding.setdefault(segment.clause, [])
        last = next((other for other in reversed(before) if other.end <= segment.begin), None)
        yield last is not None and last.is_condition()
        if segment.is_condition() or any(label.token.word in _FORCE for label in segment.labels):
            before.append(segment)
