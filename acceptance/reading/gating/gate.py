"""Which criteria of a statement a machine may judge: those of whose clause every word is understood.

The rest is a person's, and says which words are not understood; a part that stands on its own becomes a criterion of
its own, so that judging one half of a sentence never hides the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from signoff.acceptance.reading.drafts.criterion_draft import Draft, Placed
from signoff.acceptance.reading.frames.clauses import Segment, segments_of
from signoff.acceptance.reading.frames.conditions import understood_conditions
from signoff.acceptance.reading.frames.coverage import KEYWORDS, SHIPPED, Accounted, labels_of
from signoff.acceptance.reading.frames.lexicon import Lexicon, lexicon
from signoff.acceptance.reading.frames.tokens import tokens_of, words_of
from signoff.acceptance.reading.gating.judged_clauses import judged, meets
from signoff.acceptance.reading.gating.unknown_words import for_person_as_question
from signoff.acceptance.reading.quantities.comparator import negation_before
from signoff.acceptance.reading.quantities.statistic import statistics_in
from signoff.acceptance.reading.sections.scenario import asked_from

# `WHEN 10 users` and `P95 2 s` begin with no identifier: a blank within one needs a mark behind it.
_IDENTIFIER = re.compile(
    r"^\s*\W*(?!P\d\d\b)(?:[A-Z]{1,5}[A-Z0-9]*(?:[-_]?\d[\d.]*\s*[:.)\u2013-]?|[ ]\d[\d.]*\s*[:.)\u2013-])"
    r"|\d+(?:\.\d+)+\s*[:.)\u2013-]?)\s+"
)
# A negation turns these round: `never exceeds 2 s`, `not below 12 requests/s`; `not within 2 s` asks for nothing known.
_ABOVE = re.compile(
    r"\b(?:exceed\w*|(?:more|longer|greater|higher|slower|larger|later|worse|bigger) than|above|over|beyond|surpass\w*"
    r"|past|m\u00e1s|mehr|\u00fcber)\b|>",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"\b(?:below|under|(?:less|fewer|lower|smaller|shorter) than|fall\w*|drop\w*|short of|menos|unter|weniger)\b|<",
    re.IGNORECASE,
)
_MAY_USE = frozenset({"memory", "cpu", "disk", "context_length"})
_SAID = ("load", "population")
_WORKS = re.compile(
    r"\b(?:(?:chat|text)[ -]completions?|operational|functional|functioning|works?|working|running|loaded|up|healthy"
    r"|available|deployed|responsive)\b",
    re.IGNORECASE,
)
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
    if text.rstrip(" *_)`").endswith("?"):
        return [(for_person_as_question(draft), span) for draft, span in (*rules, *figures)]
    reading = _Reading(text, names, lexicon(), elsewhere)
    whole = reading.segments(figures, rules)
    kept = [rule for rule in rules if _stands(rule, figures, whole, reading)]
    kept = _without_parts_of_figures(kept, figures, whole, reading)
    segments = whole if len(kept) == len(rules) else reading.segments(figures, kept)
    within = limits if limits is not None else (asked_from(text), len(text))
    return judged(text, [*kept, *figures], segments, reading.tables, strictness, within)


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
    touched = [segment for segment in segments if meets(rule[1], segment)]
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
    return not touched or any(not any(meets(span, segment) for _, span in limiting) for segment in touched)


def _limits(figure: Draft, asked: Placed, text: str) -> bool:
    """Whether a figure is all that is asked by the words around it, what a rule says of them included.

    A port, or what a service may use, says nothing of whether it works: `operational on port 80 with 8 GB`.
    """
    is_beside = figure.threshold is None or figure.kind in _MAY_USE
    return not (asked[0].kind == "service" and is_beside and _WORKS.search(text, *asked[1]) is not None)


def _without_parts_of_figures(
    rules: Sequence[Placed], figures: Sequence[Placed], segments: Sequence[Segment], reading: _Reading
) -> list[Placed]:
    """The rules without those whose words only say of what a figure is: `TTFT of POST /v1/chat (streamed): < 1 s`.

    They are in parts without a verb, beside a figure of their clause that understands all of these words.
    """
    machine = [span for draft, span in figures if draft.judge == "machine" and draft.threshold is not None]
    limited = {segment.clause for segment in segments if any(meets(span, segment) for span in machine)}
    parts = {
        segment.begin
        for segment in segments
        if segment.clause in limited and (segment.is_aside or not segment.has_verb)
    }
    found = list(rules)
    for rule in rules:
        touched = [segment for segment in segments if meets(rule[1], segment)]
        if rule[0].judge != "machine" or not touched or not all(segment.begin in parts for segment in touched):
            continue
        without = reading.segments(figures, [other for other in found if other is not rule])
        if not any(segment.left_over or segment.qualities for segment in without if meets(rule[1], segment)):
            found.remove(rule)
    return found


def _of_words(rules: Iterable[Placed]) -> Iterable[tuple[int, int]]:
    """What the rules of machine criteria account for beside the words of their checks."""
    return (span for draft, _ in rules if draft.judge == "machine" for span in draft.spans)


def _spans(text: str, figures: Iterable[Placed]) -> Iterable[tuple[int, int]]:
    """What the figures of machine criteria hold: the figure itself, and the load and requests that it is kept with."""
    for draft, span in figures:
        if draft.judge != "machine":
            continue
        yield span
        # Only a comparator is turned round by it: `must not answer 200` asks for no 200.
        if draft.threshold is not None and (negation := negation_before(text, span[0])) is not None:
            said = text[negation[0] : span[1]]
            if (_ABOVE if draft.threshold.comparator in ("<", "<=") else _BELOW).search(said):
                yield negation
        yield from draft.spans
        for key in _SAID if draft.load else _SAID[:1]:
            for said in str(draft.parameters.get(key, "")).split(", "):
                if said and (place := " ".join(text.split()).find(said)) >= 0:
                    yield place, place + len(said)
