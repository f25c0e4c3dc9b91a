"""Switch from the outside: its fields, its limits, its token, its refusals."""

from __future__ import annotations

import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signoff.reference_services.switch.requests.settings import SwitchSettings
from signoff.reference_services.switch.requests.tokens import read_token
from signoff.reference_services.web.settings.settings_problems import SettingsError
from tests.reference_services.switch.switch_process import HOST, TOKEN, Switch, refused, switch

FIELDS = ["inference_id", "prompt", "response", "model", "tokens_used", "latency_ms", "source"]
MODELS_MB = 10**6


@pytest.fixture(scope="module")
def running() -> Iterator[Switch]:
    with switch("--degraded-path", VX11_TOKEN=TOKEN) as one:
        yield one


def test_an_answer_has_the_fields_of_the_document_and_says_who_gave_it(running: Switch) -> None:
    answer = running.infer(context_length=1024, max_tokens=256, temperature=0.7, timeout_seconds=30)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body)[:7] == FIELDS
    assert set(body) - set(FIELDS) == {"degraded", "framework"}
    assert body["response"] == "The boat is red."
    assert body["inference_id"].startswith("inf_")
    assert (body["model"], body["source"], body["degraded"]) == ("hermes-7b-q4", "local_hermes", False)
    assert body["framework"] == "simulated"
    assert isinstance(body["latency_ms"], int)
    assert body["tokens_used"] > len(body["response"].split())


def test_the_same_request_gets_the_same_answer_under_another_id(running: Switch) -> None:
    first, second = (running.infer("Tell me about ships.", max_tokens=40).json() for _ in range(2))
    assert first["response"] == second["response"]
    assert first["inference_id"] != second["inference_id"]


def test_health_has_the_fields_of_the_document_and_wants_no_token(running: Switch) -> None:
    for path in ("/switch/health", "/health"):
        answer = running.client.get(path, headers={"X-VX11-Token": ""})
        assert answer.status_code == 200
        body = answer.json()
        assert list(body) == ["status", "model", "framework", "memory_usage_mb", "context_ready"]
        assert (body["status"], body["framework"], body["context_ready"]) == ("ok", "simulated", True)
        assert body["memory_usage_mb"] > 0


def test_without_a_model_inference_and_health_are_the_503_of_the_document(running: Switch) -> None:
    answer = running.client.post("/degraded/switch/infer", json={"prompt": "test"})
    assert answer.status_code == 503
    assert list(answer.json()) == ["error", "model", "fallback", "source"]
    assert answer.json()["source"] == "degraded"
    assert int(answer.headers["retry-after"]) > 0
    health = running.client.get("/degraded/switch/health")
    assert health.status_code == 503
    assert list(health.json()) == ["status", "reason", "model", "fallback_available"]
    assert health.json()["fallback_available"] is False
    assert running.client.get("/degraded/ready").status_code == 503
    assert (
        running.client.post("/degraded/switch/infer", json={"prompt": "x"}, headers={"X-VX11-Token": "no"}).status_code
        == 401
    )


@pytest.mark.parametrize(
    "token", ["", "wrong", TOKEN + "x", TOKEN[:-1], TOKEN.upper(), "vx11-test-token", "Bearer " + TOKEN]
)
def test_who_does_not_send_the_token_is_refused_before_the_body_is_looked_at(running: Switch, token: str) -> None:
    answer = running.client.post(
        "/switch/infer", content=b"{", headers={"X-VX11-Token": token, "Content-Type": "application/json"}
    )
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "X-VX11-Token"
    assert answer.json()["error"]
    assert TOKEN not in answer.text


