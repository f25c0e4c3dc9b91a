"""Figures that only look like a limit of the service: a run must not judge them, and they contradict no limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.criterion import Criterion
from acceptance.reading import Document, read_documents

Read = Callable[[str], Document]

NOT_JUDGED = [
    ("latency", "Page the on-call when mean latency exceeds 3 s"),
    ("ttft", "An alert fires once TTFT p95 is above 4 s"),
    ("latency", "Roll back if p95 latency is over 5 s"),
    ("error_rate", "Shift 10 % of traffic to the candidate"),
    ("error_rate", "MBPP pass@1 of at least 60 %"),
    ("latency", "`helm upgrade` must complete within 10 min"),
    ("latency", "If two replicas fail within 20 s, requests are answered by the third"),
    ("latency", "Passages are retrieved within 90 ms (p95)"),
    ("latency", "Overhead of the proxy: p99 < 15 ms"),
    ("memory", "`nvidia-smi` prints less than 30000 for memory used"),
    ("throughput", "At least 2,000 output tokens/s over all replicas"),
    ("streaming", "20 tokens/s for a single stream"),
    ("chat_roles", "The system prompt is never revealed"),
]
JUDGED = [
    ("latency", "When ten clients chat, p95 latency is below 2 s"),
    ("latency", "Requests complete within 2 minutes"),
    ("error_rate", "At most 1 % of requests fail"),
    ("latency", "p95 latency < 2 s; alerts are configured"),
    ("streaming", "Answers are streamed token by token"),
    ("chat_roles", "System messages are accepted"),
]


def of(read: Read, text: str, heading: str = "Acceptance Criteria") -> tuple[Criterion, ...]:
    return read(f"# Acceptance of a model server\n\nMEMORY_GB=20\n\n## {heading}\n\n- [ ] {text}\n").criteria


@pytest.mark.parametrize(("kind", "text"), NOT_JUDGED)
def test_a_figure_about_something_else_is_left_to_a_person(read: Read, kind: str, text: str) -> None:
    found = of(read, text)
    assert found
    assert kind not in [criterion.kind for criterion in found if criterion.judge == "machine"]


@pytest.mark.parametrize(("kind", "text"), JUDGED)
def test_a_limit_near_such_words_is_judged_all_the_same(read: Read, kind: str, text: str) -> None:
    assert kind in [criterion.kind for criterion in of(read, text) if criterion.judge == "machine"]


def test_the_figure_of_a_warning_contradicts_no_limit(tmp_path: Path) -> None:
    path = tmp_path / "task.md"
    path.write_text("# Wren-3 Service\n\n- [ ] mean latency < 1 s\n- [ ] alert fires if mean latency > 3 s\n")
    assert read_documents([path]).conflicts == ()


def test_under_a_heading_of_warnings_no_figure_is_a_limit(read: Read) -> None:
    (criterion,) = of(read, "p95 latency above 2 s", "Escalate if")
    assert criterion.judge == "person"
    assert "warned" in criterion.reason


def test_the_time_by_which_a_limit_holds_again_is_none_itself(read: Read) -> None:
    found = of(read, "p95 latency is under 900 ms again within 3 minutes")
    assert [(c.threshold.value, c.judge) for c in found if c.threshold] == [(900, "machine"), (3, "person")]


def test_the_cores_a_share_is_taken_of_are_no_limit(read: Read) -> None:
    (criterion,) = of(read, "CPU usage under 50 % of 8 cores")
    assert criterion.threshold is not None
    assert (criterion.threshold.value, criterion.threshold.unit) == (4, "cores")


def test_the_name_of_a_row_asks_for_nothing_where_its_cell_holds_a_figure(read: Read) -> None:
    table = "| Workload | TTFT p95 target |\n|---|---|\n| RAG | 700 ms |\n"
    assert [criterion.kind for criterion in read(f"# Plan\n\n## Targets\n\n{table}").criteria] == ["ttft"]


def test_a_name_and_its_percentile_say_together_what_is_limited(read: Read) -> None:
    table = "| Indicator | How measured | Target |\n|---|---|---|\n| Time to first token, p95 | probe | 500 ms |\n"
    document = read(f"# Sheet\n\n{table}")
    assert [criterion.kind for criterion in document.criteria] == ["ttft"]
    assert not document.diagnostics


def test_a_short_form_with_a_full_stop_ends_no_clause(read: Read) -> None:
    found = of(read, "Resident memory: max. 5 GB. VRAM: max. 7 GB.")
    assert [c.threshold.subject for c in found if c.threshold] == ["memory", "gpu_memory"]


def test_a_limit_for_each_temperature_of_a_start_is_no_contradiction(tmp_path: Path) -> None:
    path = tmp_path / "task.md"
    path.write_text("# Wren-3 Service\n\n- [ ] Start-up: under 20 s with warm cache, under 4 min cold\n")
    assert read_documents([path]).conflicts == ()


def test_a_rate_with_users_is_another_than_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "task.md"
    path.write_text("# Wren-3 Service\n\n- [ ] Serves 30 req/s\n- [ ] 12 req/s with 40 parallel users\n")
    assert read_documents([path]).conflicts == ()


def test_a_number_and_blanks_begin_a_requirement(read: Read) -> None:
    document = read("# Task\n\n## Functions\n\nFR-1  Vectors have 768 dimensions.\nFR-2  Bodies are not logged.\n")
    assert [statement.line for statement in document.statements] == [5, 6]


def test_a_line_that_says_what_has_to_be_done_begins_a_list_of_demands(read: Read) -> None:
    document = read("# A box\n\nWhat it has to do:\n\n- survive a reboot\n- idle below 50 W\n")
    assert [statement.line for statement in document.statements] == [5, 6]


def test_concurrency_in_a_table_of_limits_is_a_limit(read: Read) -> None:
    table = "| Route | Concurrency |\n|---|---|\n| /v1/embeddings | 8 |\n"
    assert [c.kind for c in read(f"# Door\n\n## Limits\n\n{table}").criteria] == ["concurrency_limit"]
