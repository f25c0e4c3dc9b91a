"""An expression is searched for where it can be found: a text in which it is found always holds what it needs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.acceptance.reading.answers import outcomes, wrong_requests
from signoff.acceptance.reading.quantities import subject
from signoff.acceptance.reading.search.literals import EDGE, needed_literals
from signoff.acceptance.reading.search.sought import Sought, held_of_part
from signoff.acceptance.reading.typing.rule_table import RULES

OF_RULES = tuple(dict.fromkeys(each for rule in RULES for each in rule.words))
OF_OTHERS = tuple(
    each for module in (outcomes, wrong_requests, subject) for each in vars(module).values() if isinstance(each, Sought)
)


def test_most_expressions_are_left_out_by_what_they_need() -> None:
    assert sum(bool(sought.needed) for sought in (*OF_RULES, *OF_OTHERS)) > 0.9 * len((*OF_RULES, *OF_OTHERS))


@settings(max_examples=300)
@given(st.data())
def test_no_text_that_matches_is_passed_over(data: st.DataObject) -> None:
    sought = data.draw(st.sampled_from((*OF_RULES, *OF_OTHERS)))
    text = data.draw(st.from_regex(sought.expression))
    text = data.draw(st.sampled_from((text, text.upper(), text.lower(), text.swapcase())))
    around = data.draw(st.sampled_from(("{}", "The {} of it", "a{}b", "({})")))
    text = around.format(text)
    assert bool(sought.search(text)) == bool(sought.expression.search(text)), sought.pattern
    assert [match.span() for match in sought.finditer(text)] == [
        match.span() for match in sought.expression.finditer(text)
    ]


@settings(max_examples=300)
@given(st.data())
def test_no_part_that_matches_is_passed_over(data: st.DataObject) -> None:
    sought = data.draw(st.sampled_from((*OF_RULES, *OF_OTHERS)))
    whole = f"super{data.draw(st.from_regex(sought.expression))}s"
    part = whole[data.draw(st.integers(0, 12)) : len(whole) - data.draw(st.integers(0, 3))]
    assert bool(sought.search_part(part, whole)) == bool(sought.expression.search(part)), sought.pattern


def of(*literals: str) -> frozenset[str]:
    return frozenset(literal.replace("|", EDGE) for literal in literals)


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        ("latency", (of("latency"),)),
        (r"\blatency\b", (of("|latency|"),)),
        ("(?:memory|disk) used", (of("|used", "disk|"),)),
        (r"\b(?:memory|disk)\b", (of("|memory|", "|disk|"),)),
        ("(?:memory)?port", (of("memoryport", "port"),)),
        ("(?:memory)+", (of("memory"),)),
        ("20[14]", (of("201", "204"),)),
        (r"disk.{0,9}drive", (of("disk"), of("drive"))),
        (r"\w+: \d", (of(":"),)),
        (r"(?:disk)?\d*", ()),
        ("(?!latency)", ()),
        (r"\d(?= seconds)(?<=disk )", (of("|seconds"), of("disk|"))),
        (r"\d+\s", ()),
    ],
)
def test_needed_is_what_cannot_be_left_out(expression: str, needed: tuple[frozenset[str], ...]) -> None:
    assert sorted(map(sorted, needed_literals(expression, re.IGNORECASE))) == sorted(map(sorted, needed))


def test_letters_that_an_expression_takes_for_others_are_folded_as_it_does() -> None:
    sought = Sought(r"\bkids wit\b")
    for text in ("KIDS WIT", "Kids wit", "k\u0131ds wit", "kid\u017f w\u0130t", "\u212aids wit"):
        assert sought.expression.search(text), text
        assert sought.search(text), text


def test_a_word_that_a_part_begins_or_ends_in_may_be_another_word() -> None:
    assert Sought(r"\bmodel\b").search_part("model", "supermodels") is not None
    assert held_of_part("model", "supermodels") != held_of_part("supermodels", "supermodels")


def test_an_expression_that_comes_later_is_known_of_texts_that_were_read_before() -> None:
    text = "a zebra that nobody spoke of"
    assert Sought("zebra").search(text) is not None
    assert Sought("nobody spoke").search(text) is not None
    assert Sought("somebody").search(text) is None