def test_a_token_sent_twice_is_refused(running: Switch) -> None:
    headers = [("X-VX11-Token", TOKEN), ("X-VX11-Token", "another-one")]
    assert running.client.post("/switch/infer", json={"prompt": "x"}, headers=headers).status_code == 401


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("prompt", value) for value in ("", "  \n", 7, None, ["x"])),
        *(("context_length", value) for value in (0, -1, 2049, "1024", 1.5, True)),
        *(("max_tokens", value) for value in (0, -1, 513, "5", 2.5, False)),
        *(("temperature", value) for value in (-0.1, 2.1, "hot", True)),
        *(("timeout_seconds", value) for value in (0, -1, 30.5, "30", True)),
        ("top_p", 0.9),
    ],
)
def test_a_field_that_is_wrong_is_refused_and_named(running: Switch, field: str, value: Any) -> None:
    answer = running.client.post("/switch/infer", json={"prompt": "test", field: value})
    assert answer.status_code == 400, answer.text
    assert answer.json()["field"] == field
    assert field in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"null",
        b"\xff",
        b'{"prompt": "\\ud800"}',
        b"[" * 100_000,
        b'{"prompt": "x", "temperature": NaN}',
    ],
)
def test_what_is_no_request_is_refused_in_json(running: Switch, body: bytes) -> None:
    answer = running.client.post("/switch/infer", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert "Traceback" not in answer.text


def test_a_prompt_and_an_answer_that_do_not_fit_the_context_are_refused_with_the_numbers(running: Switch) -> None:
    long = running.infer("boat " * 300, context_length=256)
    assert long.status_code == 400
    assert "256 tokens" in long.json()["error"]
    assert long.json()["field"] == "prompt"
    room = running.infer("boat", context_length=64, max_tokens=64)
    assert room.status_code == 400
    assert room.json()["field"] == "max_tokens"
    assert running.infer("Tell me about ships.", context_length=64).json()["tokens_used"] <= 64


def test_a_body_that_is_too_long_is_413_and_an_unknown_route_404(running: Switch) -> None:
    assert (
        running.client.post(
            "/switch/infer", content=b" " * (2**20 + 1), headers={"Content-Type": "application/json"}
        ).status_code
        == 413
    )
    assert running.client.get("/switch/nowhere").json()["error"]
    assert running.client.get("/switch/infer").status_code == 405


def test_max_tokens_is_exact(running: Switch) -> None:
    used = [running.infer("Tell me about ships.", max_tokens=count).json()["tokens_used"] for count in (10, 11, 30)]
    assert (used[1] - used[0], used[2] - used[0]) == (1, 20)


def test_the_configuration_shows_each_setting_of_the_document_and_no_secret(running: Switch) -> None:
    answer = running.client.get("/config")
    shown = answer.json()
    assert shown["engine"] == "simulated"
    assert shown["settings"]["max_concurrent_requests"] == 1
    assert shown["settings"]["hermes_timeout"] == 30
    assert "hermes_framework" not in shown["settings"], "the simulated engine is no Ollama"
    assert shown["registry"]["default_model"] == "hermes-7b-q4"
    assert TOKEN not in answer.text


def test_the_openapi_document_says_which_header_is_needed_and_what_may_come(running: Switch) -> None:
    schema = running.client.get("/openapi.json").json()
    infer = schema["paths"]["/switch/infer"]["post"]
    assert schema["components"]["securitySchemes"]["token"]["name"] == "X-VX11-Token"
    assert {"200", "400", "401", "413", "503"} <= set(infer["responses"])
    assert set(infer["requestBody"]["content"]["application/json"]["schema"]["properties"]) == {
        "prompt",
        "context_length",
        "max_tokens",
        "temperature",
        "timeout_seconds",
    }


def test_inference_times_are_logged_without_prompt_and_token_where_it_is_asked_for(tmp_path: Path) -> None:
    logs = {}
    for flag in ("true", "false"):
        log = tmp_path / flag
        with switch(log=log, LOG_INFERENCE_TIME=flag) as one:
            one.infer("The secret word is heliotrope. Say it.")
            one.client.get(f"/{TOKEN}")
        logs[flag] = log.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in logs["true"].splitlines()]
    (inference,) = [line for line in lines if line["event"] == "inference"]
    assert {"inference_id", "model", "source", "latency_ms", "tokens_used"} <= set(inference)
    assert "heliotrope" not in logs["true"]
    assert TOKEN not in logs["true"]
    assert '"inference"' not in logs["false"]


def test_it_does_not_start_without_a_token() -> None:
    code, errors = refused()
    assert code == 4
    assert "VX11_TOKEN" in errors
    assert "--test-token" in errors


