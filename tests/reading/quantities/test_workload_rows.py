"""Tables of workloads: the row says of which requests a figure holds, and a run asks its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def table(head: str, row: str, heading: str = "Acceptance criteria") -> str:
    columns = "|---" * head.count("|") + "|---"
    return f"# Speech helper\n\n## {heading}\n\n| {head} |\n{columns}|\n| {row} |\n"


@pytest.mark.parametrize("name", ["Workload", "Scenario", "Use case", "Request type", "Route"])
def test_the_row_of_a_workload_is_kept_beside_its_figures(read: Read, name: str) -> None:
    found = read(table(f"{name} | TTFT p95 | E2E p99 (s)", "summaries | < 2 s | 30")).criteria
    assert [(c.kind, c.parameters["population"]) for c in found] == [("ttft", "summaries"), ("latency", "summaries")]
    assert [c.load for c in found] == [{"requests": "summaries"}] * 2
    assert all('it holds only under "summaries"' in c.assumptions for c in found)


def test_under_a_heading_of_workloads_a_name_is_one(read: Read) -> None:
    (found,) = read(table("Name | p95 latency", "bulk | < 9 s", "Workloads")).criteria
    assert found.parameters["population"] == "bulk"


@pytest.mark.parametrize("name", ["Metric", "Name", "Indicator"])
def test_the_name_of_a_metric_is_no_workload(read: Read, name: str) -> None:
    (found,) = read(table(f"{name} | Target", "Latency p95 | < 9 s")).criteria
    assert found.kind == "latency"
    assert "population" not in found.parameters
    assert found.assumptions == ()


def test_a_row_for_people_needs_no_such_sentence(read: Read) -> None:
    (found,) = read(table("Workload | GPU memory", "bulk | < 9 GB")).criteria
    assert found.judge == "person"
    assert not any("run's own" in assumption for assumption in found.assumptions)
