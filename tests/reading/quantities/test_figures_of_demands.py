"""What the figures of a demand become: limits of the load run, ports, sizes, in English, Spanish and German."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document

Read = Callable[[str], Document]


def of(read: Read, text: str) -> tuple[Criterion, ...]:
    return read(f"# Acceptance of a model server\n\n## Acceptance Criteria\n\n- [ ] {text}\n").criteria


def limits(read: Read, text: str) -> list[tuple[str, str, float, str, str | None]]:
    return [
        (found.kind, found.threshold.comparator, found.threshold.value, found.threshold.unit, found.threshold.statistic)
        for found in of(read, text)
        if found.threshold is not None
    ]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("Time to first token at p90 stays under 400 ms", ("ttft", "<", 400, "ms", "p90")),
        ("Half of all first tokens are there after 90 ms", ("ttft", "<=", 90, "ms", "p50")),
        ("19 of 20 answers are complete after 4 s at the most", ("latency", "<=", 4, "s", "p95")),
        ("Slowest percent of the answers: 9 s or faster", ("latency", "<=", 9, "s", "p99")),
        (
            "A key that sends more than 30 requests within a minute gets 429",
            ("rate_limit", "<=", 0.5, "requests/s", "rate"),
        ),
        ("More than 48 running answers are not allowed", ("concurrency_limit", "<=", 48, "requests", "max")),
        ("Open streams in all: 24, further ones wait", ("concurrency_limit", "<=", 24, "requests", "max")),
        ("Answers per second: 6", ("throughput", ">=", 6, "requests/s", "rate")),
        ("At most 20 of the 32 cores are busy", ("cpu", "<=", 20, "cores", "mean")),
        ("Prompts of 6144 tokens are accepted", ("context_length", ">=", 6144, "tokens", "each")),
        ("From start to first answer: 110 s or less", ("load_time", "<=", 110, "s", "each")),
        ("Failed requests: not even one in a thousand", ("error_rate", "<", 0.1, "%", None)),
        ("Inter-token latency below 35 ms", ("inter_token_latency", "<", 35, "ms", "mean")),
        ("Error rate <= 0.4 %", ("error_rate", "<=", 0.4, "%", None)),
        ("97% of all requests succeed", ("error_rate", "<=", 3, "%", None)),
        ("Success ratio > 0.95", ("error_rate", "<", 0.05, "ratio", None)),
        ("Every answer completes in 4 seconds on average", ("latency", "<=", 4, "s", "mean")),
        ("A call may not take longer than 900 ms at p95", ("latency", "<=", 900, "ms", "p95")),
        ("The process must never use more than 3 GB of RAM", ("memory", "<=", 3, "GB", "max")),
        ("Throughput must not fall below 12 req/s", ("throughput", ">=", 12, "requests/s", "rate")),
        ("Uso de memoria por debajo de 700 MB", ("memory", "<", 700, "MB", "max")),
        ("Latencia media máxima de 250 milisegundos", ("latency", "<=", 250, "ms", "mean")),
        ("El tiempo de respuesta es de 2 segundos como máximo", ("latency", "<=", 2, "s", "mean")),
        ("Más de 600 solicitudes por minuto", ("throughput", ">", 10, "requests/s", "rate")),
        ("Longitud del contexto: 4096 tokens", ("context_length", ">=", 4096, "tokens", "each")),
        ("La tasa de errores es inferior a 2 %", ("error_rate", "<", 2, "%", None)),
        ("Speicherverbrauch höchstens 900 MiB", ("memory", "<=", 900, "MiB", "max")),
        ("Die Antwortzeit liegt im Mittel unter 700 Millisekunden", ("latency", "<", 700, "ms", "mean")),
        ("Latenz p95 unter 2 Sekunden", ("latency", "<", 2, "s", "p95")),
        ("Mindestens 15 Anfragen pro Sekunde", ("throughput", ">=", 15, "requests/s", "rate")),
        ("Fehlerrate unter 1 %", ("error_rate", "<", 1, "%", None)),
    ],
)
def test_a_figure_is_the_limit_that_its_words_say(read: Read, text: str, limit: tuple[Any, ...]) -> None:
    assert limits(read, text) == [limit]
    assert all(found.judge == "machine" for found in of(read, text))


def test_what_succeeds_is_read_as_what_may_fail_and_that_is_said(read: Read) -> None:
    (found,) = of(read, "98 % of requests succeed")
    assert "98 % that succeed are read as an error rate of at most 2 %" in found.assumptions


def test_that_nothing_may_fail_under_load_is_a_persons(read: Read) -> None:
    (found,) = of(read, "Handles 30 requests per second with no failures")
    assert (found.judge, found.not_understood) == ("person", ("no failures",))
    assert of(read, "Handles 30 requests per second")[0].judge == "machine"


def test_a_comparison_with_what_was_before_makes_a_figure_a_persons(read: Read) -> None:
    assert limits(read, "Fewer errors than before: error rate <= 0.4 %") == [("human_judgement", "<=", 0.4, "%", None)]


def test_a_maximum_over_all_requests_keeps_its_figure_and_is_for_a_person(read: Read) -> None:
    assert limits(read, "No request takes longer than 25 seconds") == [("human_judgement", "<=", 25, "s", "max")]


@pytest.mark.parametrize(
    "text",
    [
        "2x A100 80GB",
        "4 x NVIDIA H100 (80 GB)",
        "One L40S 48GB card",
        "An 80 GB H100 serves it",
        "RTX 4090 24GB",
        "Tesla V100-32GB",
        "AMD Instinct MI300X 192GB",
    ],
)
def test_the_memory_in_the_name_of_a_gpu_limits_nothing(read: Read, text: str) -> None:
    assert limits(read, text) == []
    assert [limit[1:] for limit in limits(read, f"{text} and 6 GB memory")] == [("<=", 6, "GB", "max")]


def test_a_limit_on_hardware_that_no_check_knows_is_a_persons(read: Read) -> None:
    (found,) = of(read, "With an A100 memory stays below 30 GB")
    assert (found.judge, found.not_understood) == ("person", ("A100",))


@pytest.mark.parametrize(
    ("text", "ports"),
    [
        ("The API MUST listen on 9090", [9090]),
        ("It listens on :9090", [9090]),
        ("Bound to 0.0.0.0:9090", [9090]),
        ("Runs on localhost:7001 in production", [7001]),
        ("Reachable at port 7", [7]),
        ("Port: `65535` is used", [65535]),
        ("Escucha en el puerto 9090", [9090]),
        ("Runs on 4096 cores", []),
        ("Available at port 70000", []),
        ("Running 1000 requests against it", []),
        ("Serves 2000 prompts", []),
        ("Runs on 2024-11-05", []),
        ("Port 22 % of the code", []),
        ("Version 8080 runs on Linux", []),
    ],
)
def test_a_port_is_named_by_its_word_or_by_what_listens_there(read: Read, text: str, ports: list[int]) -> None:
    assert [found.parameters["port"] for found in of(read, text) if found.kind == "port"] == ports


def test_growth_of_memory_is_judged_by_the_limit_of_the_document(read: Read) -> None:
    document = read("# T\n\n## Acceptance Criteria\n\n- [ ] Memory below 3 GB\n- [ ] No memory leaks over 24 hours\n")
    first, second = document.criteria
    assert (second.kind, second.judge, second.threshold) == ("memory", "machine", first.threshold)
    assert any("a day of the growth" in text for text in second.assumptions)


def test_an_input_above_the_context_is_judged_where_the_document_states_that_context(read: Read) -> None:
    demand = "- [ ] Inputs of more than 4096 tokens get a 400\n"
    for context, kind in ((4096, "context_length"), (2048, "human_judgement")):
        document = read(f"# T\n\n## Acceptance Criteria\n\n- [ ] Context length {context} tokens\n{demand}")
        assert document.criteria[1].kind == kind


def test_a_window_says_how_long_to_look_and_limits_nothing(read: Read) -> None:
    assert limits(read, "It stays up over 24 hours") == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Guides for operators on how to restore their configured backups", [["restore", "backup"]]),
        ("The API documentation is published", [[]]),
        ("Documentation of the API and of quotas is published", [[], ["quota"]]),
        ("A runbook about certificates exists", [["certificate"]]),
        ("Documentation of how it is deployed", [["deploy"]]),
        ("Documentation of how it is configured", [["configure"]]),
    ],
)
def test_the_topics_of_guides_are_what_they_are_about(read: Read, text: str, asked: list[list[str]]) -> None:
    assert [found.parameters["topics"] for found in of(read, text) if found.kind == "documentation"] == asked


@pytest.mark.parametrize(
    ("text", "endpoints"),
    [
        ("`/v1/embeddings` works as in the OpenAI API", ["embeddings"]),
        ("`/v1/models` and `/v1/embeddings` are OpenAI compatible", ["models", "embeddings"]),
        ("The API is OpenAI compatible", ["models", "chat"]),
    ],
)
def test_only_endpoints_that_are_named_are_asked(read: Read, text: str, endpoints: list[str]) -> None:
    assert [found.parameters["endpoints"] for found in of(read, text) if found.kind == "openai_api"] == [endpoints]
