"""A figure of more digits than any float holds, in a document, is a figure that no answer has."""

from __future__ import annotations

from signoff.acceptance.measuring.answers.shape import differences

LONG = int("1" * 400)


def test_a_figure_of_400_digits_is_compared() -> None:
    assert differences({"port": LONG}, {"port": LONG}) == []
    assert len(differences({"port": LONG}, {"port": 8000})) == 1
    assert len(differences({"port": LONG}, {"port": 0.5})) == 1
    assert len(differences({"port": 8000}, {"port": LONG})) == 1
