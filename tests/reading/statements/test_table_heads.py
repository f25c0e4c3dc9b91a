"""Tables are typed by their heads: what stands in columns of their own is read together."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def table(head: str, *rows: str, heading: str = "Service levels") -> str:
    columns = "|---" * (head.count("|") + 1)
    return f"# Plover\n\n## {heading}\n\n| {head} |\n{columns}|\n" + "".join(f"| {row} |\n" for row in rows)


def limits(document: Document) -> list[tuple[str, str | None, str, float]]:
    return [
        (
            found.threshold.subject.removeprefix("other_"),
            found.threshold.statistic,
            found.threshold.comparator,
            found.threshold.value,
        )
        for found in document.criteria
        if found.threshold is not None
    ]


def test_quantity_statistic_target_and_load_are_one_demand(read: Read) -> None:
    document = read(
        table("ID | Quantity | Statistic | Target | Load", "N-1 | Time to first token | p95 | < 500 ms | 20 users")
    )
    (found,) = document.criteria
    assert found.text == "Time to first token p95: < 500 ms, with 20 users"
    assert limits(document) == [("ttft", "p95", "<", 500.0)]


@pytest.mark.parametrize(
    ("head", "row", "limit"),
    [
        ("Metric | Operator | Target | Unit", "TTFT p95 | < | 500 | ms", ("ttft", "p95", "<", 500.0)),
        ("What | Statistic | Limit (ms)", "TTFT | p99 | 900", ("ttft", "p99", "<=", 900.0)),
        ("Metric | Before | After", "TTFT p50 | 900 ms | 400 ms", ("ttft", "p50", "<=", 400.0)),
        ("Metric | Today | Target", "TTFT p50 | 900 ms | 400 ms", ("ttft", "p50", "<=", 400.0)),
        ("Metric | Floor | Last result", "Throughput | 8 req/s | 9 req/s", ("throughput", "rate", ">=", 8.0)),
        ("Metric | SLO | Alarm at", "TTFT p95 | 800 ms | 1.5 s", ("ttft", "p95", "<=", 800.0)),
        ("Quantity | Value | Method of measurement", "TTFT p95 | < 800 ms | load test", ("ttft", "p95", "<", 800.0)),
    ],
)
def test_the_role_of_a_column_comes_from_its_head(
    read: Read, head: str, row: str, limit: tuple[str, str, str, float]
) -> None:
    assert limits(read(table(head, row))) == [limit]


def test_each_column_of_a_percentile_is_a_demand(read: Read) -> None:
    document = read(table("Quantity | p50 | p95 | p99", "Time to first token | 400 ms | - | 2 s"))
    assert limits(document) == [("ttft", "p50", "<=", 400.0), ("ttft", "p99", "<=", 2.0)]


def test_a_row_that_begins_with_users_is_read_at_that_load(read: Read) -> None:
    document = read(table("Users at once | p95 of the whole answer", "8 | < 3 s", "32 | < 6 s"))
    assert [found.text for found in document.criteria] == [
        "p95 of the whole answer: < 3 s, with 8 users at once",
        "p95 of the whole answer: < 6 s, with 32 users at once",
    ]
    assert limits(document) == [("latency", "p95", "<", 3.0), ("latency", "p95", "<", 6.0)]


def test_the_rate_of_a_load_is_no_throughput_to_be_reached(read: Read) -> None:
    document = read(
        table("Quantity | Statistic | Target | Load", "Memory of the process | peak | 30 GB | 9 requests/s")
    )
    assert [limit[0] for limit in limits(document)] == ["memory"]


def test_an_unknown_head_keeps_its_words_in_the_text_and_needs_a_person(read: Read) -> None:
    (found,) = read(table("Metric | Target | Weather", "TTFT p95 | < 2 s | rain")).criteria
    assert "weather rain" in found.text
    assert (found.judge, found.not_understood) == ("person", ("weather rain",))


@pytest.mark.parametrize("head", ["Tier", "Model size", "Hardware", "Environment"])
def test_rows_of_tiers_are_alternatives_and_contradict_nothing(read: Read, head: str) -> None:
    document = read(table(f"{head} | p95 latency", "alpha | 2 s", "beta | 4 s"))
    assert [found.judge for found in document.criteria] == ["person", "person"]


def test_a_situation_with_a_status_is_a_condition_with_what_follows(read: Read) -> None:
    document = read(table("Situation | Status | Body", "the body is no JSON | 400 | names the field"))
    assert [found.text for found in document.criteria] == [
        "WHEN the body is no JSON, THEN the status is 400",
        "WHEN the body is no JSON, THEN names the field",
    ]


@pytest.mark.parametrize(
    ("head", "row", "text"),
    [
        ("Edge case | Behavior", "an empty prompt | refused with 400", "WHEN an empty prompt, THEN refused with 400"),
        ("Case | Action | Expected", "F1 | GET /health | 200", "WHEN I GET /health, THEN the status is 200"),
        ("Path | What has to be there", "/srv/w | weights", "/srv/w: weights"),
        ("Name | Type", "plover_requests_total | counter", "metric plover_requests_total (counter)"),
        (
            "What | Limit | Over",
            "Requests per key | 60 per minute | 429",
            "Requests per key: 60 per minute, above that 429",
        ),
    ],
)
def test_rows_that_were_left_out_are_read(read: Read, head: str, row: str, text: str) -> None:
    assert [statement.text for statement in read(table(head, row)).statements] == [text]


def test_a_recommended_figure_is_no_limit(read: Read) -> None:
    document = read(table("Item | Minimum | Recommended", "Memory of the process | 32 GB | 64 GB"))
    assert all(found.judge == "person" for found in document.criteria)


def test_a_comma_in_the_name_of_a_row_does_not_hide_what_it_is_about(read: Read) -> None:
    document = read(table("Metric | Target | Window", "New articles searchable, p95 | 10 s | load test"))
    assert [found.judge for found in document.criteria] == ["person"]


def test_a_demand_below_a_heading_that_is_a_route_is_about_that_route(read: Read) -> None:
    text = "# Plover\n\n### 2.1 GET /ready\n\n- p99 latency below 30 ms\n- `/live` answers with 200\n"
    assert [statement.text for statement in read(text).statements] == [
        "GET /ready: p99 latency below 30 ms",
        "/live answers with 200",
    ]
    latency, answer = read(text).criteria
    assert (latency.kind, latency.parameters["request"]["path"]) == ("latency", "/ready")
    assert (answer.kind, answer.parameters["request"]["path"]) == ("json_shape", "/live")
