from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acceptance.reading.quantity import Quantity, read_quantities
from acceptance.reading.units import UNITS

COMPARATORS = {
    "<": "<",
    "<=": "<=",
    "≤": "<=",
    ">": ">",
    ">=": ">=",
    "≥": ">=",
    "under": "<",
    "at most": "<=",
    "above": ">",
    "at least": ">=",
}
SUBJECTS = {
    "time": ("response", "latency"),
    "size": ("memory", "memory"),
    "tokens": ("context", "context_length"),
    "cores": ("cpu", "cpu"),
    "rate": ("throughput", "throughput"),
    "token_rate": ("decoding", "token_rate"),
    "ratio": ("coherence", "coherence"),
}


def read_one(text: str, about: str = "") -> Quantity:
    (found,), failed = read_quantities(text, about)
    assert failed == ()
    return found


@pytest.mark.parametrize(
    ("text", "value", "unit", "comparator", "statistic", "subject"),
    [
        ("1500ms average latency", 1500, "ms", "<=", "mean", "latency"),
        ("Response time < 1000ms", 1000, "ms", "<", "mean", "latency"),
        ("p95 latency below 2 s", 2, "s", "<", "p95", "latency"),
        ("latency of 2 s at the 99th percentile", 2, "s", "<=", "p99", "latency"),
        ("20 req/sec", 20, "requests/s", ">=", "rate", "throughput"),
        ("50 RPS", 50, "requests/s", ">=", "rate", "throughput"),
        ("Throughput of 20 requests per second", 20, "requests/s", ">=", "rate", "throughput"),
        ("Requests per second > 20", 20, "requests/s", ">", "rate", "throughput"),
        ("15GB memory", 15, "GB", "<=", "max", "memory"),
        ("memory at most 15 GiB", 15, "GiB", "<=", "max", "memory"),
        ("8K context", 8192, "tokens", ">=", "each", "context_length"),
        ("32k context window", 32768, "tokens", ">=", "each", "context_length"),
        ("8,192-token context", 8192, "tokens", ">=", "each", "context_length"),
        ("Load tests (response time <900ms)", 900, "ms", "<", "mean", "latency"),
        ("response time < 2 s under normal load", 2, "s", "<", "mean", "latency"),
        ("Code coverage >95%", 95, "%", ">", None, "coverage"),
        ("4 CPU cores", 4, "cores", "<=", "mean", "cpu"),
        ("Model loading time (target: < 120 seconds)", 120, "s", "<", "each", "load_time"),
        ("coherence >= 0.7", 0.7, "ratio", ">=", "mean", "coherence"),
        ("sessions expire within 30 minutes", 30, "min", "<=", None, "duration"),
    ],
)
def test_what_documents_write_is_read(
    text: str, value: float, unit: str, comparator: str, statistic: str | None, subject: str
) -> None:
    found = read_one(text)
    assert (found.value, found.unit, found.comparator) == (value, unit, comparator)
    assert (found.statistic, found.subject) == (statistic, subject)


def test_two_figures_in_one_sentence_keep_their_own_subjects() -> None:
    found, failed = read_quantities("Mixtral meets 2000ms latency and 50 RPS throughput targets")
    assert failed == ()
    assert [(q.value, q.subject) for q in found] == [(2000, "latency"), (50, "throughput")]


def test_an_enumeration_keeps_each_subject() -> None:
    found, _ = read_quantities("15GB available memory, 2TB storage space, 4 CPU cores")
    assert [(q.value, q.subject) for q in found] == [(15, "memory"), (2, "storage"), (4, "cpu")]


def test_a_label_says_what_a_bare_figure_is() -> None:
    assert read_one("15GB", "Memory").subject == "memory"
    assert read_one("15GB").subject == "size"


def test_each_thing_left_open_is_one_sentence() -> None:
    found = read_one("15GB memory")
    assert found.assumptions == (
        "GB is read as SI: 1 GB is 10^9 bytes",
        "no comparator is stated: at most 15 GB is asked for",
        "no statistic is stated for the memory: its highest value is judged",
    )
    assert read_one("mean latency < 1500 ms").assumptions == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("~2.4GB memory", "approximate"),
        ("about 2 s latency", "approximate"),
        ("100-200% CPU", "range"),
        ("Response time < 20 florps", "unit"),
        ("latency <= 1500", "unit"),
        ("latency < 15mss", "unit"),
    ],
)
def test_a_figure_that_is_no_limit_is_returned_with_the_reason(text: str, why: str) -> None:
    found, failed = read_quantities(text)
    assert found == ()
    assert [why in item.why for item in failed] == [True]
    assert all(item.mend for item in failed)


@pytest.mark.parametrize(
    "text", ["Task 1.3 on port 11401", "vLLM 0.3.3", "Section 4.2", "Mixtral-8x7B", "2025-01-18", "192.168.10.29"]
)
def test_numbers_that_are_no_quantities_are_left_alone(text: str) -> None:
    assert read_quantities(text) == ((), ())


@given(
    st.sampled_from(sorted(COMPARATORS)),
    st.decimals(min_value="0.001", max_value="999999", places=3, allow_nan=False),
    st.sampled_from(
        sorted(spelling for spelling, unit in UNITS.items() if not unit.scaled and unit.dimension in SUBJECTS)
    ),
    st.sampled_from(["", " "]),
    st.sampled_from(["", " "]),
)
def test_a_written_limit_is_read_back(comparator: str, value, unit: str, gap: str, space: str) -> None:
    known = UNITS[unit]
    word, subject = SUBJECTS[known.dimension]
    gap = " " if comparator[-1].isalpha() else gap
    found = read_one(f"{word} {comparator}{gap}{value.normalize():f}{space}{unit}")
    assert found.value == pytest.approx(float(value), rel=1e-12)
    assert (found.unit, found.comparator, found.subject) == (known.spelling, COMPARATORS[comparator], subject)


@given(st.integers(min_value=1, max_value=10**9), st.sampled_from(["ms", "GB", "req/s"]))
def test_thousands_may_be_set_apart_by_commas(value: int, unit: str) -> None:
    assert read_one(f"limit {value:,} {unit}").value == read_one(f"limit {value} {unit}").value == value


@given(st.text(max_size=80))
def test_no_text_breaks_the_grammar_and_places_lie_in_it(text: str) -> None:
    found, failed = read_quantities(text)
    for item in (*found, *failed):
        assert 0 <= item.begin < item.end <= len(text)


@given(st.sampled_from(["<", ">", "<=", ">="]), st.integers(0, 10**6), st.text(alphabet="qxzj", min_size=3, max_size=8))
def test_a_limit_in_an_unknown_unit_is_never_silent(comparator: str, value: int, unit: str) -> None:
    found, failed = read_quantities(f"it takes {comparator} {value} {unit}")
    assert found == ()
    assert len(failed) == 1
