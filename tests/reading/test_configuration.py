from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from acceptance.reading import Document
from acceptance.reading.names import from_path

Read = Callable[[str], Document]


def settings(document: Document) -> list[tuple[int, str, object]]:
    return [(setting.line, setting.name, setting.value) for setting in document.configuration]


def test_variables_lose_the_prefix_that_they_share(read: Read) -> None:
    document = read('```bash\n# Service\nAPP_PORT=1\nexport APP_MEMORY_GB="2"\nAPP_FLAG=true\n```\n')
    assert settings(document) == [(3, "port", 1), (4, "memory_gb", "2"), (5, "flag", True)]
    assert {setting.group for setting in document.configuration} == {"Service"}


def test_a_script_with_an_assignment_is_no_configuration(read: Read) -> None:
    document = read("```bash\nTOKEN=abc\ncurl http://h/x\n```\n")
    assert document.configuration == ()
    assert [command.program for command in document.commands] == ["TOKEN=abc", "curl"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("service", "port"), "port"),
        (("model", "path"), "model_path"),
        (("model", "max_model_len"), "max_model_len"),
        (("conversation", "memory_size"), "conversation_memory_size"),
        (("performance", "memory_limit_gb"), "memory_gb"),
        (("monitoring", "prometheus_port"), "metrics_port"),
        (("anything", "else"), "else"),
    ],
)
def test_yaml_paths_have_one_name(path: tuple[str, ...], name: str) -> None:
    assert from_path(path) == name


def test_several_values_of_one_line_are_one_statement_with_several_criteria(read: Read) -> None:
    document = read("```yaml\nservice: {name: app, port: 1}\n```\n")
    (statement,) = document.statements
    assert statement.line == 2
    assert [criterion.parameters["name"] for criterion in document.criteria] == ["name", "port"]
    assert document.line_kinds == ("configuration", "statement", "configuration")


def test_services_side_by_side_keep_their_values_apart(read: Read) -> None:
    document = read("```yaml\nservices:\n  a:\n    port: 1\n  b:\n    port: 2\n```\n")
    assert [(setting.scope, setting.value) for setting in document.configuration] == [("a", 1), ("b", 2)]


def test_a_broken_yaml_block_is_reported_at_its_line(read: Read) -> None:
    document = read("text\n```yaml\na: 1\nb: [\n```\n- [ ] box\n")
    assert [(d.code, d.line) for d in document.diagnostics] == [("yaml-unreadable", 5)]


def test_dates_and_secrets_stay_plain(read: Read) -> None:
    document = read("```yaml\nday: 2025-01-18\nkey: ${SECRET}\n```\n")
    assert [criterion.judge for criterion in document.criteria] == ["machine", "person"]
    assert settings(document)[0] == (2, "day", "2025-01-18")


def test_a_python_value_that_is_no_literal_is_reported(read: Read) -> None:
    document = read("```python\nfrom a import C\nc = C(\n    port=1,\n    path=root / 'x',\n)\n```\n")
    assert settings(document) == [(4, "port", 1)]
    assert [(d.code, d.line) for d in document.diagnostics] == [("python-value-unreadable", 5)]


def test_python_that_configures_nothing_is_prose(read: Read) -> None:
    document = read("```python\nasync def f():\n    return 1\n```\n")
    assert set(document.line_kinds) == {"prose"}


@pytest.mark.parametrize(
    "block",
    [
        "yaml\na: &a [*a]\nb: 1\n",
        "yaml\na: 2025-13-45\n",
        "yaml\na: !!python/object:os.system x\n",
        "yaml\n{a: [b}\n",
        "yaml\nport: .nan\nhost: .inf\n",
        "python\nc = C(a={1, 2}, b=b'x', d=1j, e=(1, 2))\n",
        "python\n" + "(" * 3000 + "\n",
        "bash\ncurl http://h/x -d '" + "[" * 5000 + "'\n# Expected: " + "[" * 5000 + "\n",
        "bash\npython -c '" + "-" * 5000 + "1'\n# Expected: fine\n",
    ],
)
def test_hostile_blocks_never_break_the_reading(read: Read, block: str) -> None:
    document = read(f"```{block}```\n- [ ] latency < 2 s\n")
    assert document.criteria[-1].kind == "latency"
    json.dumps(document.as_json(), allow_nan=False)
