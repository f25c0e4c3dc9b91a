"""Demands that contradict themselves, or that nobody can read: nothing is guessed of them, what is wrong is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.reading import Reading, read_all

BELOW_A_HEADING = "# Task 1.1: Some Service\n\n## Success Criteria\n\n"


def read(folder: Path, text: str) -> Reading:
    path = folder / "a.md"
    path.write_text(BELOW_A_HEADING + text, encoding="utf-8")
    reading, unreadable = read_all([path], KINDS)
    assert not unreadable
    return reading


@pytest.mark.parametrize(
    "demand",
    [
        "p95 latency below 500 ms, at least 900 ms",
        "Latency (p95) p99 < 5 ms",
        "p95 latency < 500 ms (p50)",
        "p95 of the mean latency < 500 ms",
        "GET /health answers 200 and answers 404",
        "GET /health must not answer 200",
        "GET /health does not answer with 200",
        "p95 latency < 500 ms and p95 latency > 800 ms",
        "Memory stays at least 4 GB and at most 2 GB",
        "The service must and must not answer GET /health with 200",
        "The service shall never answer GET /health with 404",
        "p95 latency \u4f4e\u4e8e 500 ms",
        "La latencia p95 must be < 500 ms cuando hay carga",
        "\u0632\u0645\u0646 \u0627\u0644\u0627\u0633\u062a\u062c\u0627\u0628\u0629 p95 < 500 ms",
    ],
)
def test_no_machine_judges_what_contradicts_itself_or_is_not_understood(tmp_path: Path, demand: str) -> None:
    criteria = read(tmp_path, f"- [ ] {demand}\n").documents[0].criteria
    assert criteria
    assert {criterion.judge for criterion in criteria} == {"person"}
    assert all(criterion.reason for criterion in criteria)


def test_half_a_table_is_said_with_its_line(tmp_path: Path) -> None:
    document = read(tmp_path, "| Metric | Target |\n| p95 latency | < 5 ms |\n\n| Metric | Target |\n|---|---|\n| x\n")
    found = {(told.code, told.line) for told in document.documents[0].diagnostics}
    assert {("table-unread", 5), ("table-row", 10)} <= found
    assert not any(criterion.judge == "machine" for criterion in document.documents[0].criteria)


def test_each_box_of_a_list_ten_deep_is_a_demand_of_its_own(tmp_path: Path) -> None:
    boxes = "".join(f"{'  ' * depth}- [ ] p95 latency < {depth + 1} ms\n" for depth in range(10))
    reading = read(tmp_path, boxes)
    criteria = reading.documents[0].criteria
    assert [(found.line, found.threshold and found.threshold.value) for found in criteria] == [
        (5 + depth, float(depth + 1)) for depth in range(10)
    ]
    assert reading.conflicts


def test_text_whose_direction_is_changed_is_said_with_its_place(tmp_path: Path) -> None:
    document = read(tmp_path, "- [ ] \u202ep95 latency < 500 ms\u202c\n").documents[0]
    assert ("character-hidden", 5, 7) in {(told.code, told.line, told.column) for told in document.diagnostics}


def test_the_figures_of_a_line_that_is_too_long_are_said_not_to_be_read(tmp_path: Path) -> None:
    document = read(tmp_path, f"- [ ] p95 latency < 5 ms {'x' * 1_000_000}\n").documents[0]
    assert ("quantity-unreadable", 5) in {(told.code, told.line) for told in document.diagnostics}
    assert {criterion.judge for criterion in document.criteria} == {"person"}
