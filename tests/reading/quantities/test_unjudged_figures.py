"""Figures that only look like a limit of the service: a run must not judge them, and they contradict no limit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from signoff.acceptance.checks import KINDS
from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document, read_documents

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
    ("rate_limit", "A third worker is refused with 429"),
    ("documentation", "The duty officer has signed the runbook"),
]
JUDGED = [
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
    assert read_documents([path], KINDS).conflicts == ()


def test_under_a_heading_of_warnings_no_figure_is_a_limit(read: Read) -> None:
    (criterion,) = of(read, "p95 latency above 2 s", "Escalate if")
    assert criterion.judge == "person"
    assert "warned" in criterion.reason


def test_the_time_by_which_a_limit_holds_again_is_none_itself(read: Read) -> None:
    found = of(read, "p95 latency is under 900 ms again within 3 minutes")
    assert [(c.threshold.value, c.judge) for c in found if c.threshold] == [(900, "person"), (3, "person")]


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
    assert read_documents([path], KINDS).conflicts == ()


def test_a_rate_with_users_is_another_than_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "task.md"
    path.write_text("# Wren-3 Service\n\n- [ ] Serves 30 req/s\n- [ ] 12 req/s with 40 parallel users\n")
    assert read_documents([path], KINDS).conflicts == ()


def test_a_number_and_blanks_begin_a_requirement(read: Read) -> None:
    document = read("# Task\n\n## Functions\n\nFR-1  Vectors have 768 dimensions.\nFR-2  Bodies are not logged.\n")
    assert [statement.line for statement in document.statements] == [5, 6]


def test_a_line_that_says_what_has_to_be_done_begins_a_list_of_demands(read: Read) -> None:
    document = read("# A box\n\nWhat it has to do:\n\n- survive a reboot\n- idle below 50 W\n")
    assert [statement.line for statement in document.statements] == [5, 6]


def test_concurrency_in_a_table_of_limits_is_one_of_its_route(read: Read) -> None:
    table = "| Route | Concurrency |\n|---|---|\n| {} | 8 |\n"
    for route, judge in (("/v1/chat/completions", "machine"), ("/v1/embeddings", "person")):
        (found,) = read(f"# Door\n\n## Limits\n\n{table.format(route)}").criteria
        assert found.threshold is not None
        assert (found.threshold.subject.endswith("concurrency"), found.judge) == (True, judge)


def conflicts(tmp_path: Path, *texts: str) -> list[tuple[str, str]]:
    paths = [tmp_path / f"task-{index}.md" for index in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return [(conflict.kind, conflict.subject) for conflict in read_documents(paths, KINDS).conflicts]


SHEET = """# Sheet of the chat service

```yaml
slo:
  objectives:
    - name: availability
      target: 99.5
    - name: latency_p95_ms
      target: 900
```
"""


def test_an_objective_that_is_called_after_its_measure_is_no_service(tmp_path: Path) -> None:
    other = "# Task 4: Wren-3 Service\n\n- [ ] Service availability: Wren answers on port 7001\n"
    more = "# Task 5: Lark-4 Service\n\n- [ ] p95 latency below 2 s\n"
    assert conflicts(tmp_path, SHEET, other, more, "# Runbook of heron\n\n- [ ] p95 latency below 1 s\n") == []


def test_a_start_command_on_another_port_than_the_text_contradicts_it(tmp_path: Path) -> None:
    text = "# Task\n\nThe server must listen on 7070.\n\n```bash\nllama-server -m a.gguf --port 7071\n```\n"
    assert conflicts(tmp_path, text) == [("configuration", "port")]


@pytest.mark.parametrize(
    "text",
    [
        "# Task\n\nThe server must listen on 7070.\n\n```bash\nllama-server -m a.gguf --port 7070\n```\n",
        "# Task\n\nMetrics must be on port 7070.\n\n```bash\nllama-server -m a.gguf --port 7071\n```\n",
        "# Task\n\nIt must listen on 7070.\n\n```yaml\nservices:\n  a:\n    ports: ['7070:80']\n```\n",
    ],
)
def test_a_port_that_is_the_same_of_another_thing_or_mapped_contradicts_nothing(tmp_path: Path, text: str) -> None:
    assert ("configuration", "port") not in conflicts(tmp_path, text)


def test_percentiles_of_one_latency_in_rows_of_their_own_are_compared(tmp_path: Path) -> None:
    table = "| Indicator | Target |\n|---|---|\n| Latency, p95 | 3 s |\n| Latency, p99 | 2 s |\n"
    assert conflicts(tmp_path, f"# Sheet\n\n{table}") == [("threshold", "p95 latency")]


def test_a_table_of_metrics_and_values_asks_where_a_value_is_a_bound(read: Read) -> None:
    table = (
        "| Metric | Value |\n|---|---|\n| First token | < 800 ms |\n| Idle power | 40 W |\n| Memory (peak) | < 2 GB |\n"
    )
    document = read(f"# Note\n\n## Performance\n\n{table}")
    assert [(c.line, c.kind) for c in document.criteria] == [(7, "ttft"), (9, "memory")]


def test_an_arrow_before_a_status_is_no_comparator(read: Read) -> None:
    document = read("# Checks\n\n- [ ] `curl -s localhost:7001/health` -> 200\n")
    (found,) = document.criteria
    assert (found.kind, found.parameters["status"]) == ("json_shape", [200])
    assert not document.diagnostics


def test_a_size_with_a_plus_is_asked_of_a_card_and_names_none(read: Read) -> None:
    (criterion,) = of(read, "GPU: NVIDIA 12GB+")
    assert criterion.threshold is not None
    assert (criterion.threshold.comparator, criterion.threshold.value) == (">=", 12)
