"""What is wrong with the data of a file, and the words for it: each file has sentences, each model may have its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Place = tuple[str | int, ...]
Sentence = tuple[str, str]
"""What is wrong, and what to do about it."""
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Sentences for mistakes, as templates of `str.format`; `in_words` lists what they may name.

    `inside` is for a wrong value within the value of a key. None leaves a mistake to the sentences of the file.
    """

    wrong: Sentence | None = None
    inside: Sentence | None = None
    unknown: Sentence | None = None
    missing: Sentence | None = None
    rule: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong; `place` are the keys and positions that lead to it.

    `wanted` names what a wrong value should be, the known keys beside an unknown one, or the keys that are missing.
    A rule of a field or of a model gives `message` and `hint`. `words` are those of the field or of the model.
    """

    place: Place
    code: Literal["wrong", "unknown", "missing", "rule"]
    value: Any = None
    wanted: str = ""
    message: str = ""
    hint: str = ""
    words: Words | None = None


def in_words(mistake: Mistake, words: Words, table: str = "") -> Sentence:
    """What is wrong and what to do about it, in the words of its field or model, else in those of the file.

    Without a `table` the first of several keys is one. {key} is the place below the table, {first} and {name} are
    the first and the last key, {within} and {under} name the table where there is one.
    """
    names = [part for part in mistake.place if isinstance(part, str)]
    below = mistake.place
    if not table and len(names) > 1:
        table, below = names[0], mistake.place[mistake.place.index(names[1]) :]
    elif not table:
        below = tuple(names)
    known = {
        "place": written(mistake.place),
        "table": table,
        "within": f"[{table}] " if table else "",
        "under": f" under [{table}]" if table else "",
        "key": written(below),
        "first": names[0] if names else "",
        "name": names[-1] if names else "",
        "value": shown(mistake.value),
        "missing": ", ".join(map(repr, mistake.value)) if mistake.code == "missing" else "",
        "wanted": mistake.wanted,
        "message": mistake.message,
        "hint": mistake.hint,
    }
    message, hint = _sentence(mistake, mistake.words) or _sentence(mistake, words) or ("{message}", "{hint}")
    return message.format_map(known), hint.format_map(known)


def _sentence(mistake: Mistake, words: Words | None) -> Sentence | None:
    if words is None:
        return None
    if mistake.code == "wrong" and words.inside is not None and len(mistake.place) > 1:
        return words.inside
    return {"wrong": words.wrong, "unknown": words.unknown, "missing": words.missing, "rule": words.rule}[mistake.code]


def written(place: Place) -> str:
    """A place as people write it: `criteria[3].measured`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).removeprefix(".")


def shown(value: Any) -> str:
    """A value for a message: a long one is cut."""
    text = value.isoformat() if isinstance(value, date) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
