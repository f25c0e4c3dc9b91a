from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from signoff.reference_services.chat.engine.engine import SimulatedEngine
from signoff.reference_services.chat.serving.app import create_app
from signoff.reference_services.chat.settings.services import Hermes2Config
from tests.prepared import prepared_process
from tests.reference_services.running import environment

ROOT = Path(__file__).parents[3]


def test_health_holds_what_the_task_asks_for_and_more(hermes) -> None:
    body = hermes.get("/health")
    assert {name: body[name] for name in ("status", "model", "context_length", "conversation_memory")} == {
        "status": "healthy",
        "model": "hermes-2",
        "context_length": 8192,
        "conversation_memory": True,
    }
    assert abs((datetime.now(UTC) - datetime.fromisoformat(body["timestamp"])).total_seconds()) < 60
    assert body["service"] == "hermes-2"
    assert body["checks"] == {"engine": "healthy", "store": "healthy"}
    assert body["uptime_seconds"] >= 0
    assert body["active_sessions"] == body["conversation"]["active_sessions"]


def test_config_shows_every_setting_and_the_engine(hermes) -> None:
    body = hermes.get("/config")
    assert set(body) == {*Hermes2Config.model_fields, "engine", "service_version", "turn_store"}
    assert body["engine"]["name"] == "simulated"
    assert body["max_num_seqs"] == 128


def test_models_lists_what_is_served(hermes) -> None:
    names = [model["id"] for model in hermes.get("/v1/models")["data"]]
    assert names == ["hermes-2", "teknium/OpenHermes-2-Mistral-7B"]
    assert all(hermes.get(f"/v1/models/{name}")["id"] == name for name in names)
    assert hermes.client.get("/v1/models/other").status_code == 404


def test_tokenize_counts_as_usage_does(hermes) -> None:
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello, 世界!"}]
    counted = hermes.client.post("/tokenize", json={"messages": messages}).json()
    assert counted["count"] == len(counted["tokens"]) == hermes.chat(messages).json()["usage"]["prompt_tokens"]
    assert counted["max_model_len"] == 8192
    text = hermes.client.post("/tokenize", json={"prompt": "one two"}).json()
    assert text["count"] == 2
    assert hermes.client.post("/tokenize", json={}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nope", 404), ("GET", "/v1/chat/completions", 405), ("PUT", "/health", 405)]
)
def test_what_is_not_there_is_told_in_the_error_shape(hermes, method: str, path: str, status: int) -> None:
    answer = hermes.client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@contextmanager
