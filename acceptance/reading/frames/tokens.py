"""A text as tokens with their places: words, figures, routes, signs, and the marks that divide clauses."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Sort = Literal["word", "figure", "route", "sign", "mark"]

# A hyphen divides words, so that `end-to-end` and `end to end` are the same; `p95` and `max_tokens` are one word.
_TOKEN = re.compile(
    r"(?P<route>(?<![\w/.])(?:/[A-Za-z_{<:](?:[\w{}<>:*.-]*[\w{}<>*])?)+/?)"
    r"|(?P<figure>\d+(?:[.,]\d+)*)"
    r"|(?P<word>[^\W\d_][\w]*(?:['\u2019](?:s|t|re|ll)\b)?|_\w+)"
    r"|(?P<sign><=|>=|=>|==|!=|[<>=\u2264\u2265\u2260~\u2248\u00b1%\u2192\ufffd])"
    r"|(?P<mark>[;:()\[\]\u2013\u2014?!]|[,.](?=\s|$|[)\"'\u201d]))"
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text; `word` is what is compared: lower case, with a straight apostrophe."""

    word: str
    begin: int
    end: int
    sort: Sort
    is_joined: bool = False
    """Whether only a hyphen, a dot, or nothing is between it and the token before: the `2` of `Hermes-2`."""


def tokens_of(text: str) -> tuple[Token, ...]:
    """The tokens of a text, in its order; what is none of them (quotes, bullets) says nothing."""
    found: list[Token] = []
    for match in _TOKEN.finditer(text):
        sort: Sort = match.lastgroup  # type: ignore[assignment]
        word = match[0] if sort == "mark" else match[0].lower().replace("\u2019", "'").rstrip(".")
        between = text[found[-1].end : match.start()] if found else " "
        found.append(Token(word, match.start(), match.end(), sort, between in ("", "-", ".", "_")))
    return tuple(found)


def words_of(phrase: str) -> tuple[str, ...]:
    """A phrase of a word table as the words of its tokens."""
    return tuple(token.word for token in tokens_of(phrase) if token.sort != "mark")
