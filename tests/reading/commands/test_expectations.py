"""What an `# Expected:` line asks for, by the command above it and by its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document

Read = Callable[[str], Document]
CHAT = "curl http://h:8080/v1/chat/completions -d '{\"messages\": []}'"


def typed(read: Read, command: str, expected: str) -> list[Criterion]:
    return list(read(f"# Task\n\n## Checks\n```bash\n{command}\n# Expected: {expected}\n```\n").criteria)


@pytest.mark.parametrize(
    ("command", "expected", "kind", "parameters"),
    [
        ("curl 'http://p:9090/api/v1/query?query=up'", "a value above zero is shown", "prometheus_series", {}),
        ("curl http://p:9090/api/v1/rules", "latency alerts are defined", "alert_rules", {"words": ["latency"]}),
        ("curl http://g:3000/api/dashboards/uid/llm-main", "the dashboard exists", "dashboard", {"uid": "llm-main"}),
        ("curl http://g:3000/api/search", "dashboards are listed", "dashboard", {"uid": None}),
        (CHAT, "HTTP 401 Unauthorized", "authentication", {"header": "Authorization"}),
        (f"{CHAT} -H 'X-Api-Key: wrong'", "403", "authentication", {"header": "X-Api-Key"}),
        (CHAT, "429 after too many calls", "rate_limit", {}),
        (CHAT, "422, a validation error", "json_shape", {"status": [422]}),
        (CHAT, "a stream of data: chunks that ends with [DONE]", "streaming", {}),
        (CHAT, "an OpenAI completion with choices", "openai_api", {"endpoints": ["chat"]}),
        ("curl http://h:8080/v1/models", "the list of models", "openai_api", {"endpoints": ["models"]}),
        ("curl http://h:8080/version", "200 OK", "json_shape", {"expected": "..."}),
        ('curl -d \'{"query": "x"}\' http://h:8080/graphql', "data without errors", "graphql", {}),
        ("curl http://h:8080/readyz", "ready", "health", {}),
        ("netstat -tlnp | grep :8080", "Port not in use", "port_free", {"port": 8080}),
        ("ss -ltn | grep :8080", "no output", "port_free", {"port": 8080}),
        ("lsof -i :8080", "nothing is listening", "port_free", {"port": 8080}),
        ("ss -ltn | grep :8080", "LISTEN", "port", {"port": 8080}),
        ("systemctl list-units | grep tgi", "No tgi service listed", "service_gone", {"unit": "tgi"}),
        ("systemctl status tgi.service", "inactive (dead)", "service_gone", {"unit": "tgi.service"}),
        ("pgrep -f llama-server", "no process", "service_gone", {}),
        ("systemctl status tgi.service", "active (running)", "service", {}),
        ("docker ps | grep ollama", "Up and healthy", "service", {}),
        ("python -m pytest tests/integration -q", "all tests pass", "test_report", {"suite": "integration"}),
        ("pytest -q", "everything is green, no failures", "test_report", {"suite": None}),
        ("sha256sum -c model.sha256", "every file is OK", "model_files", {"checksums": "model.sha256"}),
        ("ls -lh /models/llama.gguf", "4.7G", "file", {"path": "/models/llama.gguf"}),
        ("du -h /models/llama.gguf", "about 4.7G", "file", {"path": "/models/llama.gguf"}),
        ("docker stats llm --no-stream", "at most 6 GiB of memory", "memory", {}),
        ("docker stats llm --no-stream", "CPU below 80%", "cpu", {}),
    ],
)
def test_an_expectation_is_typed_by_its_command(
    read: Read, command: str, expected: str, kind: str, parameters: dict[str, Any]
) -> None:
    if kind == "model_files":
        command = f"ls /models\n{command}"
    (found,) = typed(read, command, expected)
    assert (found.kind, found.judge) == (kind, "machine")
    assert parameters.items() <= dict(found.parameters).items()


def test_what_docker_stats_prints_is_memory_and_cores(read: Read) -> None:
    memory, cpu = typed(read, "docker stats llm --no-stream", "~3GB memory, ~100-300% CPU under load")
    assert memory.threshold is not None
    assert cpu.threshold is not None
    assert (memory.kind, memory.threshold.value, memory.threshold.unit) == ("memory", 3.3, "GB")
    assert (cpu.kind, cpu.threshold.value, cpu.threshold.unit) == ("cpu", 3.3, "cores")
    assert cpu.parameters["load"] == "under load"
    assert any("one core" in text for text in cpu.assumptions)


def test_a_size_that_is_about_right_has_two_sides(read: Read) -> None:
    (file,) = typed(read, "ls -lh data/m.gguf", "2G (or size close to it)")
    assert file.threshold is not None
    assert (file.threshold.value, file.threshold.unit, file.threshold.comparator) == (2.2, "GiB", "<=")
    assert (file.parameters["low"], file.parameters["high"]) == (1.8 * 2**30, 2.2 * 2**30)
    assert "the file may have from 1.8 to 2.2 GiB" in file.assumptions


def test_a_size_that_is_printed_is_that_size(read: Read) -> None:
    (file,) = typed(read, "ls -lh data/m.gguf", "4.7G")
    assert file.threshold is not None
    assert (file.threshold.value, file.threshold.unit, file.threshold.comparator) == (4.7, "GiB", "==")


def test_room_on_a_disk_is_that_of_the_path_in_the_command(read: Read) -> None:
    (disk,) = typed(read, "df -h /srv/models", "at least 20G free")
    assert disk.threshold is not None
    assert (disk.kind, disk.parameters["path"], disk.threshold.comparator) == ("disk", "/srv/models", ">=")


def test_more_than_a_limit_being_refused_with_a_code_is_a_persons(read: Read) -> None:
    """The check of that limit accepts that the rest waits, so that it would ask for less."""
    (found,) = read("# T\n## Acceptance Criteria\n- More than 8 concurrent requests are refused with 429\n").criteria
    assert found.threshold is not None
    assert (found.judge, found.threshold.value, found.threshold.comparator) == ("person", 8, "<=")


def test_metrics_are_looked_for_under_the_names_that_the_text_gives(read: Read) -> None:
    (found,) = read("# T\n## Acceptance Criteria\n- `/metrics` exposes `tgi_request_count`\n").criteria
    assert (found.kind, found.parameters["contains"]) == ("metrics", ["tgi_request_count"])
    assert found.parameters["request"]["path"] == "/metrics"


@pytest.mark.parametrize(
    ("call", "expected", "kind"),
    [
        (
            "from db import Client\nclient = Client()\nprint(client.test_connection())",
            "Connection successful",
            "library_result",
        ),
        ("from ops import Health\nh = Health()\nprint(h.get_health_status())", "Everything is well", "library_result"),
        ("from m import Service\ns = Service()\nprint(s.get_model_info())", "The model is loaded", "model_information"),
        ("from m import Manager\nm = Manager()\nprint(m.create_session())", "A session", "library_session"),
        ("from m import Report\nprint(Report().render())", "A nice report", "human_judgement"),
    ],
)
def test_a_library_call_is_typed_by_what_it_calls(read: Read, call: str, expected: str, kind: str) -> None:
    (found,) = typed(read, f'python -c "\n{call}\n"', expected)
    assert found.kind == kind


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("uptime", "System stable"),
        ("nvidia-smi", "The GPU is seen"),
        ("free -h", "plenty left"),
        ("curl http://h:1/x", "a friendly answer"),
    ],
)
def test_an_expectation_that_nothing_decides_is_for_a_person(read: Read, command: str, expected: str) -> None:
    (found,) = typed(read, command, expected)
    assert (found.kind, found.judge) == ("human_judgement", "person")
    assert "a person has to" in found.reason


def test_an_unavailable_answer_that_names_a_fallback_is_a_chain(read: Read) -> None:
    document = read(
        '# T\n### Request\n```bash\ncurl -X POST http://h:80/infer -d \'{"prompt": "x"}\'\n```\n'
        '### Response (503 Service Unavailable)\n```json\n{"error": "no model", "fallback": "ask elsewhere"}\n```\n'
    )
    (found,) = document.criteria
    assert (found.kind, found.parameters["request"]["path"]) == ("fallback_chain", "/infer")


DOCUMENT = """# llama.cpp on one box

