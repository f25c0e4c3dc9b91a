from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.acceptance.reading.quantities.quantity import Quantity, read_quantities
from signoff.acceptance.reading.quantities.units import UNITS

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
        ("p99.9 latency < 4 s", 4, "s", "<", "p99.9", "latency"),
        ("99% of requests complete within 2 s", 2, "s", "<=", "p99", "latency"),
        ("95 percent of all answers arrive in under 3 seconds", 3, "s", "<", "p95", "latency"),
        ("answers take 2 s on average", 2, "s", "<=", "mean", "latency"),
        ("memory stays below 8 GiB at all times", 8, "GiB", "<", "max", "memory"),
        ("time to first token < 800ms (median)", 800, "ms", "<", "p50", "ttft"),
        ("inter-token latency under 50 ms", 50, "ms", "<", "mean", "inter_token_latency"),
        ("at least 30 tokens/s", 30, "tokens/s", ">=", "rate", "token_rate"),
        ("error rate < 0.01", 0.01, "ratio", "<", None, "error_rate"),
        ("99.9% availability", 99.9, "%", ">=", None, "availability"),
        ("1200 requests per minute", 20, "requests/s", ">=", "rate", "throughput"),
        ("7200 queries per hour", 2, "requests/s", ">=", "rate", "throughput"),
        ("rate limit of 90 requests per minute", 1.5, "requests/s", "<=", "rate", "rate_limit"),
        ("limited to 10 req/s per client", 10, "requests/s", "<=", "rate", "rate_limit"),
        ("rate limit 30/min", 0.5, "requests/s", "<=", "rate", "rate_limit"),
        ("max 1 concurrent request", 1, "requests", "<=", "max", "concurrency"),
        ("no more than 8 sessions at once", 8, "requests", "<=", "max", "concurrency"),
        ("64 concurrent users", 64, "requests", ">=", "max", "concurrency"),
        ("supports up to 64 concurrent users", 64, "requests", ">=", "max", "concurrency"),
        ("concurrency limit: 4", 4, "requests", "<=", "max", "concurrency"),
        ("supports contexts up to 32K tokens", 32768, "tokens", ">=", "each", "context_length"),
        ("n_ctx = 4096", 4096, "tokens", "==", "each", "context_length"),
        ("context length: 8192", 8192, "tokens", ">=", "each", "context_length"),
        ("latency must not exceed 800 ms", 800, "ms", "<=", "mean", "latency"),
        ("response time of 500 ms or less", 500, "ms", "<=", "mean", "latency"),
        ("2 cores minimum", 2, "cores", ">=", "mean", "cpu"),
        ("ready within 90 seconds", 90, "s", "<=", "each", "load_time"),
        ("20 GB of free disk space", 20, "GB", ">=", None, "storage"),
        ("250% CPU", 2.5, "cores", "<=", "mean", "cpu"),
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
    ("text", "value", "comparator", "said"),
    [
        ("~2.4GB memory", 2.64, "<=", "10 %, since none is stated"),
        ("about 2 s latency", 2.2, "<=", "10 %, since none is stated"),
        ("2 GB of memory or so", 2, "<=", ""),
        ("memory 2 GB (or close to it)", 2.2, "<=", "10 %, since none is stated"),
        ("memory 2 GB ± 5%", 2.1, "<=", "5 % as stated"),
        ("memory 2 GB +/- 200 MB", 2.2, "<=", "10 % as stated"),
        ("latency of 400 ms give or take 25%", 500, "<=", "25 % as stated"),
        ("roughly 20 req/s", 18, ">=", "at least 18"),
        ("around 0.8 coherence", 0.72, ">=", "at least 0.72"),
        ("response time 200-500 ms", 500, "<=", "range from 200 to 500 ms"),
        ("20-30 req/s", 20, ">=", "range from 20 to 30 requests/s"),
        ("model loads in 30 to 60 s", 60, "<=", "range from 30 to 60 s"),
        ("100-200% CPU", 2, "<=", "range from 1 to 2 cores"),
        ("~100-200% CPU", 2.2, "<=", "about 2 cores"),
    ],
)
def test_what_is_about_right_or_a_range_becomes_a_limit_by_a_printed_rule(
    text: str, value: float, comparator: str, said: str
) -> None:
    found = read_one(text)
    assert (found.value, found.comparator) == (pytest.approx(value), comparator)
    assert any(said in sentence for sentence in found.assumptions)


def test_an_approximate_figure_keeps_both_its_sides() -> None:
    found = read_one("about 2 GB of memory")
    assert (found.low, found.high) == (1.8, 2.2)
    assert (read_one("2 GB of memory").low, read_one("2 GB of memory").high) == (None, None)


