"""Replaces secrets in texts and in plain JSON by a mark.

A server that echoes a key must not spread it over the files of a run. The remaining text says that the key was
there: `MARK`. A text without a secret is unchanged, JSON stays JSON, and the operation is idempotent.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from signoff.perf.redaction.nested_texts import DEEPEST, Place, plain_texts, put, texts_in_json
from signoff.perf.redaction.secret_forms import SHORTEST, Forms
from signoff.perf.redaction.text_views import views, widened

MARK: Final = "[api key]"
_MARK: Final = MARK.encode()
_MOST_ROUNDS: Final = 50
_LISTS: Final = 6
"""Pieces of one text are looked for in lists so deep in one another."""
_TOO_DEEP: Final = "[nested too deeply]"
_HOLDS_A_SECRET: Final = re.compile(r"key|token|passw(or)?d|pwd|secret|credential|authorization", re.IGNORECASE)
_NUMBERS: Final = {int, float, bool, type(None)}
_SHORT: Final = 64
"""Texts up to this length, most of them names of fields, come again and again."""
_KNOWN_TEXTS: Final = 4096
_WINDOW: Final = 1 << 18
_OVERLAP: Final = 1 << 16
"""More characters than any form of a key."""


class Redactor:
    """Knows some secrets. `public` are texts whose pieces are none; one that is a name is as weak as a word."""

    def __init__(self, secrets: Iterable[str] = (), public: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self.secrets = tuple(dict.fromkeys(secret for secret in secrets if secret.strip()))
        small = (text.encode("utf-8", "surrogatepass").lower() for text in public)
        self._forms = Forms(self.secrets, small, frozenset(names))
        self.weak = frozenset(self._forms.weak)
        """Those that are as short or as plain as words."""
        self.numbers = frozenset(secret for secret in self.secrets if secret.isdecimal()) - self.weak
        """Those that a server could give back as a number in JSON."""
        self._least = 1 if self.weak else SHORTEST
        self._short = lru_cache(_KNOWN_TEXTS)(self._counted_text)

    def text(self, text: str) -> str:
        """The text without the secrets."""
        return self.counted_text(text)[0]

    def value(self, value: Any) -> Any:
        """Plain JSON without the secrets, in keys too; a secret in pieces is found over the elements of a list."""
        return self.counted(value)[0]

    def counted_text(self, text: str) -> tuple[str, int]:
        """The text without the secrets, and the number of removed ones."""
        if not self._forms or len(text) < self._least:
            return text, 0
        return self._short(text) if len(text) <= _SHORT else self._counted_text(text)

    def _counted_text(self, text: str) -> tuple[str, int]:
        data = text.encode("utf-8", "surrogatepass")
        cleaned, count = self._cleaned(data)
        if not count:
            return text, 0
        found = cleaned.decode("utf-8", "surrogatepass")
        if text.lstrip()[:1] in ("{", "["):
            found = self._still_json(text, found)
        return found, count

    def counted(self, value: Any) -> tuple[Any, int]:
        """Plain JSON without the secrets, and the number of removed ones."""
        if not self._forms:
            return value, 0
        walk = _Walk(self)
        cleaned = walk.value(value, 0, 0)
        return cleaned, walk.count

    def pieces(self, texts: Sequence[str]) -> list[str]:
        """Texts that came one after the other: also what only their sequence holds is taken out."""
        cleaned: list[str] = self.value(list(texts))
        return cleaned

    def is_told_as_secret(self, name: object, value: object) -> bool:
        """Whether a value is a secret too short for texts, under a name that says what it is."""
        return isinstance(value, str) and value in self.weak and _HOLDS_A_SECRET.search(str(name)) is not None

    def spans(self, data: bytes) -> list[tuple[int, int]]:
        """The disjoint parts of a text that contain a secret, in order. None of them crosses a mark."""
        found: list[tuple[int, int]] = []
        begin = 0
        for part in data.split(_MARK):
            found += [(begin + start, begin + end) for start, end in self._spans_between_marks(part)]
            begin += len(part) + len(_MARK)
        return found

    def _spans_between_marks(self, data: bytes) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        # Window after window: what a hostile text costs in memory does not grow with it.
        for begin in range(0, max(1, len(data) - _OVERLAP), _WINDOW):
            window = data[begin : begin + _WINDOW + _OVERLAP]
            for view in views(window):
                for start, end in (view.in_root(*each) for each in self._forms.found(view)):
                    found.append(widened(data, begin + start, begin + end))
        found.sort()
        apart: list[tuple[int, int]] = []
        for start, end in found:
            if apart and start <= apart[-1][1]:
                apart[-1] = apart[-1][0], max(end, apart[-1][1])
            else:
                apart.append((start, end))
        return apart

    def _cleaned(self, data: bytes) -> tuple[bytes, int]:
        count = 0
        # What is left beside a mark may read otherwise than it did: until nothing more is found.
        for _ in range(_MOST_ROUNDS):
            spans = self.spans(data)
            if not spans:
                break
            count += len(spans)
            edges = [0, *(edge for span in spans for edge in span), len(data)]
            data = _MARK.join(data[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
        return data, count

    def _still_json(self, text: str, cleaned: str) -> str:
        """The cleaned text where it is JSON as the text was; else its values cleaned one by one, and written again."""
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return cleaned
        wanted = self.value(value)
        try:
            if json.loads(cleaned) == wanted:
                return cleaned
        except (ValueError, RecursionError):
            pass
        end = text[len(text.rstrip()) :]
        return json.dumps(wanted, ensure_ascii=False, indent=1 if "\n" in text.strip() else None) + end


class _Walk:
    """One way through a value."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.count = 0

    def value(self, value: Any, depth: int, lists: int) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int | float):
            return self._number(value) if self._redactor.numbers else value
        if not isinstance(value, Mapping | list | tuple):
            return value
        if depth == DEEPEST:
            return self._too_deep(value)
        if isinstance(value, Mapping):
            return self._mapping(value, depth, lists)
        return self._list(value, depth, lists)

    def _text(self, text: str) -> str:
        cleaned, count = self._redactor.counted_text(text)
        self.count += count
        return cleaned

    def _number(self, number: float) -> Any:
        if str(number) in self._redactor.numbers:
            self.count += 1
            return MARK
        return number

    def _mapping(self, value: Mapping[Any, Any], depth: int, lists: int) -> dict[Any, Any]:
        cleaned: dict[Any, Any] = {}
        for name, item in value.items():
            shown = self._text(name) if isinstance(name, str) else name
            if shown in cleaned and shown != name:  # two names that were told apart by a secret
                shown = f"{shown} ({len(cleaned)})"
            if self._redactor.is_told_as_secret(name, item):
                self.count += 1
                cleaned[shown] = MARK
            else:
                cleaned[shown] = self.value(item, depth + 1, lists)
        return cleaned

    def _list(self, value: Sequence[Any], depth: int, lists: int) -> list[Any]:
        if not self._redactor.numbers and {type(item) for item in value} <= _NUMBERS:
            return list(value)
        items = list(value)
        # First over all of them: what one alone holds may be less than what its neighbours complete.
        if lists < _LISTS and len(items) > 1:
            self._together(items)
        return [self.value(item, depth + 1, lists + 1) for item in items]

    def _together(self, items: list[Any]) -> None:
        """Takes out what the texts in one place of the items hold only one after the other."""
        for texts_of in (plain_texts, texts_in_json):
            texts: dict[Place, list[tuple[int, str]]] = defaultdict(list)
            for number, item in enumerate(items):
                for path, text in texts_of(item):
                    texts[path].append((number, text))
            for path, pieces in texts.items():
                if len(pieces) > 1:
                    self._join(items, path, pieces)

    def _join(self, items: list[Any], path: Place, pieces: Sequence[tuple[int, str]]) -> None:
        cleaned, count = _without(self._redactor, [text for _, text in pieces])
        self.count += count
        for (number, text), left in zip(pieces, cleaned, strict=True):
            if left != text:
                items[number] = put(items[number], path, left)

    def _too_deep(self, value: Any) -> Any:
        try:
            text = json.dumps(value, ensure_ascii=False)
        except (ValueError, RecursionError):
            return _TOO_DEEP
        cleaned = self._text(text)
        return value if cleaned == text else cleaned


def _without(redactor: Redactor, texts: Sequence[str]) -> tuple[list[str], int]:
    """The pieces of one text: each mark is in the first piece that held a part of the secret."""
    pieces = [text.encode("utf-8", "surrogatepass") for text in texts]
    count = 0
    for _ in range(_MOST_ROUNDS):
        spans = redactor.spans(b"".join(pieces))
        if not spans:
            break
        count += len(spans)
        pieces = list(_cut(pieces, spans))
    return ([piece.decode("utf-8", "surrogatepass") for piece in pieces] if count else list(texts)), count


def _cut(pieces: Sequence[bytes], spans: Sequence[tuple[int, int]]) -> Iterator[bytes]:
    begin = at = 0
    for piece in pieces:
        end, kept, done = begin + len(piece), bytearray(), 0
        while at < len(spans) and spans[at][0] < end:
            start, stop = spans[at]
            kept += piece[done : max(0, start - begin)]
            if start >= begin:
                kept += _MARK
            done = min(stop, end) - begin
            if stop > end:
                break
            at += 1
        kept += piece[done:]
        yield bytes(kept)
        begin = end
