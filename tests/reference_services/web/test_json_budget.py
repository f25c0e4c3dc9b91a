"""The budget of JSON values: what it lets pass, what it refuses, and that counting is quick for whatever is sent."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.web.requests import json_budget, strict_json
from signoff.reference_services.web.requests.json_budget import OverBudget, TooManyValues

MB = 2**20
SIZE = 8 * MB
TEXTS = st.text(alphabet='ab\\"[]{},:1\né😀', max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


def counted(value: Any) -> tuple[int, int]:
    """Values and depth, the slow way; what is empty counts as two values."""
    inner = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    found = [counted(each) for each in inner]
    depth = max((depth for _, depth in found), default=0) + isinstance(value, (dict, list))
    is_empty = isinstance(value, (dict, list)) and not value
    return 1 + is_empty + sum(values for values, _ in found), depth


@given(value=VALUES, most=st.integers(1, 40), deepest=st.integers(1, 5), is_ascii=st.booleans())
def test_it_counts_as_a_reader_does(value: Any, most: int, deepest: int, is_ascii: bool) -> None:
    content = json.dumps(value, ensure_ascii=is_ascii).encode()
    values, depth = counted(value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_budget, "MOST_VALUES", most)
        patch.setattr(json_budget, "MOST_DEPTH", deepest)
        try:
            json_budget.check(content)
            is_read = True
        except OverBudget:
            is_read = False
    assert is_read == (values <= most and depth <= deepest)


@given(content=st.binary(max_size=60) | st.text(alphabet='[]{},:"\\ 1a', max_size=60).map(str.encode))
def test_whatever_is_sent_it_says_yes_or_no(content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_budget, "MOST_VALUES", 5)
        patch.setattr(json_budget, "MOST_DEPTH", 2)
        with contextlib.suppress(OverBudget):
            json_budget.check(content)


def filled(unit: bytes, around: tuple[bytes, bytes] = (b"", b"")) -> bytes:
    return around[0] + unit * (SIZE // len(unit)) + around[1]


HARD: dict[str, bytes] = {
    "numbers": filled(b"0,", (b"[", b"0]")),
    "opens": filled(b"["),
    "opens and closes": filled(b"[]"),
    "closes": filled(b"] ", (b"[" * 100, b"")),
    "strings without commas": filled(b'"" ', (b"[" * 100, b"")),
    "escapes without an end": filled(b'\\"', (b"[" * 101 + b'"', b"")),
    "a text of opens": filled(b"[", (b'{"a":"', b'"}')),
    "a text of commas": filled(b",", (b'{"a":"', b'"}')),
    "a backslash at the end": filled(b"a", (b"[" * 101 + b'"', b"\\")),
    "almost too long numbers": filled(b"9" * 1000 + b",", (b"[", b"9]")),
    "a text of almost too long numbers": filled(b"9" * 1000 + b"x", (b'["', b'"]')),
    "one number": filled(b"9"),
    "spaces": filled(b" ", (b"[" * 40 + b"{}," * 40, b"0")),
}


@pytest.mark.parametrize("name", HARD)
def test_the_hardest_texts_of_the_largest_size_are_counted_at_once(name: str) -> None:
    begin = time.monotonic()
    with contextlib.suppress(OverBudget):
        json_budget.check(HARD[name])
    # A tenth of a second where nothing else runs; what is not linear takes minutes.
    assert time.monotonic() - begin < 10


def test_what_is_too_much_is_told_apart_from_what_is_wrong() -> None:
    with pytest.raises(TooManyValues, match="more than 50000 values"):
        strict_json.read(b'{"a":[' + b"0," * 50_000 + b"0]}")
    with pytest.raises(TooManyValues, match="more than 1000 names"):
        strict_json.read(json.dumps({"a": {str(number): 0 for number in range(1001)}}).encode())
    for content, message in ((b"[" * 200_000, "nested too deeply"), (b'{"a":' + b"9" * 1001 + b"}", "more digits")):
        with pytest.raises(strict_json.NotJson, match=message):
            strict_json.read(content)
    # The same within a text is a text.
    text = "9" * 1001 + "," * 60_000 + "[" * 200
    assert strict_json.read(json.dumps({"a": text, "b": [{}] * 200}).encode())["a"] == text
