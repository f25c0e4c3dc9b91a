"""The moderator for a list of words and phrases; it is deterministic.

Words are compared whole and without regard to case, to width and other forms of compatibility (NFKD), to marks between
words and to characters that are not seen. "class" holds no listed "ass".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Sequence

from signoff.reference_services.chat.moderation.judgement import Flagged, Judgement

Phrase = tuple[str, ...]
CATEGORY = "listed"
MOST_KEPT = 1 << 14
"""Characters whose form is kept: more than any language is written with; Unicode has sixty times as many."""
_FLAGGED, _PASSED = (
    Judgement(True, {CATEGORY: True}, {CATEGORY: 1.0}),
    Judgement(False, {CATEGORY: False}, {CATEGORY: 0.0}),
)


class _Plain(dict[int, str]):
    """Each character as it is compared: nothing for invisible characters, a space for separators."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if unicodedata.category(char) == "Cf":
            found = ""
        else:
            plain = unicodedata.normalize("NFKD", char).casefold()
            found = "".join(each if unicodedata.category(each)[0] in "LNM" else " " for each in plain)
        if len(self) < MOST_KEPT:
            self[code] = found
        return found


_PLAIN = _Plain()


def words(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    return text.translate(_PLAIN).split()


def phrases(text: str) -> frozenset[Phrase]:
    """The phrases of a list: one a line; `#` begins a comment."""
    lines = (tuple(words(line.partition("#")[0])) for line in text.splitlines())
    return frozenset(line for line in lines if line)


class WordList:
    """Flags texts in which a phrase of the list occurs."""

    kind = "word list"
    is_available = True

    def __init__(self, listed: Collection[Phrase]) -> None:
        self.listed = frozenset(listed)
        self._lengths = sorted({len(phrase) for phrase in self.listed})

    @property
    def longest(self) -> int:
        """The words of the longest phrase."""
        return self._lengths[-1]

    def holds(self, said: Sequence[str]) -> bool:
        """Whether a phrase of the list is among these words, one after another."""
        return any(
            tuple(said[start : start + length]) in self.listed
            for length in self._lengths
            for start in range(len(said) - length + 1)
        )

    async def judge(self, texts: Sequence[str]) -> list[Judgement]:
        """A judgement on each text."""
        return [_FLAGGED if self.holds(words(text)) else _PASSED for text in texts]

    def screen(self) -> WordScreen:
        """What watches one answer."""
        return WordScreen(self)

    async def close(self) -> None:
        """Nothing is open."""


class WordScreen:
    """Holds the last words of an answer back, as many as a phrase may still need: none of a phrase is ever shown."""

    def __init__(self, listed: WordList) -> None:
        self._listed = listed
        self._shown = 0
        self._held = ""
        """From the beginning of a word."""

    async def add(self, text: str) -> int:
        """See `Screen.add`. A word that may continue is not judged yet."""
        self._held += text
        found = list(_spans(self._held))
        is_open = _is_open(self._held)
        if self._listed.holds([word for word, _ in found[: -1 if is_open else None]]):
            raise Flagged(_FLAGGED)
        needed = self._listed.longest - (not is_open)
        kept = found[-needed:] if needed else []
        free = kept[0][1] if kept else len(self._held)
        self._held = self._held[free:]
        self._shown += free
        return self._shown

    async def end(self) -> None:
        """See `Screen.end`."""
        if self._listed.holds(words(self._held)):
            raise Flagged(_FLAGGED)


def _spans(text: str) -> Iterator[tuple[str, int]]:
    """The words of a text, each with the place of its first character."""
    word, start = "", 0
    for place, char in enumerate(text):
        for each in _PLAIN[ord(char)]:
            if each == " ":
                if word:
                    yield word, start
                word = ""
            else:
                start = start if word else place
                word += each
    if word:
        yield word, start


def _is_open(text: str) -> bool:
    """Whether the text ends within a word."""
    plain = text.translate(_PLAIN)
    return bool(plain) and plain[-1] != " "
