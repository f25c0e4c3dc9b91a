from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.web.settings.settings_problems import SettingsError
from signoff.reference_services.web.settings.settings_yaml import SECTIONS

SHIPPED = Path(__file__).parents[3] / "reference_services" / "hermes-2.yaml"
PORTS = st.integers(1, 65535)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("HERMES_2_")]:
        monkeypatch.delenv(name)


def problems(*arguments: object, **values: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Hermes2Config(*arguments, **values)  # type: ignore[arg-type]
    return caught.value.problems


def test_defaults_are_the_figures_of_the_task_and_the_shipped_file_says_the_same() -> None:
    config = Hermes2Config()
    assert (config.port, config.metrics_port, config.memory_gb, config.cpu_cores) == (11401, 11402, 15, 4)
    assert (config.max_model_len, config.conversation_memory_size, config.session_timeout_minutes) == (8192, 10, 30)
    assert config == Hermes2Config(SHIPPED)


def test_every_setting_but_none_more_has_a_place_in_the_yaml_form() -> None:
    mapped = [name for keys in SECTIONS.values() for name in keys.values()]
    assert sorted(mapped) == sorted(Hermes2Config.model_fields)


@given(ports=st.lists(PORTS, min_size=4, max_size=4, unique=True), given_to=st.sets(st.sampled_from("aef")))
def test_arguments_come_before_variables_before_the_file_before_defaults(
    tmp_path_factory: pytest.TempPathFactory, ports: list[int], given_to: set[str]
) -> None:
    argument, variable, filed, metrics_port = ports
    file = tmp_path_factory.mktemp("yaml") / "s.yaml"
    service = {"port": filed} if "f" in given_to else {}
    file.write_text(yaml.safe_dump({"service": service, "monitoring": {"prometheus_port": metrics_port}}))
    with pytest.MonkeyPatch.context() as patch:
        if "e" in given_to:
            patch.setenv("HERMES_2_PORT", str(variable))
        arguments = {"port": argument} if "a" in given_to else {}
        if not given_to and metrics_port == 11401:
            return
        config = Hermes2Config(file, **arguments)
    expected = {"a": argument, "e": variable, "f": filed}
    first = next((expected[source] for source in "aef" if source in given_to), 11401)
    assert (config.port, config.metrics_port) == (first, metrics_port)


@given(value=st.integers().filter(lambda number: not 1 <= number <= 65535))
def test_a_port_out_of_range_is_named_with_what_is_allowed_and_where_it_came_from(value: int) -> None:
    assert problems(port=value) == (f"port = {value}: allowed is a whole number from 1 to 65535 (from an argument)",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_gb", 0),
        ("memory_gb", float("nan")),
        ("memory_gb", float("inf")),
        ("cpu_cores", -1),
        ("gpu_memory_utilization", 0),
        ("gpu_memory_utilization", 1.01),
        ("coherence_threshold", -0.1),
        ("coherence_threshold", 1.5),
        ("max_model_len", 0),
        ("max_num_seqs", 2.5),
        ("port", True),
        ("workers", 2),
        ("log_level", "LOUD"),
        ("session_timeout_minutes", 0),
        ("enforce_eager", "maybe"),
        ("host", ""),
        ("time_per_token_ms", -1),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_in_one_line(name: str, value: object) -> None:
    (line,) = problems(**{name: value})
    assert line.startswith(f"{name} = {value!r}: allowed is ")
    assert line.endswith("(from an argument)")
    assert "\n" not in line


def test_all_problems_are_told_in_one_go_each_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("service:\n  nam: x\nmodel:\n  max_model_len: -1\nmodels: {}\nconversation:\n  memory_size: [1]\n")
    monkeypatch.setenv("HERMES_2_CPU_CORES", "many")
    monkeypatch.setenv("HERMES_2_PROT", "1")
    assert problems(file, memory_gb=0, colour="red") == (
        f"{file}:5: unknown section 'models'; did you mean model?",
        f"{file}:2: unknown key of service 'nam'; did you mean name?",
        f"{file}:7: conversation.memory_size holds one value, not several",
        "HERMES_2_PROT = '1': no such setting; did you mean HERMES_2_PORT? (from the environment)",
        "memory_gb = 0: allowed is a number above 0 (from an argument)",
        "cpu_cores = 'many': allowed is a number above 0 (from variable HERMES_2_CPU_CORES)",
        f"max_model_len = -1: allowed is a whole number above 0 (from {file}:4)",
        "colour: no such setting",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("service: {port: 1\n", ":2:1: not YAML: "),
        ("- 1\n", ":1: sections are expected: "),
        ("service:\n  port: 1\n  port: 2\n", ":3: port is stated twice"),
        ("service: 5\n", ":1: service holds no keys: "),
        ("model:\n  path: !!python/name:os.system\n", ":2: model.path = "),
    ],
)
def test_a_broken_file_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "s.yaml"
    file.write_text(text)
    assert any(line.startswith(f"{file}{message}") for line in problems(file))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"a: \xff")
    assert problems(tmp_path / "none.yaml") == (f"{tmp_path / 'none.yaml'}: No such file or directory",)
    assert problems(binary) == (f"{binary}: not UTF-8 text (byte 3)",)
    assert problems(tmp_path) == (f"{tmp_path}: Is a directory",)


@pytest.mark.parametrize(
    "url",
    [
        "redis://ann:s3/cret@host:6379/0",
        "redis://ann:s3@cret@host/one",
        "mysql://ann:s3?cret@host/db",
        "mysql://host/db?password=s3cret",
        "mysql://host/db?sslmode=x&password=s3/cr@et",
    ],
)
def test_a_store_that_cannot_be_meant_is_refused_without_its_password(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HERMES_2_STOER", url)
    monkeypatch.setenv("HERMES_2_STORE", url)
    lines = problems()
    assert len(lines) == 2
    assert not any("s3" in line or "cret" in line for line in lines)


def test_settings_that_contradict_each_other_are_refused() -> None:
    assert problems(port=5000, metrics_port=5000)[0].startswith("port and metrics_port are both 5000")
    assert problems(max_model_len=100)[0].startswith("context_window_size = 8192 is more than max_model_len = 100")


def test_the_guide_names_every_setting() -> None:
    guide = (SHIPPED.parent.parent / "docs/services/models.md").read_text(encoding="utf-8")
    assert [name for name in Hermes2Config.model_fields if f"`{name}`" not in guide] == []