@pytest.mark.parametrize(
    ("text", "load", "population"),
    [
        ("p95 latency < 2 s at 20 req/s", "at 20 req/s", ""),
        ("p95 latency < 2 s, at 20 req/s", "at 20 req/s", ""),
        ("response time < 3s with 100 concurrent users", "with 100 concurrent users", ""),
        ("response time < 3s under normal load", "under normal load", ""),
        ("20 req/s for 30 minutes", "for 30 minutes", ""),
        ("memory below 4 GB during peak hours", "during peak hours", ""),
        ("latency < 1 s for prompts up to 2k tokens", "", "for prompts up to 2k tokens"),
        ("latency < 1 s with 512-token prompts under load", "under load", "with 512-token prompts"),
        ("latency < 1 s for short prompts", "", "for short prompts"),
        ("latency < 1 s", "", ""),
        ("optimized for long prompts, latency < 1 s", "", ""),
    ],
)
def test_what_only_says_when_a_figure_holds_is_kept_beside_it(text: str, load: str, population: str) -> None:
    found = read_one(text)
    assert (found.load, found.population) == (load, population)


def test_a_rate_that_has_to_be_sustained_is_a_limit_beside_the_latency() -> None:
    found, _ = read_quantities("Handles traffic at 40 req/s with p99 latency < 2 s")
    assert [(q.value, q.subject) for q in found] == [(40, "throughput"), (2, "latency")]


def test_each_of_two_figures_keeps_its_own_circumstances() -> None:
    memory, cpu = read_quantities("2GB memory for the small model, 4 CPU cores during inference")[0]
    assert (memory.population, memory.load) == ("for the small model", "")
    assert (cpu.population, cpu.load) == ("", "during inference")


def test_a_figure_without_a_statistic_has_that_of_the_one_before_it() -> None:
    found, _ = read_quantities("p99 latency: <= 80 ms (batch 1), <= 250 ms (batch 8)")
    assert [(q.value, q.statistic, q.load) for q in found] == [(80, "p99", "(batch 1)"), (250, "p99", "(batch 8)")]


def test_a_variable_that_is_set_states_no_limit() -> None:
    assert read_one("NUM_PARALLEL=2: no more than 2 requests at a time").comparator == "<="


def test_the_parts_of_a_sum_are_no_limits_of_their_own() -> None:
    assert read_one("Memory: 4GB (2.4GB model + 1.6GB runtime)").value == 4


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Response time < 20 florps", "unit"),
        ("latency of 20 florps", "unit"),
        ("a latency of 20florps", "unit"),
        ("latency <= 1500", "unit"),
        ("latency < 15mss", "unit"),
        ("about 7 widgets of memory", "unit"),
    ],
)
def test_a_figure_that_is_no_limit_is_returned_with_the_reason(text: str, why: str) -> None:
    found, failed = read_quantities(text)
    assert found == ()
    assert [why in item.why for item in failed] == [True]
    assert all(item.hint for item in failed)


@pytest.mark.parametrize(
    "text",
    [
        "Task 1.3 on port 11401",
        "vLLM 0.3.3",
        "Section 4.2",
        "Mixtral-8x7B",
        "2025-01-18",
        "192.168.10.29",
        "Latency over 4 services",
        "memory of 2 nodes",
        "the 3rd response",
        "latency on 5 prompts",
    ],
)
def test_numbers_that_are_no_quantities_are_left_alone(text: str) -> None:
    assert read_quantities(text) == ((), ())


@given(
    st.sampled_from(sorted(COMPARATORS)),
    st.decimals(min_value="0.001", max_value="999999", places=3, allow_nan=False),
    st.sampled_from(
        sorted(
            spelling
            for spelling, unit in UNITS.items()
            if not unit.scaled and not unit.needs and unit.dimension in SUBJECTS
        )
    ),
    st.sampled_from(["", " "]),
    st.sampled_from(["", " "]),
)
def test_a_written_limit_is_read_back(comparator: str, value, unit: str, gap: str, space: str) -> None:
    known = UNITS[unit]
    word, subject = SUBJECTS[known.dimension]
    gap = " " if comparator[-1].isalpha() else gap
    found = read_one(f"{word} {comparator}{gap}{value.normalize():f}{space}{unit}")
    assert found.value == pytest.approx(float(value) * known.factor, rel=1e-9)
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


@pytest.mark.parametrize(
    "text",
    ["1 ms, " * 200_000, "at 5 req/s " * 100_000, "(" * 1_000_000 + "5 GB", "~" * 1_000_000 + "5 GB"],
    ids=["figures", "loads", "brackets", "approximate"],
)
def test_a_line_of_a_megabyte_is_read_in_part_and_that_is_said(text: str) -> None:
    _, failed = read_quantities(text)
    assert any("characters" in item.why for item in failed)
