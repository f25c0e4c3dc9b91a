"""Demands of a document about several services: each belongs to the one that it names, or is asked of each."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document

Read = Callable[[str], Document]

CONFIGURED = """# Three models on one host

## Configuration
```yaml
services:
  llama-3:
    port: 9001
    memory_limit_gb: 40
    target_latency_ms: 900
    target_throughput_rps: 12
    max_model_len: 8192
  gemma_2:
    port: 9002
    memory_limit_gb: 12
    target_latency_ms: 400
    target_throughput_rps: 30
    max_model_len: 4096
  qwen:
    port: 9003
    memory_limit_gb: 6
    max_model_len: 2048
```
"""


def boxes(*texts: str, heading: str = "## Acceptance Criteria") -> str:
    return CONFIGURED + f"\n{heading}\n" + "".join(f"- [ ] {text}\n" for text in texts)


def asked(document: Document) -> list[Criterion]:
    return [criterion for criterion in document.criteria if criterion.kind != "config_value"]


def services(document: Document, kind: str) -> list[str]:
    return [criterion.service for criterion in asked(document) if criterion.kind == kind]


def test_a_value_of_a_service_is_that_services(read: Read) -> None:
    owned = [(c.parameters["name"], c.service) for c in read(CONFIGURED).criteria if c.parameters["name"] == "port"]
    assert owned == [("port", "llama"), ("port", "gemma"), ("port", "qwen")]


@pytest.mark.parametrize(
    "text",
    [
        "All models are up and running",
        "Each service is operational",
        "Every one of the services is running",
        "The three model services are deployed",
    ],
)
def test_what_is_asked_of_all_is_one_criterion_a_service(read: Read, text: str) -> None:
    document = read(boxes(text))
    assert services(document, "service") == ["llama", "gemma", "qwen"]
    assert len({criterion.id for criterion in document.criteria}) == len(document.criteria)


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("Gemma streams its tokens", "gemma"),
        ("Llama-3 supports streaming", "llama"),
        ("Streaming works for `QwenService`", "qwen"),
        ("GEMMA_2 streams", "gemma"),
    ],
)
def test_a_demand_belongs_to_the_service_that_its_text_names(read: Read, text: str, service: str) -> None:
    assert services(read(boxes(text)), "streaming") == [service]


def test_else_to_the_one_that_the_nearest_heading_names(read: Read) -> None:
    text = boxes("Tokens are streamed", heading="## Llama-3\n\n### Gemma 2 in detail\n\n#### Criteria")
    assert services(read(text), "streaming") == ["gemma"]


def test_the_text_counts_more_than_the_heading(read: Read) -> None:
    assert services(read(boxes("Qwen streams its tokens", heading="## Gemma 2")), "streaming") == ["qwen"]


def test_a_list_item_belongs_to_the_item_above_it(read: Read) -> None:
    document = read(CONFIGURED + "\n## Acceptance Criteria\n- [ ] Gemma is deployed\n  - [ ] Tokens are streamed\n")
    assert services(document, "streaming") == ["gemma"]


def test_a_heading_about_what_all_share_means_all(read: Read) -> None:
    assert services(read(boxes("Tokens are streamed", heading="## Common to all models")), "streaming") == [
        "llama",
        "gemma",
        "qwen",
    ]


def test_what_names_no_service_is_asked_of_each_and_that_is_said(read: Read) -> None:
    found = [criterion for criterion in asked(read(boxes("Tokens are streamed"))) if criterion.kind == "streaming"]
    assert [criterion.service for criterion in found] == ["llama", "gemma", "qwen"]
    assert all("names none of them" in criterion.assumptions[-1] for criterion in found)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The gateway routes requests to all services", "gateway_routing"),
        ("Test coverage of all services above 90%", "coverage"),
        ("All unit tests pass for every service", "test_report"),
        ("Alerts fire for each model", "alert_rules"),
    ],
)
def test_what_surrounds_the_services_is_asked_once(read: Read, text: str, kind: str) -> None:
    found = asked(read(boxes(text)))
    assert [(criterion.kind, criterion.service) for criterion in found] == [(kind, "")]


def test_the_gateway_has_to_know_every_service(read: Read) -> None:
    (found,) = asked(read(boxes("Service discovery works")))
    assert found.parameters == {"services": ["llama", "gemma", "qwen"]}


def test_targets_come_from_the_services_own_settings(read: Read) -> None:
    found = [c for c in asked(read(boxes("Performance targets are met by all models"))) if c.judge == "machine"]
    assert [(c.kind, c.service, c.threshold.value) for c in found if c.threshold] == [
        ("latency", "llama", 900),
        ("throughput", "llama", 12),
        ("latency", "gemma", 400),
        ("throughput", "gemma", 30),
    ]
    assert "services.llama-3.target_latency_ms in line 9" in found[0].assumptions[0]


def test_limits_on_memory_are_each_services_own(read: Read) -> None:
    found = asked(read(boxes("Memory usage stays within limits")))
    assert [(c.service, c.threshold.value) for c in found if c.threshold] == [("llama", 40), ("gemma", 12), ("qwen", 6)]


def test_figures_of_two_services_in_one_sentence_are_told_apart(read: Read) -> None:
    found = asked(read(boxes("Llama answers within 2 s, Gemma answers within 1 s")))
    assert [(c.service, c.threshold.value) for c in found if c.threshold] == [("llama", 2), ("gemma", 1)]


def test_a_command_speaks_to_the_service_at_its_port(read: Read) -> None:
    text = CONFIGURED + "\n## Checks\n```bash\ncurl http://host:9002/health\n# Expected: healthy\n```\n"
    assert services(read(text), "health") == ["gemma"]
    elsewhere = text.replace(":9002/health", ":8000/health")
    assert services(read(elsewhere), "health") == [""]


def test_people_are_asked_once(read: Read) -> None:
    (found,) = asked(read(boxes("The answers of all models are helpful")))
    assert (found.judge, found.service) == ("person", "")


@pytest.mark.parametrize(
    "block",
    [
        "resources:\n  limits:\n    memory_gb: 4\n    port: 1\n  requests:\n    memory_gb: 2\n    port: 2\n",
        "small:\n  max_model_len: 2048\n  name: a\nlarge:\n  max_model_len: 4096\n  name: b\n",
        "service:\n  port: 80\n  memory_gb: 3\n",
    ],
)
def test_settings_that_repeat_without_being_services_divide_nothing(read: Read, block: str) -> None:
    document = read(f"# T\n```yaml\n{block}```\n## Acceptance Criteria\n- [ ] Tokens are streamed\n")
    assert services(document, "streaming") == [""]
