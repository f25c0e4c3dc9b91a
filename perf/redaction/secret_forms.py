"""Forms in which a server can echo a secret, and their detection in a text.

What counts as an echoed secret, by its length in bytes:

    12 and more    any 8 characters of it in a row, and a masked one (`sk-ab****yz`: its beginning, a mask, its end)
    8 to 11        the whole of it
    less, or a     the whole of it, and only where a text says that it is one: behind `Bearer`, `api_key=`, `"token": `
    single word    and the like, because words such as `test` and `EMPTY` are in every text

Letters may be capital or small. Beside the secret itself this finds it in hexadecimal and in Base64 (both alphabets,
of any text around it); what a reading without escapes shows is found as well (perf/redaction/text_views.py).
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from signoff.perf.redaction.text_views import View

SHORTEST: Final = 8
"""A shorter secret is taken out only where a text says what it is."""
IN_PIECES: Final = 12
"""Of a secret of this length its pieces are taken out as well."""
PIECE: Final = 8
PIECE_OF_BASE64: Final = 10
"""Characters of Base64 that are fixed by eight bytes at any offset."""
_GRAM: Final = 4
"""Bytes that are looked at together, as one number, each after the last: every run of seven holds such a four."""
_WORD: Final = re.compile(r"[a-z]{1,15}|[A-Z]{1,15}|[A-Z][a-z]{1,14}")
_LEAST_BEGINNING, _LEAST_END, _LEAST_SHOWN, _MOST_SHOWN = 3, 2, 6, 40
_ANNOUNCED: Final = (
    rb"(?:(?i:bearer|basic)\s{1,8}"
    rb"|(?i:token|key|passw(?:or)?d|pwd|secret|credentials?|authorization)[\"'\]]?\s{0,8}[=:]\s{0,8})[\"'\[(]?"
)


def is_weak(secret: str) -> bool:
    """Whether it is so short, or so plain a word, that it cannot be distinguished from the words of any text."""
    return len(secret.encode("utf-8", "surrogatepass")) < SHORTEST or _WORD.fullmatch(secret) is not None


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write a secret, in small letters. `least` characters in a row of it count.

    Those that are `public` do not: they are in the names and documents of the run anyway.
    """

    text: bytes
    least: int
    public: frozenset[int] = frozenset()

    def counts(self, start: int, length: int) -> bool:
        """Whether this part reveals something of the secret."""
        if length < self.least:
            return False
        if not self.public or length == len(self.text):
            return True
        return sum(place not in self.public for place in range(start, start + length)) >= self.least


class Forms:
    """All forms of some secrets. `public` are texts in small letters whose pieces are no secrets, `names` words."""

    def __init__(self, secrets: Iterable[str], public: Iterable[bytes], names: Collection[str]) -> None:
        public = tuple(public)
        strong: list[bytes] = []
        weak: list[bytes] = []
        self.weak: set[str] = set()
        """Those that are as short or as plain as words."""
        for secret in secrets:
            written = secret.encode("utf-8", "surrogatepass")
            if is_weak(secret) or secret.lower() in names:
                self.weak.add(secret)
                weak.append(written)
            else:
                strong.append(written)
        self._grams: dict[int, list[tuple[Form, int]]] = defaultdict(list)
        for form in {form for secret in strong for form in _forms(secret, public)}:
            for place in range(len(form.text) - _GRAM + 1):
                self._grams[_numbers(form.text[place : place + _GRAM])[0]].append((form, place))
        self._masked = [_masked(secret.lower()) for secret in strong if len(secret) >= IN_PIECES]
        words = b"|".join(map(re.escape, sorted(weak, key=len, reverse=True)))
        self._announced = re.compile(_ANNOUNCED + rb"(" + words + rb")(?![\w-])") if weak else None

    def __bool__(self) -> bool:
        return bool(self._grams) or self._announced is not None

    def found(self, view: View) -> Iterator[tuple[int, int]]:
        """The parts of a view that hold a secret."""
        small = view.data.lower()
        if self._grams:
            yield from self._pieces(small)
        for masked in self._masked:
            for each in masked.finditer(small):
                if len(each.group(1)) + len(each.group(2)) >= _LEAST_SHOWN:
                    yield each.span()
        if self._announced is not None:
            yield from (each.span(1) for each in self._announced.finditer(view.data))

    def _pieces(self, text: bytes) -> Iterator[tuple[int, int]]:
        grams, done = self._grams, 0
        for place in [at * _GRAM for at, gram in enumerate(_numbers(text)) if gram in grams]:
            if place < done:
                continue
            for form, at in grams[_numbers(text[place : place + _GRAM])[0]]:
                start, end = _run(text, place, form.text, at)
                if form.counts(at - (place - start), end - start):
                    yield start, end
                    done = max(done, end)


def _masked(secret: bytes) -> re.Pattern[bytes]:
    """The beginning of a secret, a mask, and its end: as much of both as there is."""
    shown = b""
    for sign in reversed(secret[_LEAST_BEGINNING:_MOST_SHOWN]):
        shown = b"(?:%s%s)?" % (re.escape(bytes([sign])), shown)
    beginning = re.escape(secret[:_LEAST_BEGINNING]) + shown
    ends = b"|".join(re.escape(secret[-n:]) for n in range(min(len(secret), _MOST_SHOWN), _LEAST_END - 1, -1))
    return re.compile(rb"(%s)(?:\*{2,}|\.{3,}|(?:\xe2\x80\xa6|\xe2\x80\xa2)+)(%s)" % (beginning, ends))


def _numbers(text: bytes) -> memoryview:
    """Four bytes after four bytes as numbers; a rest of less is left out."""
    return memoryview(text)[: len(text) // _GRAM * _GRAM].cast("I")


def _run(text: bytes, place: int, form: bytes, at: int) -> tuple[int, int]:
    """How far text and form agree around a gram that they share."""
    start, before = place, at
    while start > 0 and before > 0 and text[start - 1] == form[before - 1]:
        start, before = start - 1, before - 1
    end, after = place + _GRAM, at + _GRAM
    while end < len(text) and after < len(form) and text[end] == form[after]:
        end, after = end + 1, after + 1
    return start, end


def _forms(secret: bytes, public: tuple[bytes, ...]) -> Iterator[Form]:
    is_long = len(secret) >= IN_PIECES
    small = secret.lower()
    yield Form(small, PIECE if is_long else len(small), _public(small, public) if is_long else frozenset())
    for written in {secret, small, secret.upper()}:
        hexadecimal = written.hex().encode()
        yield Form(hexadecimal, 2 * PIECE if is_long else len(hexadecimal))
        for before in range(3):
            for encoded in {
                base64.b64encode(bytes(before) + written),
                base64.urlsafe_b64encode(bytes(before) + written),
            }:
                sure = encoded.rstrip(b"=")
                # The first and the last character hold bits of the bytes beside the secret.
                sure = sure[(0, 2, 3)[before] : len(sure) - (len(encoded) != len(sure))].lower()
                yield Form(sure, PIECE_OF_BASE64 if is_long else len(sure))


def _public(secret: bytes, public: tuple[bytes, ...]) -> frozenset[int]:
    """The positions of a secret that are part of a public text."""
    pieces = ((at, secret[at : at + PIECE]) for at in range(len(secret) - PIECE + 1))
    others = [text.replace(secret, b" ") for text in public]
    known = [at for at, piece in pieces if any(piece in text for text in others)]
    return frozenset(place for at in known for place in range(at, at + PIECE))
