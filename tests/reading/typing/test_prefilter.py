"""A text in which an expression is found always holds one of the expression's needed_trigrams trigrams."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signoff.acceptance.reading.typing.prefilter import needed_trigrams, trigrams
from signoff.acceptance.reading.typing.rule_table import RULES

EXPRESSIONS = list(dict.fromkeys(pattern for rule in RULES for pattern in rule.words))
TOLD = [pattern for pattern in EXPRESSIONS if needed_trigrams(pattern) is not None]


def test_most_expressions_of_the_rules_have_telltales() -> None:
    assert len(TOLD) > 0.8 * len(EXPRESSIONS)


@settings(max_examples=200)
@given(st.data())
def test_no_text_that_matches_is_passed_over(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(TOLD))
    text = data.draw(st.from_regex(pattern))
    text = data.draw(st.sampled_from((text, text.upper(), text.lower(), text.swapcase())))
    tells = needed_trigrams(pattern)
    assert tells is not None
    assert not pattern.search(text) or not tells.isdisjoint(trigrams(text)), pattern.pattern


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("latency", {"lat"}),
        ("(?:memory|disk) usage", {" us"}),
        ("(?:memory|disk)", {"mem", "dis"}),
        ("(?:memory)?port", {"por"}),
        ("(?:memory)+", {"mem"}),
        ("ok|memory", None),
        ("(?!latency)", None),
        (r"\bup\b", None),
    ],
)
def test_telltales_are_what_cannot_be_left_out(expression: str, found: set[str] | None) -> None:
    assert needed_trigrams(re.compile(expression, re.IGNORECASE)) == found


def test_letters_that_an_expression_takes_for_others_are_folded_as_it_does() -> None:
    pattern = re.compile("kids wit", re.IGNORECASE)
    for text in ("KIDS WIT", "Kids wit", "kıds wit", "kidſ wİt"):
        assert pattern.search(text), text
        assert "kid" in trigrams(text)
