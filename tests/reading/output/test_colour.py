from __future__ import annotations

from io import StringIO

import pytest

from signoff.acceptance.commands.console.colour import Palette, takes_colour


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "stream", "environment", "expected"),
    [
        ("auto", Terminal(), {}, True),
        ("auto", StringIO(), {}, False),
        ("auto", Terminal(), {"TERM": "dumb"}, False),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False),
        ("auto", Terminal(), {"NO_COLOR": ""}, True),
        ("auto", StringIO(), {"FORCE_COLOR": "1"}, True),
        ("auto", StringIO(), {"FORCE_COLOR": "0"}, False),
        ("auto", StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ("always", StringIO(), {"NO_COLOR": "1"}, True),
        ("never", Terminal(), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_unless_somebody_says_otherwise(
    choice: str, stream: StringIO, environment: dict[str, str], expected: bool
) -> None:
    assert takes_colour(choice, stream, environment) is expected


def test_colour_is_around_the_text_and_nothing_of_the_text_is_an_escape() -> None:
    assert Palette(True)("error", "a\x1b[0mb") == "\x1b[1;31ma⟨U+001B⟩[0mb\x1b[0m"
    assert Palette(False)("error", "a\x1b[0mb") == "a⟨U+001B⟩[0mb"
    assert Palette(True)("", "plain") == "plain"
    assert Palette(True)("error", "") == ""
