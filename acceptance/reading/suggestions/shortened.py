"""A text without some of its words, where the rest still is a sentence: a phrase that narrows it, an aside, a label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from signoff.acceptance.reading.frames.lexicon import lexicon
from signoff.acceptance.reading.frames.tokens import tokens_of

_Span = tuple[int, int]

_LONGEST_PHRASE = 3
_FEWEST_WORDS = 2
_LONGEST_LABEL = 60
_PREPOSITION = r"(?:of|for|to|in|on|at|with|by|from|into|via|through|over|as)"
_ARTICLE = r"(?:the|a|an|its|their)"
# What only leads to the words behind it, and says nothing once those are gone.
_LEADS = re.compile(rf"(?:\s+(?:{_PREPOSITION}|and))+(?:\s+{_ARTICLE})?\s*$", re.IGNORECASE)
_ONLY_LEADS = re.compile(rf"(?:\s|,|\b(?:{_PREPOSITION}|{_ARTICLE}|and)\b)*$", re.IGNORECASE)
_ADVERB = re.compile(r"\w+ly|fast|quickly|soon", re.IGNORECASE)
_END = re.compile(r"\s*(?:$|[,;:.)\]])")
_GOES_ON = re.compile(rf"\s+(?:{_PREPOSITION}|within|under|below|above)\b|\s*[<>=\u2264\u2265]", re.IGNORECASE)
# Words behind which something has to follow.
_UNFINISHED = re.compile(
    rf"\b(?:{_PREPOSITION}|{_ARTICLE}|and|or|but|that|which|is|are|be|was|were|must|shall|should|will|can|not|no|than)\s*$",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"\s*\([\w\s,;.-]*\)|\s*\[[\w\s,;.-]*\]")
_PART = re.compile(r"\s*,(?!\s*(?:then|when|if|given|while|and|but|or)\b)[^,;:()\[\]]*(?=$|[,;])", re.IGNORECASE)
_LABEL = re.compile(rf"^(?P<words>[^:]{{1,{_LONGEST_LABEL}}}):\s+")


def shortened(text: str, words: Sequence[str]) -> str:
    """The text without these words; "" where they cannot be left out, or where it would ask something else then.

    Negations, quantifiers, statistics, signs and figures are never left out.
    """
    spans = list(_places(text, words))
    if len(spans) < len(words):
        return ""
    for begin, end in reversed(_joined(text, spans)):
        cut = _phrase(text, begin, end) or _around(text, begin, end)
        if cut is None or _is_needed(text[cut[0] : cut[1]]):
            return ""
        text = text[: cut[0]] + text[cut[1] :]
    text = text.strip(" ,;:-")
    return "" if len(text.split()) < _FEWEST_WORDS or _UNFINISHED.search(text.rstrip(" .")) else text


def _places(text: str, words: Sequence[str]) -> Iterator[_Span]:
    found = (re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in words)
    return (match.span() for match in found if match is not None)


def _joined(text: str, spans: Sequence[_Span]) -> list[_Span]:
    """The places in their order, those that only leading words part as one."""
    found: list[_Span] = []
    for begin, end in sorted(spans):
        if found and (begin <= found[-1][1] or _ONLY_LEADS.match(text[found[-1][1] : begin])):
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def _phrase(text: str, begin: int, end: int) -> _Span | None:
    """The place with what leads to it, where that is a phrase of its own: `for the browser editor`, `efficiently`."""
    leads = _LEADS.search(text[:begin])
    if leads is None and not (_ADVERB.fullmatch(text[begin:end]) and text[:begin].strip()):
        return None
    start = len(text[:begin].rstrip()) if leads is None else leads.start()
    if not (_END.match(text, end) or _GOES_ON.match(text, end)) or _UNFINISHED.search(text[:start]):
        return None
    return (start, end) if text[:start].strip() else None


def _around(text: str, begin: int, end: int) -> _Span | None:
    """The aside or the part behind a comma that the place is in; the label in front that it is."""
    for pattern in (_ASIDE, _PART):
        for match in pattern.finditer(text):
            if match.start() <= begin and end <= match.end():
                return match.span()
    label = _LABEL.match(text)
    return label.span() if label is not None and label.span("words") == (begin, end) else None


def _is_needed(words: str) -> bool:
    """Whether the rest would ask something else without these words."""
    tokens = tokens_of(words)
    if any(token.sort in ("figure", "sign", "route") or any(map(str.isdigit, token.word)) for token in tokens):
        return True
    known = lexicon()
    return any(phrase in known.never or phrase in known.statistics for phrase in _phrases([t.word for t in tokens]))


def _phrases(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for length in range(1, _LONGEST_PHRASE + 1):
        for begin in range(len(words) - length + 1):
            yield tuple(words[begin : begin + length])
