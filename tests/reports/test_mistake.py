from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest

from signoff.reports.mistake import Mistake, Words, in_words
from signoff.reports.model import Key, Rule, Wanted, converted
from signoff.reports.model_schema import json_schema
from signoff.reports.stored.stored_run import plain

WORDS = Words(
    wrong=("{within}{key} is {value}", "make it {wanted}"),
    unknown=("{name!r} is unknown{under}", "known: {wanted}"),
    missing=("{place} lacks {missing}", ""),
)


def _even(value: int) -> tuple[str, str] | None:
    return (f"{{{value}}} is odd", "take the next") if value % 2 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    words: ClassVar[Words] = Words(missing=("an inner has {wanted}", "add it"))

    size: int
    even: Annotated[int, Rule(_even)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """A model."""

    inner: Inner | None = None
    many: tuple[Inner, ...] = ()
    hint: Annotated[str, Key("mend"), Wanted("a text", "{key} cannot be {value}", "say {wanted}")] = ""
    note: Annotated[str, Key(kept_empty=False)] = ""


def said(value: Any) -> list[tuple[str, str]]:
    made, mistakes = converted(Outer, value)
    assert (made is None) is bool(mistakes)
    return [in_words(each, WORDS) for each in mistakes]


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ({"inner": {"size": "big"}}, "[inner] size is 'big'", "make it a whole number"),
        ({"many": [{"size": 1}, {"size": None}]}, "[many] size is None", "make it a whole number"),
        ({"many": 3}, "many is 3", "make it a list"),
        ({"hint": "x"}, "'hint' is unknown", "known: inner, many, mend, note"),
        ({"inner": {"size": 1, "big": 2}}, "'big' is unknown under [inner]", "known: size, even"),
        ({"inner": {}}, "an inner has size", "add it"),
        ({"mend": 7}, "mend cannot be 7", "say a text"),
        ({"inner": {"size": 1, "even": 3}}, "{3} is odd", "take the next"),
    ],
)
def test_a_mistake_is_said_in_the_words_of_its_field_its_model_or_its_file(value: Any, message: str, hint: str) -> None:
    assert said(value) == [(message, hint)]


def test_all_mistakes_are_found_at_once() -> None:
    assert len(said({"inner": {"size": "a", "even": 1}, "many": [{}], "mend": 1, "more": 2})) == 5


def test_with_a_table_a_place_is_below_it() -> None:
    mistake = Mistake(("between", 2), "wrong", [1], "a text")
    words = Words(wrong=("{key} of {table}", "{wanted}"))
    assert in_words(mistake, words, "resolve") == ("between[2] of resolve", "a text")
    inside = Words(wrong=("{key}", ""), inside=("{first}: {value}", ""))
    assert in_words(mistake, inside, "resolve") == ("between: [1]", "")


def test_a_key_of_another_name_is_read_written_and_published() -> None:
    made, _ = converted(Outer, {"mend": "renew it"})
    assert made == Outer(hint="renew it")
    assert plain(made) == {"inner": None, "many": [], "mend": "renew it"}
    assert plain(Outer(note="a"))["note"] == "a"
    assert list(json_schema(Outer, "outer", "", nulls=True)["properties"]) == ["inner", "many", "mend", "note"]