def served(app: FastAPI) -> Iterator[httpx.Client]:
    """The app behind a real socket, in a thread, with its start and its end."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.23", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        host, port = listener.getsockname()
        try:
            with httpx.Client(base_url=f"http://{host}:{port}", trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(60)


class HeldEngine(SimulatedEngine):
    """Loads when it is told to, or never."""

    def __init__(self, settings: Hermes2Config, problem: Exception | None = None) -> None:
        super().__init__(settings)
        self.go = threading.Event()
        self.problem = problem

    def load(self) -> None:
        self.go.wait(10)
        if self.problem is not None:
            raise self.problem
        super().load()


def wait_for(client: httpx.Client, status: int) -> httpx.Response:
    for _ in range(500):
        answer = client.get("/ready")
        if answer.status_code == status and answer.json()["status"] != "loading":
            break
        time.sleep(0.01)
    return answer


def test_it_is_not_ready_and_serves_nothing_until_the_engine_is_loaded(tmp_path: Path) -> None:
    config = Hermes2Config()
    engine = HeldEngine(config)
    with served(create_app(config, tmp_path / "s.sqlite3", engine=engine)) as client:
        assert (client.get("/ready").status_code, client.get("/health").status_code) == (503, 200)
        body = {"messages": [{"role": "user", "content": "x"}]}
        refused = client.post("/v1/chat/completions", json=body)
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        engine.go.set()
        assert wait_for(client, 200).json() == {"status": "ready"}
        assert client.post("/v1/chat/completions", json=body).status_code == 200


def test_an_engine_that_cannot_be_loaded_is_never_ready_and_health_says_so(tmp_path: Path) -> None:
    config = Hermes2Config()
    engine = HeldEngine(config, MemoryError("no room for the weights"))
    engine.go.set()
    with served(create_app(config, tmp_path / "s.sqlite3", engine=engine)) as client:
        assert wait_for(client, 503).json() == {"status": "failed"}
        health = client.get("/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert "no room for the weights" in health.json()["reason"]


class BrokenEngine(SimulatedEngine):
    """Fails after its third token."""

    async def generate(self, ask):  # type: ignore[override]
        for number, step in enumerate(self.tokens(ask)):
            if number == 3:
                raise RuntimeError("secret inside")
            yield step


def test_a_failure_of_ours_is_told_without_its_inside_and_counted_as_an_error(tmp_path: Path) -> None:
    config = Hermes2Config()
    app = create_app(config, tmp_path / "s.sqlite3", engine=BrokenEngine(config))
    with served(app) as client:
        wait_for(client, 200)
        body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 9}
        whole = client.post("/v1/chat/completions", json=body, headers={"X-Session-ID": "broken"})
        streamed = client.post(
            "/v1/chat/completions", json={**body, "stream": True}, headers={"X-Session-ID": "broken"}
        )
        assert whole.status_code == 500
        assert "secret" not in whole.text + streamed.text
        last = json.loads(streamed.content.split(b"\n\n")[-2].removeprefix(b"data: "))
        assert last["error"]["code"] == "internal_error"
        assert b"[DONE]" not in streamed.content
        assert b'"finish_reason":"' not in streamed.content
        assert client.get("/sessions/broken").status_code == 404
        errors = 'hermes_2_requests_total{endpoint="/v1/chat/completions",outcome="error"} 2.0'
        assert errors in client.get("/metrics").text.splitlines()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return prepared_process.run("signoff.reference_services.chat", *arguments, env=environment(), timeout=120)


def test_a_taken_port_is_named_with_what_to_do(hermes) -> None:
    port = hermes.url.rsplit(":", 1)[1]
    done = run("--host=127.0.0.23", f"--port={port}")
    assert done.returncode == 3
    assert f"port {port} on 127.0.0.23 is in use" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (("--port=99999", "--metrics-port=x"), ("port = '99999'", "metrics_port = 'x'")),
        (("--config=/none.yaml",), ("/none.yaml: No such file",)),
        (("--fault=unheard_of",), ("no fault 'unheard_of'; there are forgets_session, slow",)),
        (("--fault=slow", "--host=0.0.0.0"), ("loopback only",)),
        (("--nonsense",), ("--nonsense",)),
    ],
)
def test_wrong_settings_end_with_4_and_a_line_each(arguments: tuple[str, ...], messages: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 4
    assert all(each in done.stderr for each in messages)
    assert "Traceback" not in done.stderr


def test_a_database_in_use_or_out_of_reach_ends_with_3(start, tmp_path: Path) -> None:
    start(f"--db={tmp_path / 's.sqlite3'}")
    ports = ("--host=127.0.0.24", "--port=21411", "--metrics-port=21412")
    for place in (tmp_path / "s.sqlite3", Path("/proc/none/s.sqlite3")):
        done = run(*ports, f"--db={place}")
        assert done.returncode == 3
        assert str(place) in done.stderr
        assert "Traceback" not in done.stderr


def test_help_and_the_list_of_faults_need_no_service() -> None:
    assert "--time-per-token-ms" in run("--help").stdout
    assert set(json.loads(run("--list").stdout)["faults"]) >= {
        "forgets_session",
        "slow",
        "leaks_memory",
        "stale_metrics",
    }


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_before_a_graceful_end(start, number: int) -> None:
    hermes = start(pace=(300, 1))
    answers: list[int] = []

    def ask() -> None:
        with httpx.Client(trust_env=False) as client:
            body = {"messages": [{"role": "user", "content": "x"}], "max_tokens": 5}
            answers.append(client.post(hermes.url + "/v1/chat/completions", json=body).status_code)

    thread = threading.Thread(target=ask)
    thread.start()
    while hermes.metrics()['vllm:num_requests_running{"model_name": "hermes-2"}'] == 0:
        pass
    hermes.client.close()
    hermes.process.send_signal(number)
    hermes.process.send_signal(number)
    thread.join(60)
    assert answers == [200]
    assert hermes.process.wait(60) == 0
