"""The four services of the one factory, each as a process of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from signoff.reference_services.chat.prompt.templates import TEMPLATES
from signoff.reference_services.chat.settings.services import SERVICES
from signoff.reference_services.web.settings.settings_problems import SettingsError
from tests.reference_services.running import Running, start_service

FIGURES = {
    "mixtral-8x7b": (11400, "own", 90, 8, 32_768, 2000, 50, "mistral"),
    "hermes-2": (11401, 11402, 15, 4, 8_192, 1500, 20, "chatml"),
    "openchat-3.5": (11402, "own", 8, 4, 4_096, 1000, 40, "openchat"),
    "phi-3-mini": (11403, "own", 4, 2, 2_048, 500, 60, "phi3"),
}


@pytest.fixture(scope="module", params=[name for name in FIGURES if name != "hermes-2"])
def service(request: pytest.FixtureRequest) -> Iterator[Running]:
    running = start_service(service=request.param)
    running.name = request.param
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("name", FIGURES)
def test_the_presets_are_the_figures_of_the_documents(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [variable for variable in os.environ if variable.startswith(SERVICES[name].preset.prefix)]:
        monkeypatch.delenv(variable)
    config = SERVICES[name]()
    assert config.name == name
    assert FIGURES[name] == (
        config.port,
        config.metrics_port,
        config.memory_gb,
        config.cpu_cores,
        config.max_model_len,
        config.target_latency_ms,
        config.target_throughput_rps,
        config.chat_template,
    )
    assert config.context_window_size == config.max_model_len


def test_there_are_four_each_with_a_template_and_a_prefix_of_its_own() -> None:
    assert set(SERVICES) == set(FIGURES)
    configs = [config() for config in SERVICES.values()]
    assert {config.chat_template for config in configs} == set(TEMPLATES)
    assert {config.preset.prefix for config in configs} == {
        "MIXTRAL_8X7B_",
        "HERMES_2_",
        "OPENCHAT_3_5_",
        "PHI_3_MINI_",
    }


def test_each_reads_its_own_variables_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHI_3_MINI_MAX_NUM_SEQS", "7")
    seqs = {name: config().max_num_seqs for name, config in SERVICES.items()}
    assert seqs == {"mixtral-8x7b": 256, "hermes-2": 128, "openchat-3.5": 256, "phi-3-mini": 7}


def test_each_says_who_it_is(service: Running) -> None:
    health, config = service.get("/health"), service.get("/config")
    assert (health["model"], health["context_length"]) == (service.name, FIGURES[service.name][4])
    assert (config["name"], config["metrics_port"], config["engine"]["name"]) == (service.name, "own", "simulated")
    assert service.get("/v1/models")["data"][0]["id"] == service.name
    assert service.get("/openapi.json")["info"]["title"] == service.name


def test_each_serves_its_metrics_on_its_own_port_under_its_own_name(service: Running) -> None:
    prefix = SERVICES[service.name].preset.metric_prefix
    service.say("Hello")
    seen = service.metrics(on_metrics_port=True)
    assert seen[f'{prefix}_requests_total{{"endpoint": "/v1/chat/completions", "outcome": "ok"}}'] >= 1
    assert seen[f'vllm:num_requests_running{{"model_name": "{service.name}"}}'] == 0
    others = [config.preset.metric_prefix for config in SERVICES.values() if config.preset.metric_prefix != prefix]
    assert not any(name.startswith(tuple(others)) for name in seen)


def test_each_remembers_within_its_own_context_to_the_token(service: Running) -> None:
    service.say("The ferry is painted orange.", "talk")
    assert "orange" in service.say("How is the ferry painted?", "talk")
    length = FIGURES[service.name][4]
    text = "and " * length
    count = service.client.post("/tokenize", json={"messages": [{"role": "user", "content": text}]}).json()["count"]
    error = service.chat(text).json()["error"]
    assert error["code"] == "context_length_exceeded"
    assert str(length) in error["message"]
    assert str(count) in error["message"]
    fits = service.chat("and " * (length // 2), max_tokens=1)
    assert fits.json()["usage"]["completion_tokens"] == 1


@pytest.mark.parametrize(
    ("fields", "param", "allowed"),
    [
        ({"temperature": 0.05}, "temperature", "0.1 to 2"),
        ({"top_p": 0.01}, "top_p", "0.1 to 1"),
        ({"max_tokens": 4097}, "max_tokens", "1 to 4096"),
        ({"max_completion_tokens": 4097}, "max_completion_tokens", "1 to 4096"),
    ],
)
def test_beyond_its_ranges_a_request_is_refused_with_both_numbers(
    service: Running, fields: dict[str, float], param: str, allowed: str
) -> None:
    answer = service.chat("x", **{"temperature": 0, **fields})
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, "invalid_value")
    assert allowed in error["message"]
    assert f"{next(iter(fields.values())):g}" in error["message"]
    assert service.chat("x", temperature=0.1, top_p=0.1, max_tokens=2).status_code == 200
    assert service.chat("x", temperature=0).status_code == 200


def test_a_range_is_a_setting_in_each_form(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "s.yaml"
    file.write_text("sampling:\n  temperature_range: [0.3, 1.5]\n  max_tokens_range: 1..100\n")
    monkeypatch.setenv("MIXTRAL_8X7B_TOP_P_RANGE", "[0.2, 0.9]")
    config = SERVICES["mixtral-8x7b"](file)
    assert (config.temperature_range, config.top_p_range, config.max_tokens_range) == ((0.3, 1.5), (0.2, 0.9), (1, 100))
    with pytest.raises(SettingsError, match=r"temperature_range = '2\.\.1': allowed is two numbers"):
        SERVICES["mixtral-8x7b"](temperature_range="2..1")
