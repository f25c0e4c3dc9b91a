"""Figures for people."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reports.document.quantity import convert, duration, figure, moment, number, target
from signoff.reports.stored.threshold import Threshold
from signoff.reports.stored.verdict import Measured

FIGURES = st.floats(min_value=-1e14, max_value=1e14, allow_nan=False)


@given(FIGURES, FIGURES)
def test_a_rounded_figure_stands_on_the_same_side_of_the_limit(value: float, limit: float):
    shown = float(number(value, limit).replace(",", ""))
    assert (shown < limit, shown > limit) == (value < limit, value > limit)


@pytest.mark.parametrize(
    ("value", "limit", "shown"),
    [
        (1499.6, 1500, "1,499.6"),
        (1499.6, None, "1,500"),
        (412.371, 1500, "412.4"),
        (8192, None, "8,192"),
        (0.0000123456, None, "1.235e-05"),
        (0, None, "0"),
        (1e20, None, "1e+20"),
    ],
)
def test_four_digits_unless_the_limit_needs_more(value: float, limit: float | None, shown: str):
    assert number(value, limit) == shown


def test_a_measurement_is_shown_in_the_unit_of_its_limit():
    limit = Threshold(value=15, unit="GB", comparator="<", statistic="max", subject="memory")
    shown = figure(Measured(value=187_400_192, unit="bytes", samples=1240), limit)
    assert shown.text == "0.1874 GB (n = 1,240)"
    assert figure(Measured(value=187_400_192, unit="bytes"), None).text == "187.4 MB"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(1.0, 3.0, "2 s (1 to 3 s)"), (1.0, None, "2 s (at least 1 s)"), (None, 3.0, "2 s (at most 3 s)")],
)
def test_an_interval_may_have_one_end(low: float | None, high: float | None, shown: str):
    assert figure(Measured(value=2.0, unit="s", low=low, high=high), None).text == shown


def test_units_that_measure_different_things_are_not_converted():
    assert convert(1.0, "ms", "GB") is None
    assert convert(1500, "ms", "s") == pytest.approx(1.5)
    assert convert(5, "turns", "turns") == 5


def test_targets_durations_and_times_read_as_words():
    limit = Threshold(value=1500, unit="ms", comparator="<=", statistic="mean", subject="latency")
    assert target(limit) == "mean latency ≤ 1,500 ms"
    assert [duration(s) for s in (0.42, 43, 103, 7500)] == ["0.4 s", "43 s", "1 min 43 s", "2 h 5 min"]
    assert moment("2025-01-20T14:03:22+00:00") == "2025-01-20 14:03:22 UTC"
    assert moment("yesterday") == "yesterday"