@pytest.mark.parametrize("token", ["short", "with a space", "vx11-test-token", "schlüssel-12"])
def test_a_token_that_anybody_could_guess_is_refused_and_not_shown(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("VX11_TOKEN_FILE", "VX11_TEST_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("VX11_TOKEN", token)
    with pytest.raises(SettingsError) as caught:
        read_token(SwitchSettings())
    assert token not in str(caught.value)


def test_the_token_comes_from_a_file_as_well_and_from_one_place_only(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n", encoding="utf-8")
    code, errors = refused(VX11_TOKEN=TOKEN, VX11_TOKEN_FILE=str(file))
    assert code == 4
    assert "one token" in errors
    assert refused(VX11_TOKEN_FILE=str(tmp_path / "none"))[0] == 4
    with switch(VX11_TOKEN="", VX11_TOKEN_FILE=str(file)) as one:
        assert one.infer().status_code == 200


def test_the_test_token_holds_on_loopback_only_and_only_where_it_is_asked_for() -> None:
    code, errors = refused("--test-token", "--host=0.0.0.0")
    assert code == 4
    assert "loopback" in errors
    with switch("--test-token", VX11_TOKEN="") as one:
        assert (
            one.client.post(
                "/switch/infer", json={"prompt": "x"}, headers={"X-VX11-Token": "vx11-test-token"}
            ).status_code
            == 200
        )
        assert one.infer("x").status_code == 401


def test_all_that_is_wrong_with_the_settings_is_told_at_once() -> None:
    code, errors = refused(
        HERMES_TIMEOUT="soon",
        HERMES_MAX_CONCURRENT="0",
        HERMES_LOG_INFERENCE_TIME="true",
        OPENAI_API_KEY="sk-very-secret",
    )
    assert code == 4
    lines = errors.splitlines()
    assert len(lines) == 3
    assert any("HERMES_LOG_INFERENCE_TIME" in line and "LOG_INFERENCE_TIME" in line for line in lines)
    assert any("hermes_timeout = 'soon'" in line and "variable HERMES_TIMEOUT" in line for line in lines)
    assert any("hermes_max_concurrent" in line for line in lines)
    assert "sk-very-secret" not in errors


def test_a_port_that_is_taken_is_said(running: Switch) -> None:
    port = running.client.base_url.port
    code, errors = refused(f"--host={HOST}", f"--port={port}", VX11_TOKEN=TOKEN)
    assert code == 3
    assert f"port {port}" in errors


def test_a_model_file_that_is_too_large_is_not_loaded_and_the_reserve_answers_as_degraded(tmp_path: Path) -> None:
    with (tmp_path / "hermes-7b-q4.gguf").open("wb") as file:
        file.truncate(3 * MODELS_MB + 1)
    with switch(HERMES_MODEL_DIR=str(tmp_path), HERMES_MAX_MEMORY_MB="3") as one:
        health = one.client.get("/switch/health")
        assert health.status_code == 503
        assert "4 MB" in health.json()["reason"]
        assert "HERMES_MAX_MEMORY_MB is 3" in health.json()["reason"]
        assert health.json()["fallback_available"] is True
        body = one.infer().json()
        assert (body["model"], body["source"], body["degraded"]) == ("mistral-3b-q4", "local_fallback", True)
        assert one.client.get("/ready").status_code == 200
    with (tmp_path / "mistral-3b-q4.gguf").open("wb") as file:
        file.truncate(4 * MODELS_MB)
    with switch(HERMES_MODEL_DIR=str(tmp_path), HERMES_MAX_MEMORY_MB="3") as one:
        assert one.infer().status_code == 503
        assert one.client.get("/switch/health").json()["fallback_available"] is False


def test_a_model_file_within_the_limit_is_taken(tmp_path: Path) -> None:
    with (tmp_path / "hermes-7b-q4.gguf").open("wb") as file:
        file.truncate(3 * MODELS_MB)
    with switch(HERMES_MODEL_DIR=str(tmp_path), HERMES_MAX_MEMORY_MB="3") as one:
        assert one.client.get("/switch/health").status_code == 200


@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is not None, reason="llama-cpp-python is installed")
def test_without_llama_cpp_health_says_how_to_install_it(tmp_path: Path) -> None:
    (tmp_path / "hermes-7b-q4.gguf").write_bytes(b"GGUF")
    with switch("--framework=llama-cpp", f"--models={tmp_path}") as one:
        deadline = time.monotonic() + 30
        while "not loaded yet" in (reason := one.client.get("/switch/health").json()["reason"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert reason.endswith("llama-cpp-python is not installed: pip install 'signoff[llama-cpp]'")
        assert one.infer().status_code == 503
