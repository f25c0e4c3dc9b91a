"""Which settings a machine may ask of the service under test, and which are about something else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.criterion import Criterion
from signoff.acceptance.reading import Document

Read = Callable[[str], Document]

COMPOSE = """# Plover

```yaml
services:
  plover-api:
    image: registry.local/plover:1.8
    environment:
      PLOVER_MAX_TOKENS: 768
    mem_limit: 8g
    volumes:
      - type: bind
        source: ./models
        target: /models
    ports: ["9000:9000"]
    networks: [inner]
    restart: unless-stopped
  postgres:
    image: postgres:16
    environment:
      POSTGRES_DB: plover
```
"""
CATALOGUE = """# Ruff

## Configuration

```json
{"models": [
  {"name": "ruff-13b", "file": "ruff-13b.gguf", "size_gb": 7.8, "context_length": 6144},
  {"name": "ruff-7b", "file": "ruff-7b.gguf", "size_gb": 7.2, "context_length": 4096}
 ],
 "default_model": "ruff-13b"}
```
"""
CARD = """# Ruff

```json
{"model_id": "ruff-7b",
 "source": "lab/ruff-7b",
 "context_length": 4096,
 "capabilities": ["chat"],
 "recommended_settings": {"temperature": 0.3}}
```
"""


def by_spelling(document: Document) -> dict[str, Criterion]:
    return {
        str(criterion.parameters["spelling"]): criterion
        for criterion in document.criteria
        if criterion.kind == "config_value"
    }


def judges(document: Document) -> dict[str, str]:
    return {spelling: criterion.judge for spelling, criterion in by_spelling(document).items()}


def test_of_a_compose_file_a_machine_asks_only_the_variables_of_the_service(read: Read) -> None:
    found = judges(read(COMPOSE))
    assert [spelling for spelling, judge in found.items() if judge == "machine"] == [
        "services.plover-api.environment.PLOVER_MAX_TOKENS"
    ]
    assert len(found) == 11


def test_a_mount_goes_to_a_person_with_the_reason_that_the_container_has_it(read: Read) -> None:
    mount = by_spelling(read(COMPOSE))["services.plover-api.volumes.0.source"]
    assert mount.judge == "person"
    assert "container" in mount.reason


def test_of_several_containers_with_variables_none_is_guessed(read: Read) -> None:
    text = "```yaml\nservices:\n  a:\n    image: x\n    environment: {A_B: 1}\n  b:\n    image: y\n"
    found = judges(read(f"# T\n\n{text}    environment: {{B_C: 2}}\n```\n"))
    assert set(found.values()) == {"person"}


def test_entries_of_a_catalogue_are_no_settings_of_the_running_model(read: Read) -> None:
    found = judges(read(CATALOGUE))
    assert found["default_model"] == "machine"
    assert {judge for spelling, judge in found.items() if spelling.startswith("models.")} == {"person"}


def test_the_models_that_a_configuration_serves_are_asked_by_their_paths(read: Read) -> None:
    text = "models:\n  big:\n    path: /m/big\n  small:\n    path: /m/small\n"
    document = read(f"# T\n\n## Configuration\n\n```yaml\n{text}```\n")
    names = [criterion.parameters["name"] for criterion in document.criteria if criterion.judge == "machine"]
    assert names == ["big.path", "small.path"]


def test_a_card_of_a_model_is_a_persons_and_what_it_recommends_asks_nothing(read: Read) -> None:
    found = judges(read(CARD))
    assert set(found) == {"model_id", "source", "context_length"}
    assert set(found.values()) == {"person"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("## Unit\n\n```ini\n[Service]\nMemoryMax=22G\n```\n", "systemd unit"),
        ("## Client settings\n\n```yaml\nmax_model_len: 8\n```\n", "client"),
        ("## Configuration\n\n```yaml\nclient:\n  retries: 3\n```\n", "client"),
        ("## Load test\n\n```bash\nLOCUST_USERS=3\nLOCUST_RATE=1\nLOCUST_TIME=9\n```\n", "client"),
        ("## Configuration\n\nAn example:\n\n```yaml\nmax_model_len: 8\n```\n", "example"),
        ("## Recommended settings\n\n```yaml\nmax_model_len: 8\n```\n", "recommendation"),
        ("## Monitoring\n\n```yaml\nscrape_configs:\n  - job_name: a\n```\n", "another program"),
        ("## Grafana settings\n\n```ini\n[server]\nhttp_port = 3000\n```\n", "another program"),
        ("## Proxy\n\n```nginx\nserver {\n  listen 80;\n}\n```\n", "another program"),
        ("## Network configuration\n\n```yaml\nnetwork:\n  monitoring: 10.0.0.1:9090\n```\n", "another system"),
        ("## Configuration\n\n```yaml\nsecurity:\n  ssl_enabled: true\n```\n", "own word"),
        ("## Thoughts\n\n```yaml\ncolour: blue\n```\n", "nothing says"),
        ("## Run\n\n```bash\ndocker run --memory 8g img\n```\n", "container"),
    ],
)
def test_what_is_not_clearly_the_services_own_goes_to_a_person(read: Read, text: str, reason: str) -> None:
    (criterion,) = list(by_spelling(read(f"# T\n\n{text}")).values())[:1]
    assert criterion.judge == "person"
    assert reason in criterion.reason


@pytest.mark.parametrize(
    "text",
    [
        "## Configuration\n\n```yaml\ncolour: blue\n```\n",
        "The settings in `writer.yaml`:\n\n```yaml\ncolour: blue\n```\n",
        "```yaml\n# /etc/godwit/writer.yaml\ncolour: blue\n```\n",
        "```yaml\nmax_model_len: 8\n```\n",
        "```yaml\nservice: {colour: blue}\n```\n",
        "```bash\nvllm serve m --max-model-len 8\n```\n",
        '```ini\n[Service]\nEnvironment="A_PORT=1"\n```\n',
        "| Variable | Value |\n|---|---|\n| MAX_MODEL_LEN | 8 |\n",
    ],
)
def test_what_is_clearly_the_services_own_is_judged_by_machine(read: Read, text: str) -> None:
    assert set(judges(read(f"# T\n\n{text}")).values()) == {"machine"}


def test_a_setting_for_all_services_is_asked_of_each_that_has_none_of_its_own(read: Read) -> None:
    text = (
        "services:\n  ant:\n    port: 1\n    memory_gb: 1\n    max_num_seqs: 4\n  bee:\n    port: 2\n    memory_gb: 2\n"
    )
    shared = "engine:\n  swap_space: 0\n  max_num_seqs: 8\n"
    document = read(f"# T\n\n## Configuration\n\n```yaml\n{text}```\n\n```yaml\n{shared}```\n")
    asked = [
        (criterion.service, criterion.parameters["name"])
        for criterion in document.criteria
        if str(criterion.parameters.get("spelling", "")).startswith("engine.")
    ]
    assert asked == [("ant", "swap_space"), ("bee", "swap_space"), ("bee", "engine.max_num_seqs")]


def test_a_shared_setting_that_every_service_overrides_goes_to_a_person(read: Read) -> None:
    text = "services:\n  ant:\n    port: 1\n    memory_gb: 1\n  bee:\n    port: 2\n    memory_gb: 2\n"
    document = read(f"# T\n\n## Configuration\n\n```yaml\n{text}```\n\n```yaml\nall:\n  memory_gb: 3\n```\n")
    shared = by_spelling(document)["all.memory_gb"]
    assert (shared.judge, shared.service) == ("person", "")
    assert "value of its own" in shared.reason
