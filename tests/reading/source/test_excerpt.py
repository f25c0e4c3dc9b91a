from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.acceptance.reading.source.excerpt import WIDTH, excerpt


def columns(text: str) -> int:
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def marked(line: str, column: int, width: int = 1) -> str:
    """What stands above the mark, as a terminal shows it."""
    shown, mark = excerpt(line, column, width)
    begin, end = mark.index("^"), len(mark)
    found, position = "", 0
    for sign in shown:
        if begin <= position < end:
            found += sign
        position += columns(sign)
    return found


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("- [ ] latency < 1 s", "latency"),
        ("\t- [ ]\tlatency", "latency"),
        ("服务 响应 latency", "latency"),
        ("e\u0301te\u0301 latency", "latency"),
        ("服务 响应 latency", "响应"),
        ("a" * 5000 + "latency" + "b" * 5000, "latency"),
        ("服" * 5000 + "latency" + "服" * 5000, "latency"),
        ("latency", "latency"),
    ],
)
def test_the_mark_stands_under_what_is_meant(line: str, part: str) -> None:
    assert marked(line, line.index(part) + 1, len(part)) == part


def test_what_cannot_be_seen_is_marked_as_its_code_point() -> None:
    assert marked("a\x1b[2Jb", 2) == "⟨U+001B⟩"
    assert marked("a\u202eb", 2) == "⟨U+202E⟩"


def test_a_mark_beyond_the_line_stands_at_its_end() -> None:
    assert excerpt("abc", 4) == ("abc", "   ^")
    assert excerpt("abc", 400, 5) == ("abc", "   ^")
    assert excerpt("", 1) == ("", "^")


def test_a_long_line_is_cut_on_both_sides_and_says_so() -> None:
    shown, mark = excerpt("x" * 500, 250, 3)
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert mark.endswith("^~~")


@given(st.text(max_size=400), st.integers(1, 450), st.integers(1, 500))
def test_no_excerpt_is_wider_than_a_terminal_and_each_has_a_mark(line: str, column: int, width: int) -> None:
    shown, mark = excerpt(line.replace("\n", " "), column, width)
    # One character more may stand at the end: a code point takes up to ten columns.
    assert columns(shown) <= WIDTH + 12
    assert mark.strip().startswith("^")
    assert set(mark.strip()[1:]) <= {"~"}
    assert "\n" not in shown
