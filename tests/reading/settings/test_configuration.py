from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from signoff.acceptance.reading import Document
from signoff.acceptance.reading.settings.names import from_path

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
    document = read("## Settings\n\n```yaml\nday: 2025-01-18\nkey: ${SECRET}\n```\n")
    assert [criterion.judge for criterion in document.criteria] == ["machine", "person"]
    assert settings(document)[0] == (4, "day", "2025-01-18")


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


def named(document: Document) -> dict[str, object]:
    return {setting.name: setting.value for setting in document.configuration}


@pytest.mark.parametrize(
    ("block", "wanted"),
    [
        ('json\n{"max_model_len": 8192, "size_gb": 4.1}\n', {"max_model_len": 8192, "size_gb": 4.1}),
        ("toml\n[server]\nport = 8000\nhosts = [\n  'a',\n]\n", {"port": 8000, "hosts": ["a"]}),
        ("ini\n[Service]\nMemoryMax=16G\nCPUQuota=400%\n", {"memory_gb": 16, "cpu_cores": 4}),
        ('ini\n[Service]\nEnvironment="A_PORT=1" "A_WORKERS=2" "A_X=y"\n', {"port": 1, "workers": 2, "x": "y"}),
        ("ini\n[Service]\nExecStart=vllm serve m --max-model-len 4096\n", {"max_model_len": 4096}),
        ("nginx\nserver {\n  listen 80;\n}\n", {"nginx_listen": 80}),
        ("dockerfile\nFROM a\nENV WORKERS=2\nEXPOSE 8000\n", {"workers": 2, "port": 8000}),
        (
            "yaml\ndeploy:\n  resources:\n    limits: {memory: 16Gi, cpus: '2'}\n",
            {"memory_gb": 17.179869, "cpu_cores": 2},
        ),
        (
            "yaml\nresources:\n  limits: {memory: 8G}\n  requests: {memory: 4G}\n",
            {"memory_gb": 8, "requested_memory": "4G"},
        ),
        ("yaml\na:\n  environment:\n    - APP_PORT=1\n    - APP_X=2\n    - APP_Y=3\n", {"port": 1}),
        ("yaml\na:\n  env:\n    - name: WORKERS\n      value: '3'\n", {"workers": 3}),
        ("yaml\nenvironment:\n  A_MAX_MEMORY_MB: '4096'\n  A_B: 1\n  A_C: 2\n", {"memory_gb": 4.096}),
        ("yaml\na:\n  command: --max-model-len=4096 --port 1\n", {"max_model_len": 4096, "port": 1}),
        (
            "bash\nvllm serve a/b --max-model-len 8192 --port 1 -tp 2\n",
            {"model_name": "a/b", "tensor_parallel_size": 2},
        ),
        ("bash\nllama-server -m /m.gguf -c 4096 -np 2\n", {"model_path": "/m.gguf", "max_concurrent_requests": 2}),
        ("bash\ntext-generation-launcher --model-id m --num-shard 2\n", {"model_name": "m", "tensor_parallel_size": 2}),
        ("bash\npython -m sglang.launch_server --context-length 8192\n", {"max_model_len": 8192}),
        ("bash\nOLLAMA_NUM_PARALLEL=4 OLLAMA_CONTEXT_LENGTH=8192 ollama serve\n", {"max_model_len": 8192}),
        ("bash\ndocker run --memory 8g -e A=1 img --max-model-len 2048\n", {"memory_gb": 8, "max_model_len": 2048}),
        ('bash\ncat > x.json <<EOF\n{"max_model_len": 2048}\nEOF\n', {"max_model_len": 2048}),
        ("bash\ncat <<'EOF' > x.yaml\nport: 1\nEOF\n", {"port": 1}),
    ],
)
def test_every_form_gives_its_settings_under_one_name(read: Read, block: str, wanted: dict[str, object]) -> None:
    assert wanted.items() <= named(read(f"# T\n\n## Configuration\n\n```{block}```\n")).items()


@pytest.mark.parametrize(
    "text",
    [
        '## Response\n```json\n{"max_model_len": 1}\n```\n',
        'The server answers with:\n\n```json\n{"max_model_len": 1}\n```\n',
        '```bash\ncurl http://h/x\n```\n```json\n{"max_model_len": 1}\n```\n',
        '```json\n{"prompt": "x", "max_tokens": 1}\n```\n',
        "```bash\nvllm --version\n```\n",
        "```bash\ncurl --max-time 5 http://h/x\n```\n",
    ],
)
def test_requests_answers_and_other_commands_configure_nothing(read: Read, text: str) -> None:
    assert read(f"# T\n\n{text}").configuration == ()


def test_a_flag_keeps_its_own_line_and_column(read: Read) -> None:
    document = read("```bash\nvllm serve m \\\n  --port 8000 \\\n  --max-model-len 8192\n```\n")
    assert [(s.name, s.line, s.column) for s in document.configuration] == [
        ("model_name", 2, 12),
        ("port", 3, 3),
        ("max_model_len", 4, 3),
    ]


def test_a_table_of_settings_is_configuration(read: Read) -> None:
    document = read("| Variable | Value |\n|---|---|\n| APP_PORT | 1 |\n| MAX_MODEL_LEN | 8192 |\n")
    assert settings(document) == [(3, "app_port", 1), (4, "max_model_len", 8192)]


def test_the_services_of_a_compose_file_are_scopes(read: Read) -> None:
    document = read("```yaml\nservices:\n  a:\n    image: x\n    mem_limit: 4g\n  b:\n    image: y\n```\n")
    assert [(setting.scope, setting.name, setting.value) for setting in document.configuration] == [
        ("a", "image", "x"),
        ("a", "memory_gb", 4),
        ("b", "image", "y"),
    ]


def test_the_models_of_a_list_are_scopes_by_their_names(read: Read) -> None:
    text = '{"models": [{"name": "a", "size_gb": 1}, {"name": "b", "size_gb": 2}]}'
    document = read(f"```json\n{text}\n```\n")
    sizes = [(s.scope, s.value) for s in document.configuration if s.name == "size_gb"]
    assert sizes == [("a", 1), ("b", 2)]


def test_front_matter_gives_header_fields_and_the_settings_among_them(read: Read) -> None:
    document = read("---\ntitle: Plover\nowner: team\nport: 9300\n---\n\n- [ ] box\n")
    assert document.title == "Plover"
    assert document.header["owner"] == "team"
    assert settings(document) == [(4, "port", 9300)]


@pytest.mark.parametrize(
    "block",
    [
        'json\n{"port": [[[[' + "[" * 3000 + "\n",
        "toml\n[a\nport = \n",
        "toml\nport = " + "[" * 3000 + "\n",
        "ini\n[a]\n=\nport\n",
        "nginx\n" + "a {\n" * 300,
        "yaml\na: &a [x, x]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)),
        "bash\nvllm serve 'unclosed --port 1\n",
    ],
)
def test_broken_forms_never_break_the_reading(read: Read, block: str) -> None:
    document = read(f"## Configuration\n\n```{block}```\n\n- [ ] latency < 2 s\n")
    assert document.criteria[-1].kind == "latency"
    json.dumps(document.as_json(), allow_nan=False)
