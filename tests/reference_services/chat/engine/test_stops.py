"""Stop strings, wherever the borders of tokens and chunks fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.chat.engine.stops import cut

TEXTS = st.lists(st.text("abc ", max_size=4), max_size=12)
STOPS = st.lists(st.text("abc ", min_size=1, max_size=5), max_size=3)


@given(TEXTS, STOPS)
def test_what_is_shown_is_the_text_before_the_stop_that_is_completed_first(texts: list[str], stops: list[str]) -> None:
    whole = "".join(texts)
    ended = cut(texts, stops)
    shown = "".join(ended.texts)
    # By letting the text grow letter by letter, as one would by hand.
    for length in range(len(whole) + 1):
        met = [stop for stop in stops if whole[:length].endswith(stop)]
        if met:
            assert ended.is_met
            assert shown == whole[: length - max(map(len, met))]
            break
    else:
        assert not ended.is_met
        assert shown == whole


@given(TEXTS, STOPS, st.integers(0, 30))
def test_the_borders_between_tokens_change_nothing_of_what_is_shown(
    texts: list[str], stops: list[str], at: int
) -> None:
    whole = "".join(texts)
    assert "".join(cut([whole[:at], whole[at:]], stops).texts) == "".join(cut(texts, stops).texts)
    assert "".join(cut(list(whole), stops).texts) == "".join(cut(texts, stops).texts)


@given(TEXTS, STOPS)
def test_the_tokens_that_complete_a_stop_count_and_no_later_one_does(texts: list[str], stops: list[str]) -> None:
    ended = cut(texts, stops)
    counted = len(ended.texts)
    if ended.is_met:
        assert any(stop in "".join(texts[:counted]) for stop in stops)
        assert counted == 1 or not any(stop in "".join(texts[: counted - 1]) for stop in stops)
    else:
        assert counted == len(texts)


@given(TEXTS, STOPS, st.integers(0, 12))
def test_a_stop_counts_only_where_it_is_completed_after_the_least_number_of_tokens(
    texts: list[str], stops: list[str], least: int
) -> None:
    whole, first = "".join(texts), len("".join(texts[:least]))
    ends = [end for stop in stops for end in range(first + 1, len(whole) + 1) if whole[:end].endswith(stop)]
    ended = cut(texts, stops, least)
    assert ended.is_met == bool(ends)
    if ends:
        assert len("".join(texts[: len(ended.texts)])) >= min(ends)
