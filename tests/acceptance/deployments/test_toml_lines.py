"""The lines of a TOML text's keys."""

from __future__ import annotations

from signoff.acceptance.toml_lines import line_of, lines_of_keys

TEXT = """a = 1
[b]
"x y" = 2
c.d = 3
[[e]]
f = 4
[[e]]
f = [
  5,
]
[e.g]
h = 6
""".splitlines()


def test_keys_have_the_lines_that_they_stand_on() -> None:
    lines = lines_of_keys(TEXT)
    wanted = {("a",): 1, ("b",): 2, ("b", "x y"): 3, ("b", "c", "d"): 4, ("e", 0, "f"): 6, ("e", 1, "f"): 8}
    assert {place: lines[place] for place in wanted} == wanted
    assert (lines["e",], lines["e", 0], lines["e", 1]) == (5, 5, 7)
    assert lines["e", 1, "g", "h"] == 12


def test_what_has_no_line_has_the_one_around_it() -> None:
    lines = lines_of_keys(TEXT)
    assert line_of(lines, ("e", 1, "f", 0)) == 8
    assert line_of(lines, ("nowhere",)) == 1
