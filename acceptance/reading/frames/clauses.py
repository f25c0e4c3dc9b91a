"""The labelled words of a text in segments: what is between commas, in brackets, between the words that join."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from signoff.acceptance.reading.frames.coverage import Label
from signoff.acceptance.reading.frames.lexicon import Lexicon

_JOINERS = frozenset({"and", "but", "plus", "also"})
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_ENDS = frozenset({".", ";", "?", "!"})
_SHORT = frozenset("max min approx ca etc vs no nr e.g i.e incl excl resp avg".split())
_VERBS = frozenset(
    "is are was were be must shall should will has have can does do gets get returns answers needs requires uses shows"
    " contains includes accepts keeps sends writes stores exposes gives says lists reports supports offers".split()
)
_NEGATIONS = frozenset("no not never nothing none nobody without doesn't isn't don't aren't cannot can't won't".split())
_CONDITIONS = frozenset({"when", "whenever", "while", "if", "given", "once"})
_PURPOSE = (("so", "that"), ("in", "order", "to"), ("so", "as", "to"), ("because",))


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a clause. `clause` counts the clauses of the text, which `;` and a full stop end."""

    labels: tuple[Label, ...]
    clause: int
    is_label: bool = False
    is_aside: bool = False

    @property
    def begin(self) -> int:
        return self.labels[0].token.begin

    @property
    def end(self) -> int:
        return self.labels[-1].token.end

    @property
    def left_over(self) -> tuple[Label, ...]:
        """The words that nothing accounts for; praise is apart, for it is asked of a person."""
        return tuple(label for label in self.labels if not label.is_covered and not label.is_quality)

    @property
    def qualities(self) -> tuple[Label, ...]:
        return tuple(label for label in self.labels if label.is_quality)

    @property
    def has_verb(self) -> bool:
        """Whether it says something of its own."""
        return any(label.token.word in _VERBS for label in self.labels)

    def is_purpose(self) -> bool:
        """Whether it says only what a demand is for, without a figure, a negation or a condition of its own."""
        words = tuple(label.token.word for label in self.labels[:3])
        return any(words[: len(opening)] == opening for opening in _PURPOSE) and not any(
            label.is_never for label in self.labels[3:]
        )

    def is_condition(self) -> bool:
        """Whether it only says when something else has to hold."""
        return self.labels[0].token.word in _CONDITIONS

    def is_narrowing(self, lexicon: Lexicon) -> bool:
        """Whether it begins with a negation or with a preposition, and says nothing of its own: `not counting 429`."""
        first = (self.labels[0].token.word,)
        return not self.has_verb and (first in lexicon.openers or first in lexicon.never)

    def is_bound(self, lexicon: Lexicon) -> bool:
        """Whether it narrows its neighbours (`per tenant`, `when a worker is down`), so that both are one."""
        if self.is_label or self.is_aside or (self.labels[0].token.word,) in lexicon.openers:
            return True
        has_verb = self.has_verb
        never = {label.token.word for label in self.left_over if label.is_never}
        if never and not (has_verb and never <= _NEGATIONS and self.labels[0].token.word not in never):
            return True
        if has_verb:
            return False
        return any((label.token.word,) in lexicon.openers for label in self.labels)


def segments_of(labels: Sequence[Label]) -> Iterator[Segment]:
    """The segments of a text, none of them empty; what a bracket holds is one of its own, bound to the rest."""
    outer: list[Label] = []
    aside: list[Label] = []
    found: list[Segment] = []
    clause = depth = named = 0
    before = ""
    for label in labels:
        word, is_mark = label.token.word, label.token.sort == "mark"
        if is_mark and word in _BRACKETS:
            depth = max(0, depth + _BRACKETS[word])
            if aside and not depth:
                found.append(Segment(tuple(aside), clause, is_aside=True))
                aside = []
        elif depth:
            aside += [] if is_mark else [label]
        elif is_mark or (word in _JOINERS and not label.is_inside):
            if outer:
                found.append(Segment(tuple(outer), clause))
                outer = []
            if word == ":" and not clause:
                named = len(found)
            if is_mark and word in _ENDS and not (word == "." and before in _SHORT):
                clause += 1
        else:
            outer.append(label)
        before = word
    found += [Segment(tuple(aside), clause, is_aside=True)] if aside else []
    found += [Segment(tuple(outer), clause)] if outer else []
    found[:named] = [replace(segment, is_label=True) for segment in found[:named]]
    yield from sorted(found, key=lambda segment: segment.begin)
