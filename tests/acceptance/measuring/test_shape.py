"""Comparing an answer with the JSON shape that a document shows."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from signoff.acceptance.measuring.answers.shape import differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_a_value_has_its_own_shape(value: object) -> None:
    if "..." not in json.dumps(value):
        assert differences(value, value) == []


@given(st.dictionaries(st.text(min_size=1, max_size=3), JSON, min_size=1), st.data())
def test_a_missing_key_is_always_found(value: dict[str, object], data: st.DataObject) -> None:
    lost = data.draw(st.sampled_from(sorted(value)))
    rest = {key: item for key, item in value.items() if key != lost}
    if lost != "...":
        assert any(lost in problem or repr(lost) in problem for problem in differences(value, rest))


def test_an_ellipsis_matches_anything_but_nothing() -> None:
    assert differences({"timestamp": "..."}, {"timestamp": 17}) == []
    assert differences({"timestamp": "..."}, {}) == ["the body has no 'timestamp'"]
    assert differences({"timestamp": "..."}, {"timestamp": None}) == ["timestamp is null"]


def test_more_keys_than_shown_are_no_difference() -> None:
    assert differences({"status": "ok"}, {"status": "ok", "model": "m"}) == []


def test_a_truth_value_is_not_a_number() -> None:
    assert differences({"loaded": True}, {"loaded": 1}) == ["loaded is 1, not True"]
    assert differences({"count": 1}, {"count": True}) == ["count is True, not 1"]
    assert differences({"count": 1}, {"count": 1.0}) == []


def test_an_empty_answer_lacks_everything() -> None:
    assert len(differences({"status": "healthy", "model": "m", "context_length": 8192}, {})) == 3


def test_a_list_may_go_on_where_it_ends_in_an_ellipsis() -> None:
    assert differences([1, "..."], [1, 2, 3]) == []
    assert differences([1], [1, 2]) == ["the body has 2 entries, not 1"]
