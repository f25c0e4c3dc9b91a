"""Answers from the prompt: finds what was stated earlier by the content words that a question shares with it.

Nothing else is known here. The statement that covers most of the question wins; of equals, the latest. A question
about the talk itself gets the message that it asks for, word by word.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from signoff.reference_services.chat.prompt.prompt import Message, Prompt
from signoff.reference_services.chat.prompt.words import content_words, sentences, stem

COVERAGE = 0.45
"""The share of a question's weight that a statement has to cover."""
COVERAGE_OF_ONE_OF_TWO = 0.3
"""The same where the question is about two things, so that no statement covers both."""
COVERAGE_OF_THE_OTHER = 0.9
"""The share of what the first statement left open that a second one has to cover."""
UPDATE_TOLERANCE = 0.7
"""What a later statement with a word of change has to reach of the best one's weight."""

_LEAD = r"^(?:(?:so|and|but|now|ok|okay|please|well|then|again|finally|sorry)[,:]?\s+)*"
_ASKING = re.compile(_LEAD + r"(?:what|which|who|whom|whose|where|when|why|how)\b", re.IGNORECASE)
_DEMANDING = re.compile(
    _LEAD + r"(?:(?:can|could|would|will) you\s+(?:please\s+)?)?"
    r"(?:tell|remind|repeat|recall|name|state|give|list|say|quote|mention)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(_LEAD + r"(?:can|could|would|will) you\b", re.IGNORECASE)
_KIND_ASKED = re.compile(r"\b(?:which|what|how)\s+([^\W\d_]+)", re.IGNORECASE)
_TWO_THINGS = re.compile(r"\b(?:and|both|together with|as well as|plus)\b", re.IGNORECASE)
_POINTS_BACK = re.compile(r"^(?:it|they|this|that|these|those|he|she)\b", re.IGNORECASE)
_MARKUP = re.compile(r"</?\w+[^<>]*>")
"""A line that only marks what is below or above it, as the source of a quotation."""
_CHANGE = re.compile(
    r"\b(?:now|changed?|changes|instead|actually|correction|corrected|updated?|new|moved|renamed|no longer|"
    r"replaced|switched|rather than|anymore)\b",
    re.IGNORECASE,
)
_SAYING = r"(?:ask|say|said|tell|told|writ|wrote|mention|sen[dt]|question|message|request|sentence|words)"
_OWN_WORDS = re.compile(rf"\b(?:i|we|my|our)\b.*\b{_SAYING}|\b{_SAYING}\w*\b.*\b(?:i|we)\b", re.IGNORECASE)
_THEIR_WORDS = re.compile(
    r"\b(?:did|have|had) you\b.*\b(?:say|said|answer|repl|tell|told|writ|wrote|suggest|recommend)"
    r"|\byour?\b.*\b(?:answer|reply|message|suggestion)\b",
    re.IGNORECASE,
)
_RECENT = re.compile(
    r"\b(?:just|last|previous|prior|before|earlier|first|again|recent\w*|repeat|ago|so far)\b", re.IGNORECASE
)
_ABOUT_THE_TALK = frozenset(
    stem(word)
    for word in """
        question message request sentence words word thing write wrote send sent answer answered reply replied say
        last previous prior before earlier first ago moment second time right exactly recent recently immediately
        conversation repeat quote again back suggest suggested name state give list now today currently current
        """.split()
)
"""Words about the talk itself and about the present: no statement is about them."""


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    words: frozenset[str]


def answer(prompt: Prompt) -> str | None:
    """The answer to the prompt's last message, or None where it asks nothing that a prompt could hold."""
    earlier, last = _split(prompt)
    parts = sentences(last)
    asking = [part for part in parts if _asks(part)]
    if not asking:
        return None
    question = " ".join(asking)
    wanted = content_words(question) - _ABOUT_THE_TALK
    if wanted:
        own = [*(message for message in earlier if message.role != "assistant"), _beside(parts, asking)]
    else:
        # "About the colour and the size: what are they?" in two sentences asks with the first.
        own = [message for message in earlier if message.role != "assistant"]
        wanted = content_words(" ".join(parts[: parts.index(asking[0])])) - _ABOUT_THE_TALK
    theirs = bool(_THEIR_WORDS.search(question))
    source = [message for message in earlier if message.role == "assistant"] if theirs else own
    found = _statements(last, wanted, _stated(source)) if wanted else []
    if found:
        return " ".join(found)
    if quoted := _quoted(question, earlier, theirs=theirs, sure=not content_words(question) - _ABOUT_THE_TALK):
        return quoted
    if not wanted and not theirs and not _OWN_WORDS.search(question):
        # "How are you?" is about nothing that could have been told.
        return None
    if _REQUEST.match(asking[0]) or not any(_is_question(part) or _ASKING.match(part) for part in asking):
        return None
    return _not_told(question)


def _split(prompt: Prompt) -> tuple[Sequence[Message], str]:
    if prompt.text is not None:
        return (), prompt.text
    users = [place for place, message in enumerate(prompt.messages) if message.role == "user"]
    if not users:
        return prompt.messages, ""
    return prompt.messages[: users[-1]], prompt.messages[users[-1]].content


def _asks(sentence: str) -> bool:
    return _is_question(sentence) or bool(_ASKING.match(sentence) or _DEMANDING.match(sentence))


def _is_question(sentence: str) -> bool:
    return sentence.rstrip("\"'”’) ").endswith(("?", "？"))


def _beside(parts: Sequence[str], asking: Sequence[str]) -> Message:
    """What the last message states before and beside its question."""
    return Message("user", "\n".join(part for part in parts if part not in asking))


def _quoted(question: str, earlier: Sequence[Message], *, theirs: bool, sure: bool) -> str | None:
    """The message that a question about the conversation itself asks for, whole."""
    if not (theirs or _OWN_WORDS.search(question)) or not (sure or _RECENT.search(question)):
        return None
    said = [message.content.strip() for message in earlier if message.role == ("assistant" if theirs else "user")]
    if not said:
        return None
    chosen = said[0] if re.search(r"\bfirst\b", question, re.IGNORECASE) else said[-1]
    return f"{'My' if theirs else 'Your'} words were: “{chosen}”"


def _stated(messages: Sequence[Message]) -> list[_Statement]:
    """The statements of some messages; one that begins with `it` is about what the one before it is about."""
    found: list[_Statement] = []
    for message in messages:
        before: frozenset[str] = frozenset()
        for sentence in sentences(message.content):
            about = content_words(sentence)
            if _POINTS_BACK.match(sentence):
                about |= before
            if about and not _is_question(sentence) and not _MARKUP.fullmatch(sentence):
                found.append(_Statement(sentence, about))
            before = about
    return found


def _statements(question: str, wanted: frozenset[str], stated: Sequence[_Statement]) -> list[str]:
    """The statement that covers the question, and for a question about two things one for what it leaves open."""
    kinds = {stem(word.casefold()) for word in _KIND_ASKED.findall(question)}
    weights = {word: _weight(word, kinds, stated) for word in wanted}
    two = bool(_TWO_THINGS.search(question))
    first = _best(wanted, weights, stated, COVERAGE_OF_ONE_OF_TWO if two else COVERAGE)
    if first is None:
        return []
    others = [statement for statement in stated if statement is not first]
    rest = frozenset(word for word in wanted - first.words if any(word in other.words for other in others))
    second = _best(rest, weights, others, COVERAGE_OF_THE_OTHER) if two and rest else None
    return [first.text] if second is None else [first.text, second.text]


def _weight(word: str, kinds: set[str], stated: Sequence[_Statement]) -> float:
    """Rare words say more than frequent ones; the kind of thing asked for (`which city`) need not be repeated."""
    holding = sum(word in statement.words for statement in stated)
    if not holding and word in kinds:
        return 0.1
    return math.log(1 + (len(stated) + 1) / (holding or 0.5))


def _best(
    wanted: frozenset[str], weights: dict[str, float], stated: Sequence[_Statement], at_least: float
) -> _Statement | None:
    total = sum(weights[word] for word in wanted)
    scores = [sum(weights[word] for word in wanted & statement.words) for statement in stated]
    most = max(scores, default=0.0)
    if not most or most < at_least * total:
        return None
    first = scores.index(most)
    for place in range(len(stated) - 1, first, -1):
        tolerance = UPDATE_TOLERANCE if _CHANGE.search(stated[place].text) else 1 - 1e-9
        if scores[place] >= tolerance * most:
            return stated[place]
    return stated[first]


def _not_told(question: str) -> str:
    ways = (
        "Nothing in our conversation so far says so.",
        "I have no record of that in what I was given.",
        "That has not come up in this conversation, so I cannot say.",
        "I was given nothing about it.",
    )
    return ways[sum(question.encode("utf-8", "replace")) % len(ways)]
