"""Answers from the prompt: finds what was stated earlier by the content words that a question shares with it.

Nothing else is known here. The statement that covers most of the question wins; of equals, the latest.
A statement that says of itself that it changes something wins over an older one that covers a little more.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from reference_services.chat.prompt import Message, Prompt
from reference_services.chat.words import content_words, sentences, stem, words

COVERAGE = 0.45
"""The share of a question's weight that a statement has to cover."""
UPDATE_TOLERANCE = 0.55
"""What a later statement with a word of change has to reach of the best one's weight."""

_ASKING = re.compile(
    r"^(?:(?:so|and|but|now|ok|okay|please|well|then|again|finally)[,:]?\s+)*"
    r"(?:what|which|who|whom|whose|where|when|why|how)\b",
    re.IGNORECASE,
)
_DEMANDING = re.compile(
    r"^(?:(?:so|and|but|now|please|then)[,:]?\s+)*"
    r"(?:(?:can|could|would|will) you\s+(?:please\s+)?)?(?:tell|remind|repeat|recall|name|state|give|list|say|quote)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"^(?:please\s+)?(?:can|could|would|will) you\b", re.IGNORECASE)
_KIND_ASKED = re.compile(r"\b(?:which|what|how)\s+([^\W\d_]+)", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(?:now|changed?|changes|instead|actually|correction|corrected|updated?|new|moved|renamed|no longer|"
    r"replaced|switched|rather than|anymore)\b",
    re.IGNORECASE,
)
_OWN_WORDS = re.compile(
    r"\b(?:i|we)\b.*\b(?:ask|asked|asking|say|said|saying|tell|told|telling|write|wrote|mention|mentioned|send|sent)\b"
    r"|\bmy\b.*\b(?:question|message|request|sentence|words)\b",
    re.IGNORECASE,
)
_THEIR_WORDS = re.compile(
    r"\byou\b.*\b(?:say|said|saying|answer|answered|reply|replied|tell|told|write|wrote|suggest|suggested)\b"
    r"|\byour\b.*\b(?:answer|reply|message|words)\b",
    re.IGNORECASE,
)
_SPEECH = frozenset(
    stem(word)
    for word in """
        question message request sentence words word write wrote send sent answer answered reply replied last
        previous prior before earlier first ago moment second time right exactly recent recently immediately
        conversation repeat quote again back suggest suggested now name state give list
        """.split()
)


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    words: frozenset[str]


def answer(prompt: Prompt) -> str | None:
    """The answer to the prompt's last question, or None where it asks nothing that a prompt could hold."""
    earlier, last = _split(prompt)
    parts = sentences(last)
    asked = [part for part in parts if _asks(part)]
    if not asked:
        return None
    question = asked[-1]
    before = [message for message in earlier if message.role != "assistant"]
    own = [*before, Message("user", "\n".join(parts[: parts.index(question)]))]
    if quoted := _quoted(question, earlier):
        return quoted
    wanted = content_words(question)
    if not wanted:
        return _not_told(question) if _ASKING.match(question) and _is_about_words(question) else None
    source = [message for message in earlier if message.role == "assistant"] if _is_theirs(question) else own
    found = _statements(question, wanted, _stated(source, question))
    if found:
        return " ".join(found)
    if _REQUEST.match(question) or _DEMANDING.match(question):
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
    return sentence.rstrip("\"'”’) ").endswith(("?", "？")) or bool(
        _ASKING.match(sentence) or _DEMANDING.match(sentence)
    )


def _is_about_words(question: str) -> bool:
    return bool(_OWN_WORDS.search(question) or _THEIR_WORDS.search(question))


def _is_theirs(question: str) -> bool:
    return bool(_THEIR_WORDS.search(question)) and not re.search(r"\b(?:did|have|had) i\b", question, re.IGNORECASE)


def _quoted(question: str, earlier: Sequence[Message]) -> str | None:
    """The message that a question about the conversation itself asks for, whole."""
    if not _is_about_words(question) or content_words(question) - _SPEECH:
        return None
    role = "assistant" if _is_theirs(question) else "user"
    said = [message.content.strip() for message in earlier if message.role == role]
    if not said:
        return None
    chosen = said[0] if re.search(r"\bfirst\b", question, re.IGNORECASE) else said[-1]
    speaker = "My words were" if role == "assistant" else "Your words were"
    return f"{speaker}: “{chosen}”"


def _stated(messages: Sequence[Message], question: str) -> list[_Statement]:
    found = []
    for message in messages:
        for sentence in sentences(message.content):
            if sentence == question or sentence.endswith(("?", "？")):
                continue
            if about := content_words(sentence):
                found.append(_Statement(sentence, about))
    return found


def _statements(question: str, wanted: frozenset[str], stated: Sequence[_Statement]) -> list[str]:
    """The statement that covers the question, and for a question about several things one for what it leaves open."""
    kinds = {stem(word.casefold()) for word in _KIND_ASKED.findall(question)}
    weights = {word: _weight(word, kinds, stated) for word in wanted}
    first = _best(wanted, weights, stated)
    if first is None:
        return []
    rest = wanted - first.words
    if " and " not in f" {' '.join(words(question))} " or not rest:
        return [first.text]
    others = [statement for statement in stated if statement is not first]
    second = _best(rest, weights, others, at_least=0.99)
    return [first.text] if second is None else [first.text, second.text]


def _weight(word: str, kinds: set[str], stated: Sequence[_Statement]) -> float:
    """Rare words say more than frequent ones; the kind of thing asked for (`which city`) need not be repeated."""
    holding = sum(word in statement.words for statement in stated)
    if not holding and word in kinds:
        return 0.1
    return math.log(1 + (len(stated) + 1) / (holding or 0.5))


def _best(
    wanted: frozenset[str],
    weights: dict[str, float],
    stated: Sequence[_Statement],
    at_least: float = COVERAGE,
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
