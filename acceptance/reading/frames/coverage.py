"""Which words of a text its criteria account for, and which are left over.

The rule is that of PRECISE (Popescu, Etzioni, Kautz 2003): a text is understood where every word that carries meaning
has its place. A word is accounted for where a figure of a criterion holds it, where it names the statistic that is
judged, where the check of one of the criteria understands it, or where it says nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signoff.acceptance.reading.frames.lexicon import Lexicon, Phrase
from signoff.acceptance.reading.frames.tokens import Token

KEYWORDS, TOLERANT, LENIENT, COVERED, STRICT = 4, 3, 2, 1, 0
"""How strict the rule is: a keyword is enough; any unknown words are let pass; one; none; and none that is assumed."""
SHIPPED = COVERED


@dataclass(frozen=True, slots=True)
class Label:
    """What became of a token: whether it is accounted for, and what it is where it is not.

    `is_never` marks negations, quantifiers, conditions, comparisons and figures: no table of ignored words holds them.
    """

    token: Token
    is_covered: bool
    is_never: bool = False
    is_quality: bool = False
    statistic: str = ""
    is_inside: bool = False
    """Whether it goes on with what the token before it began: a figure, or a phrase of several words."""


@dataclass(frozen=True, slots=True)
class Accounted:
    """What the criteria of a text account for, beside the words of their checks."""

    kinds: frozenset[str]
    statistics: frozenset[str]
    spans: tuple[tuple[int, int], ...]
    names: frozenset[str]
    has_figure: bool = False


def labels_of(tokens: Sequence[Token], accounted: Accounted, lexicon: Lexicon) -> tuple[Label, ...]:
    """The label of each token; the longest phrase that a table knows counts."""
    found: list[Label] = []
    inside = _inside(tokens, accounted.spans)
    chains = _chains(tokens)
    most = max(map(len, accounted.names), default=0)
    place = 0
    while place < len(tokens):
        if inside[place]:
            found.append(Label(tokens[place], is_covered=True, is_inside=True))
            place += 1
            continue
        if found and _goes_on_with_a_name(tokens, chains[place], place, accounted.names, most):
            found.append(Label(tokens[place], is_covered=True, is_inside=True))
            place += 1
            continue
        length, label = _longest(tokens, place, accounted, lexicon, inside)
        found += [
            Label(token, *label, is_inside=token is not tokens[place]) for token in tokens[place : place + length]
        ]
        place += length
    return tuple(found)


_Read = tuple[bool, bool, bool, str]


def _longest(
    tokens: Sequence[Token], place: int, accounted: Accounted, lexicon: Lexicon, inside: Sequence[bool]
) -> tuple[int, _Read]:
    """How many tokens the longest phrase here has that says something, and what."""
    if tokens[place].sort == "mark":
        return 1, (True, False, False, "")
    words: list[str] = []
    for token in tokens[place : place + lexicon.longest.get(tokens[place].word, 0)]:
        if token.sort == "mark" or inside[place + len(words)]:
            break
        words.append(token.word)
    for count in range(len(words), 0, -1):
        read = _meaning(tuple(words[:count]), accounted, lexicon)
        if read is not None:
            return count, read
    token = tokens[place]
    word = token.word.removesuffix("'s")
    if word != token.word and (read := _meaning((word,), accounted, lexicon)) is not None:
        return 1, read
    # `Otter_API` is the API of Otter.
    parts = [part for part in word.split("_") if part]
    known = (part in accounted.names or (part,) in lexicon.fillers for part in parts)
    if word in accounted.names or word.removesuffix("service") in accounted.names or (parts and all(known)):
        return 1, (True, False, False, "")
    return 1, (False, token.sort in ("figure", "sign"), False, "")


def _chains(tokens: Sequence[Token]) -> list[int]:
    """For each token, where the tokens begin of which each is joined to the one before it."""
    found: list[int] = []
    before: Token | None = None
    for place, token in enumerate(tokens):
        goes_on = before is not None and token.is_joined and before.sort != "mark"
        found.append(found[-1] if goes_on else place)
        before = token
    return found


def _goes_on_with_a_name(tokens: Sequence[Token], first: int, place: int, names: frozenset[str], most: int) -> bool:
    """Whether a token is the rest of a name that is written with hyphens: the `2` of `Hermes-2`.

    `Hermes-900b` is another name than `Hermes`, as `Hermes-3` is where the document calls it `Hermes-2`. `most` is how
    long a name is at most.
    """
    if first == place or tokens[first].word not in names:
        return False
    longer = [name for name in names if name.startswith(tokens[first].word) and name != tokens[first].word]
    if longer and place - first < most:
        written = "".join(token.word for token in tokens[first : place + 1])
        return any(name.startswith(written) for name in longer)
    is_figure = tokens[place].sort == "figure"
    return not longer and is_figure and not (place + 1 < len(tokens) and tokens[place + 1].is_joined)


def _meaning(phrase: Phrase, accounted: Accounted, lexicon: Lexicon) -> _Read | None:
    kinds = lexicon.kinds.get(phrase)
    if kinds is not None and (not kinds.isdisjoint(accounted.kinds)):
        return True, False, False, ""
    statistic = lexicon.statistics.get(phrase)
    if statistic is not None:
        return statistic in accounted.statistics, True, False, statistic
    if phrase in lexicon.fillers or (phrase in lexicon.makers and not accounted.has_figure):
        return True, False, False, ""
    if phrase in lexicon.never:
        return False, True, False, ""
    if phrase in lexicon.qualities:
        return False, False, True, ""
    return None


def _inside(tokens: Sequence[Token], spans: Iterable[tuple[int, int]]) -> list[bool]:
    ordered = sorted(spans)
    found = []
    first = reach = 0
    for token in tokens:
        while first < len(ordered) and ordered[first][0] <= token.begin:
            reach, first = max(reach, ordered[first][1]), first + 1
        found.append(token.end <= reach)
    return found