**Auth**: every call carries the X-Llama-Token header

```bash
SERVER_PORT=8090
SERVER_MODEL_PATH=/models/llama
SERVER_CTX_SIZE=4096
SERVER_MAX_CONCURRENT=2
SERVER_TENSOR_PARALLEL_SIZE=1
SERVER_GPU_MEMORY_UTILIZATION=0.5
SERVER_CPU_CORES=8
```

## Acceptance Criteria
"""


@pytest.mark.parametrize(
    ("text", "kind", "parameters"),
    [
        ("Endpoints require authentication", "authentication", {"header": "X-Llama-Token"}),
        ("The model files are in place", "model_files", {"folder": "/models/llama"}),
        ("The engine is configured", "engine_settings", {}),
        ("At least 50 GB of free disk space", "disk", {"path": "/models/llama"}),
        ("Old messages are dropped when the history gets too long", "context_truncation", {"max_model_len": 4096}),
        (
            "`LlamaService` class extends `BaseService`",
            "library_class",
            {"class": "LlamaService", "base": "BaseService"},
        ),
        ("Supports 12 concurrent users", "queueing", {"concurrent": 12}),
        ("Rate limit of 120 requests per minute", "rate_limit", {"window_s": 60.0}),
        (
            "Guides for upgrades and backups are published",
            "documentation",
            {"of": "guides", "topics": ["upgrade", "backup"]},
        ),
    ],
)
def test_parameters_come_from_the_document(read: Read, text: str, kind: str, parameters: dict[str, Any]) -> None:
    found = [criterion for criterion in read(f"{DOCUMENT}- [ ] {text}\n").criteria if criterion.kind == kind]
    assert [criterion.judge for criterion in found] == ["machine"]
    assert parameters.items() <= dict(found[0].parameters).items()


def test_a_concurrency_limit_is_taken_from_the_setting(read: Read) -> None:
    document = read(f"{DOCUMENT}- [ ] The concurrency is limited: concurrency limit enforced\n")
    found = [criterion for criterion in document.criteria if criterion.kind == "concurrency_limit"]
    assert [(c.statement, c.threshold.value) for c in found if c.threshold] == [("config", 2), ("checkbox", 2)]
    assert "SERVER_MAX_CONCURRENT in line 9" in found[1].assumptions[0]


def test_a_share_of_cpu_is_of_the_cores_that_the_document_gives(read: Read) -> None:
    cpu = read(f"{DOCUMENT}- [ ] CPU usage below 75%\n").criteria[-1]
    assert cpu.threshold is not None
    assert (cpu.kind, cpu.threshold.value, cpu.threshold.unit) == ("cpu", 6, "cores")
    assert any("SERVER_CPU_CORES" in text for text in cpu.assumptions)


def test_a_target_without_a_figure_takes_the_one_that_the_document_states(read: Read) -> None:
    document = read(
        "# T\n## Success Criteria\n- p95 latency < 2 s\n- At least 7 req/s\n- Performance targets are met\n"
    )
    latency, throughput = document.criteria[2:]
    assert latency.threshold is not None
    assert throughput.threshold is not None
    assert (latency.threshold.text(), throughput.threshold.value) == ("p95 latency < 2 s", 7)
    assert "line 3" in latency.assumptions[0]


def test_a_target_that_nothing_states_is_for_a_person(read: Read) -> None:
    found = read("# T\n## Success Criteria\n- Performance targets are met\n").criteria
    assert {criterion.judge for criterion in found} == {"person"}
    assert all("nothing else in the document gives one" in criterion.reason for criterion in found)


def test_a_document_that_is_there_and_good_is_judged_by_both(read: Read) -> None:
    machine, person = read("# T\n## Success Criteria\n- [ ] The API documentation is complete\n").criteria
    assert (machine.kind, machine.parameters["of"], machine.judge) == ("documentation", "api", "machine")
    assert (person.judge, "complete" in person.reason) == ("person", True)


def test_hardware_is_no_limit_on_the_service(read: Read) -> None:
    found = read(
        "# T\n## Minimum Hardware\n- [ ] CPU: 8 cores\n- [ ] Memory: 32GB\n- [ ] Disk: 100GB\n"
        "## Acceptance Criteria\n- [ ] Runs with at least 4 cores, 8 or more recommended\n"
    ).criteria
    assert [(c.kind, c.judge) for c in found] == [
        ("human_judgement", "person"),
        ("human_judgement", "person"),
        ("disk", "machine"),
        ("human_judgement", "person"),
    ]


@pytest.mark.parametrize(
    ("options", "is_told"),
    [
        ("-d '{\"messages\": []}'", True),
        ("-d '{\"messages\": []}' -H 'content-type: application/json'", False),
        ("--json '{\"messages\": []}'", False),
        ("", False),
    ],
)
def test_json_that_curl_would_call_a_form_is_sent_as_json_and_that_is_told(
    read: Read, options: str, is_told: bool
) -> None:
    for expected in ("Response time < 1500ms", "a stream of data: chunks that ends with [DONE]"):
        (found,) = typed(read, f"curl -X POST http://h:8080/v1/chat/completions {options}", expected)
        assert any("no Content-Type" in text for text in found.assumptions) is is_told
