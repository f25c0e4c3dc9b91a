"""The names by which a service is asked: a path where the document has several values of one leaf name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document
from signoff.acceptance.reading.settings.alternatives import alternatives, comment_of

Read = Callable[[str], Document]


def names(document: Document) -> list[str]:
    return [str(each.parameters["name"]) for each in document.criteria if each.kind == "config_value"]


def configured(read: Read, text: str) -> Document:
    return read(f"# T\n\n## Configuration\n\n{text}")


def test_a_leaf_name_that_occurs_twice_is_asked_by_its_path(read: Read) -> None:
    text = "```yaml\nhealth: {timeout_ms: 400}\nstore: {timeout_ms: 1500, optional: true}\n```\n"
    assert names(configured(read, text)) == ["health.timeout_ms", "store.timeout_ms", "optional"]


def test_a_name_is_distinguished_across_the_blocks_of_a_document(read: Read) -> None:
    text = "```yaml\nservice: {name: curlew}\n```\n\n```yaml\nlogging: {name: audit}\n```\n"
    assert names(configured(read, text)) == ["service.name", "logging.name"]


def test_as_much_of_the_path_is_taken_as_distinguishes_it(read: Read) -> None:
    text = "```yaml\na: {x: {weight: 1}, y: {weight: 2}}\nb: {x: {weight: 3}}\n```\n"
    assert names(configured(read, text)) == ["a.x.weight", "y.weight", "b.x.weight"]


def test_a_canonical_name_of_a_path_is_distinct_already(read: Read) -> None:
    text = "```yaml\nserver: {port: 1, path: /v1}\nmetrics: {port: 2}\nmodel: {path: /m}\n```\n"
    assert names(configured(read, text)) == ["port", "server.path", "metrics_port", "model_path"]


def test_variables_keep_their_own_names(read: Read) -> None:
    text = "```yaml\nenvironment:\n  APP_MODE: a\n```\n\n```yaml\napp:\n  environment:\n    APP_MODE: a\n```\n"
    assert names(configured(read, text)) == ["app_mode", "app_mode"]


def test_the_port_of_a_prometheus_on_another_host_is_no_port_of_the_service(read: Read) -> None:
    text = "```bash\nMETRICS_HOST=10.0.0.7\nPROMETHEUS_PORT=9090\n```\n"
    assert names(configured(read, text)) == ["metrics_host", "prometheus_port"]


@pytest.mark.parametrize(
    ("comment", "allowed"),
    [
        ("", ()),
        ("in seconds", ()),
        ("or mistral-3b-q4", ("mistral-3b-q4",)),
        ("or exllama, both are allowed", ("exllama",)),
        ("q4_0 will do as well", ("q4_0",)),
        ("llama-cpp works too", ("llama-cpp",)),
        ("or 8, or 16", (8, 16)),
        ("ollama, llama-cpp, etc.", None),
        ("or another", None),
        ("at least 4", None),
        ("the default", None),
        ("4-8", None),
        ("or what the engine prefers on small cards", None),
    ],
)
def test_alternatives_in_a_comment_are_kept_or_said_not_to_be_understood(comment: str, allowed: object) -> None:
    assert alternatives(comment) == allowed


@pytest.mark.parametrize(
    ("line", "comment"),
    [
        ('A: "x # y"  # or z', "or z"),
        ("A=x#y", ""),
        ("url: http://h/x", ""),
        ('"a": 1, // or 2', "or 2"),
        ("# all of it", "all of it"),
    ],
)
def test_a_comment_begins_behind_the_value(line: str, comment: str) -> None:
    assert comment_of(line) == comment


def test_an_allowed_value_is_asked_as_well(read: Read) -> None:
    (criterion,) = configured(read, "```bash\nAPP_ENGINE=ollama  # or llama-cpp\n```\n").criteria
    assert criterion.parameters["also"] == ["llama-cpp"]


def test_a_comment_that_allows_unnamed_values_sends_the_setting_to_a_person(read: Read) -> None:
    (criterion,) = configured(read, "```bash\nAPP_ENGINE=ollama  # or any other\n```\n").criteria
    assert criterion.judge == "person"
    assert "other values" in criterion.reason
