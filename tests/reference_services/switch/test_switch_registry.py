"""The model registry, the set-up of the models folder, and the compose file."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from signoff.reference_services.switch.prepare import __main__ as prepare
from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.sources import registry
from signoff.reference_services.switch.sources import source_list as sources
from signoff.reference_services.web.settings.settings_problems import SettingsError
from tests.reference_services.running import ROOT
from tests.reference_services.switch.switch_process import FOREIGN

COMPOSE = ROOT / "reference_services/switch/compose.yaml"
GB = 10**9


@pytest.fixture(autouse=True)
def no_foreign_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)


def shipped() -> dict[str, Any]:
    return json.loads(registry.SHIPPED.read_text(encoding="utf-8"))


def written(folder: Path, table: Any) -> Path:
    file = folder / registry.FILE
    file.write_text(table if isinstance(table, str) else json.dumps(table), encoding="utf-8")
    return file


def test_the_registry_of_the_folder_holds_and_else_the_one_that_comes_with_switch(tmp_path: Path) -> None:
    assert registry.of_folder(tmp_path).default_model == "hermes-7b-q4"
    written(tmp_path, {**shipped(), "default_model": "mistral-3b-q4"})
    assert registry.of_folder(tmp_path).default_model == "mistral-3b-q4"
    assert sources.build(SwitchSettings(hermes_model_dir=str(tmp_path))).model == "mistral-3b-q4"


def test_all_that_is_wrong_with_a_registry_is_told_at_once(tmp_path: Path) -> None:
    table = shipped()
    first, second = table["available_models"]
    first |= {"size_gb": "2.4", "path": "../../etc/passwd", "quantisation": "q4_0", "recommended": 1}
    del first["quantization"]
    second |= {"name": "hermes-7b-q4", "context_length": 0, "framework": "olama", "sha256": "12"}
    file = written(tmp_path, {**table, "default_model": "none", "defualt": 1})
    with pytest.raises(SettingsError) as caught:
        registry.read(file)
    text = str(caught.value)
    for expected in (
        "defualt: no such key; did you mean default_model?",
        'available_models[0].size_gb = "2.4": allowed is a number',
        "available_models[0].path = '../../etc/passwd' must be in the models folder",
        "available_models[0].quantisation: no such key; did you mean quantization?",
        "available_models[0].quantization is missing",
        "available_models[0].recommended = 1: allowed is true or false",
        "available_models[1].context_length = 0",
        "available_models[1].framework = 'olama'",
        "available_models[1].sha256",
        "'hermes-7b-q4' is there twice",
        "default_model = 'none' is not one of the models",
        "fallback_model = 'mistral-3b-q4' is not one of the models",
    ):
        assert expected in text
    assert all(line.startswith(f"{file}: ") for line in caught.value.problems)


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "a/../../b", "", "a\0b"])
def test_no_entry_leads_out_of_the_folder(tmp_path: Path, path: str) -> None:
    table = shipped()
    table["available_models"][0]["path"] = path
    with pytest.raises(SettingsError, match="must be in the models folder"):
        registry.read(written(tmp_path, table))


def test_a_link_out_of_the_folder_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "elsewhere.gguf").write_bytes(b"x")
    (tmp_path / "models/hermes-7b-q4.gguf").symlink_to(tmp_path / "elsewhere.gguf")
    found = sources.build(SwitchSettings(hermes_model_dir=str(tmp_path / "models")))
    assert "outside the models folder" in found.local_refusal
    assert found.local is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", ":1:2: not JSON"),
        ("[]", "an object is needed"),
        ("{}", "available_models must be a list"),
        ("[" * 99_999, "nested too deeply"),
    ],
)
def test_what_is_no_registry_is_told_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)):
        registry.read(written(tmp_path, text))


def test_a_model_that_the_registry_lacks_and_a_context_that_it_lacks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="the registry has hermes-7b-q4, mistral-3b-q4"):
        sources.build(SwitchSettings(hermes_model_dir=str(tmp_path), hermes_model_name="gpt"))
    with pytest.raises(SettingsError, match="the registry says that hermes-7b-q4 has 2048"):
        sources.build(SwitchSettings(hermes_model_dir=str(tmp_path), hermes_context_length=4096))


def test_each_model_of_a_registry_is_answered_by_its_own_framework_where_the_setting_says_so(tmp_path: Path) -> None:
    table = shipped()
    table["available_models"][0]["framework"] = "llama-cpp"
    written(tmp_path, table)
    (tmp_path / "hermes-7b-q4.gguf").write_bytes(b"x")

    def chain(**settings: str) -> list[tuple[str, str]]:
        found = sources.build(SwitchSettings(hermes_model_dir=str(tmp_path), **settings))
        return [(type(source).__name__, source.framework) for source in found.chain]

    assert chain(hermes_framework="registry") == [("GgufModel", "llama-cpp"), ("Ollama", "ollama")]
    assert chain(hermes_framework="llama-cpp") == [("GgufModel", "llama-cpp")], "the reserve has no file"
    assert chain(hermes_framework="llama-cpp", hermes_base_url="http://127.0.0.1:8080/v1") == [
        ("Upstream", "llama-cpp"),
        ("Upstream", "llama-cpp"),
    ]
    assert chain(hermes_framework="ollama") == [("Ollama", "ollama"), ("Ollama", "ollama")]
    assert chain() == [("SimulatedModel", "simulated"), ("SimulatedModel", "simulated")]


def test_a_file_that_llama_cpp_is_to_load_and_that_is_not_there_is_told(tmp_path: Path) -> None:
    found = sources.build(SwitchSettings(hermes_model_dir=str(tmp_path), hermes_framework="llama-cpp"))
    reason = "The model is not loaded: hermes-7b-q4.gguf in the models folder: No such file or directory"
    assert found.local_refusal == reason
    assert found.local is None


def test_a_framework_without_a_customary_address_needs_one(tmp_path: Path) -> None:
    table = shipped()
    table["available_models"][1]["framework"] = "openai"
    written(tmp_path, table)
    with pytest.raises(SettingsError, match="mistral-3b-q4 with the framework openai: it needs HERMES_BASE_URL"):
        sources.build(SwitchSettings(hermes_model_dir=str(tmp_path), hermes_framework="registry"))


def test_an_address_that_no_model_of_the_registry_would_be_asked_at_is_refused(tmp_path: Path) -> None:
    table = shipped()
    for entry, framework in zip(table["available_models"], ("llama-cpp", "simulated"), strict=True):
        entry["framework"] = framework
    written(tmp_path, table)
    asked = {"hermes_model_dir": str(tmp_path), "hermes_framework": "registry"}
    assert sources.build(SwitchSettings(**asked)).framework == "llama-cpp"
    with pytest.raises(SettingsError, match="the registry has llama-cpp and simulated, which answer here"):
        sources.build(SwitchSettings(**asked, hermes_base_url="http://127.0.0.1:11434"))


Serve = Callable[[httpx.Request], httpx.Response]


def prepared(folder: Path, *arguments: str, serve: Serve | None = None) -> int:
    """`prepare` with a network of its own; without one, any request is a failure of the test."""

    def nothing(request: httpx.Request) -> httpx.Response:
        raise AssertionError(f"{request.url} was asked")

    return prepare.main(
        [str(folder), *arguments], lambda: httpx.Client(transport=httpx.MockTransport(serve or nothing))
    )


def test_the_set_up_writes_the_registry_shows_what_is_missing_and_asks_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data/models"
    assert prepared(folder, "--model", "7b") == 0
    assert json.loads((folder / registry.FILE).read_text(encoding="utf-8")) == shipped()
    assert sorted(path.name for path in folder.iterdir()) == [registry.FILE]
    output = capsys.readouterr().out
    assert "about 2.4 GB" in output
    assert "huggingface.co" in output
    assert "no source is known" in output
    assert "still to be fetched" in output


def test_a_registry_that_is_there_is_kept_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, {**shipped(), "default_model": "mistral-3b-q4"})
    before = file.read_bytes()
    assert prepared(tmp_path) == 0
    assert file.read_bytes() == before
    file.write_text("{}", encoding="utf-8")
    assert prepared(tmp_path) == 4
    assert file.read_text(encoding="utf-8") == "{}"


def small_registry(folder: Path) -> None:
    table = shipped()
    table["available_models"][0]["size_gb"] = 1000 / GB
    written(folder, table)


@pytest.mark.parametrize(
    ("size", "digest", "code"),
    [(1000, "right", 0), (1000, "", 0), (1000, "wrong", 1), (1200, "right", 1), (800, "", 1)],
)
def test_a_file_that_is_there_is_held_to_size_and_digest(tmp_path: Path, size: int, digest: str, code: int) -> None:
    small_registry(tmp_path)
    content = b"w" * size
    (tmp_path / "hermes-7b-q4.gguf").write_bytes(content)
    sha256 = {"right": hashlib.sha256(content).hexdigest(), "wrong": "0" * 64, "": ""}[digest]
    assert prepared(tmp_path, *(["--sha256", sha256] if sha256 else [])) == code


def test_what_is_asked_for_is_fetched_over_https_and_kept_where_it_is_right(tmp_path: Path) -> None:
    small_registry(tmp_path)
    content = b"w" * 1000
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.path == "/first":
            return httpx.Response(302, headers={"location": "https://cdn.test/file"})
        return httpx.Response(200, content=content)

    right = hashlib.sha256(content).hexdigest()
    assert prepared(tmp_path, "--download", "https://hub.test/first", "--sha256", right, serve=serve) == 0
    assert asked == ["https://hub.test/first", "https://cdn.test/file"]
    assert (tmp_path / "hermes-7b-q4.gguf").read_bytes() == content
    assert prepared(tmp_path, "--download", "https://hub.test/first", "--sha256", right) == 4, "it is there already"


@pytest.mark.parametrize(
    "serve",
    [
        lambda request: httpx.Response(200, content=b"another"),
        lambda request: httpx.Response(200, content=b"w" * 2001),
        lambda request: httpx.Response(404),
        lambda request: httpx.Response(302, headers={"location": "http://plain.test/file"}),
        lambda request: httpx.Response(302, headers={"location": "https://hub.test/file"}),
    ],
    ids=["another digest", "too long", "not found", "to a plain address", "round and round"],
)
def test_of_a_download_that_is_not_right_nothing_is_kept(tmp_path: Path, serve: Serve) -> None:
    small_registry(tmp_path)
    asked: list[httpx.Request] = []

    def seen(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return serve(request)

    assert prepared(tmp_path, "--download", "https://hub.test/file", "--sha256", "0" * 64, serve=seen) == 1
    assert all(request.url.scheme == "https" for request in asked)
    assert [path.name for path in tmp_path.iterdir()] == [registry.FILE]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--download", "http://hub.test/file", "--sha256", "0" * 64),
        ("--download", "https://name:word@hub.test/file", "--sha256", "0" * 64),
        ("--model", "13b"),
    ],
)
def test_what_is_not_to_be_done_is_refused_before_anything_is_asked(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert prepared(tmp_path, *arguments) == 4


@pytest.mark.parametrize("arguments", [("--download", "https://hub.test/file"), ("--sha256", "12")])
def test_a_download_without_a_digest_is_a_wrong_command(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as caught:
        prepared(tmp_path, *arguments)
    assert caught.value.code == 4
    assert list(tmp_path.iterdir()) == []


def test_the_compose_file_sets_what_the_settings_know_and_publishes_on_loopback_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    variables = {name: value for name, value in services["switch"]["environment"].items() if not value.startswith("${")}
    known = {name.upper() for name in SwitchSettings.model_fields}
    assert set(services["switch"]["environment"]) <= known
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = SwitchSettings()
    for name, value in variables.items():
        assert str(getattr(settings, name.lower())).lower() == value.lower() or float(value) == getattr(
            settings, name.lower()
        )
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service.get("ports", ()))
    targets = {volume["target"] for volume in services["switch"]["volumes"]}
    assert settings.hermes_model_dir in targets
    assert (COMPOSE.parent / services["switch"]["build"]["context"]).resolve() == ROOT
    assert (ROOT / services["switch"]["build"]["dockerfile"]).is_file()


def test_each_variable_of_the_document_is_in_the_compose_file_with_its_value() -> None:
    document = (ROOT / "fixtures/tasks/4b-switch-hermes.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"## All Environment Variables.*?```yaml\nenvironment:\n(.*?)```", document, re.DOTALL)
    asked = yaml.safe_load(table)
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    ours = services["switch"]["environment"]
    assert len(asked) >= 15
    for name, value in asked.items():
        assert ours[name] == value or (value.startswith("${") and ours[name].startswith("${" + name))
