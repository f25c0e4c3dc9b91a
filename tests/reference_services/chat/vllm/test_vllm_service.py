"""The service on an engine that is processes of its own.

What stands in vLLM's place here is stand_in_vllm.py: a real program on a real socket, with a process below it that
hears no request to end; it generates nothing. Real vLLM is tried in tests/vllm.
"""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.prepared import prepared_process
from tests.prepared.prepared_process import PreparedProcess
from tests.reference_services.chat.vllm.vllm_model import VERSION, StandIn, stand_in
from tests.reference_services.running import HOST, Running, environment, free_ports, start_service

CHAT = "signoff.reference_services.chat"
WAIT_S = 30


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[StandIn]:
    made = stand_in(tmp_path)
    yield made
    assert eventually(lambda: made.left == []), f"left behind: {made.left}"


@pytest.fixture
def served(engine: StandIn) -> Iterator[Running]:
    running = start_service(*engine.arguments, variables=engine.variables)
    yield running
    assert running.stop() == 0


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


@contextmanager
def starting(engine: StandIn, *arguments: str) -> Iterator[tuple[PreparedProcess, httpx.Client]]:
    """A service whose engine need not become ready; `log` beside the engine's model has what it says."""
    port, metrics_port = free_ports(HOST)
    at = (f"--host={HOST}", f"--port={port}", f"--metrics-port={metrics_port}")
    with log_of(engine).open("wb") as errors:
        process = PreparedProcess(
            CHAT, "hermes-2", *at, *engine.arguments, *arguments, env=environment(**engine.variables), stderr=errors
        )
    try:
        with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=WAIT_S, trust_env=False) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()


def log_of(engine: StandIn) -> Path:
    return Path(engine.model).with_name("service.log")


def ended(engine: StandIn, *arguments: str) -> tuple[int, str]:
    """Exit code and last line of a service that ends by itself."""
    with starting(engine, *arguments) as (process, _):
        code = process.wait(WAIT_S)
        errors = log_of(engine).read_text(encoding="utf-8")
        assert "Traceback" not in errors
        return code, errors.strip().splitlines()[-1]


def test_a_chat_is_answered_by_the_engine_from_the_tokens_that_were_counted(served: Running, engine: StandIn) -> None:
    answer = served.chat("What is my boat called?", seed=7, stop=["zzz"], top_p=0, top_k=5).json()
    assert answer["choices"][0]["message"]["content"] == "Your boat is Marla."
    assert answer["choices"][0]["finish_reason"] == "stop"
    assert answer["usage"]["completion_tokens"] == len("Your boat is Marla.")
    asked = engine.asked
    assert len(asked["prompt"]) == answer["usage"]["prompt_tokens"]
    assert (asked["seed"], asked["stop"], asked["temperature"], asked["top_k"]) == (7, ["zzz"], 0, 5)
    assert 0 < asked["top_p"] < 0.001


def test_a_session_goes_into_the_prompt(served: Running, engine: StandIn) -> None:
    alone = len(engine.asked["prompt"]) if served.say("And now?") else 0
    served.say("My boat is Marla.", session="s")
    served.say("And now?", session="s")
    assert len(engine.asked["prompt"]) > alone


def test_a_stream_and_its_log_probabilities_are_those_of_the_engine(served: Running) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True, "logprobs": True, "top_logprobs": 2}
    lines = served.client.post("/v1/chat/completions", json=body).text.split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    texts = [each["choices"][0]["delta"].get("content", "") for each in events]
    assert "".join(texts) == "Your boat is Marla."
    first = events[1]["choices"][0]["logprobs"]["content"][0]
    assert (first["token"], first["logprob"], len(first["top_logprobs"])) == ("Y", -0.1, 2)


def test_a_json_schema_goes_to_the_engine(served: Running, engine: StandIn) -> None:
    schema = {"type": "object", "properties": {"boat": {"type": "string"}}, "required": ["boat"]}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert served.chat("x", response_format=form).status_code == 200
    assert engine.asked["response_format"]["json_schema"]["schema"] == schema


def test_the_engine_its_flags_and_those_that_it_does_not_have_are_told(served: Running) -> None:
    for path in ("/config", "/version", "/health"):
        shown = served.get(path)["engine"]
        assert (shown["name"], shown["version"]) == ("vllm", VERSION)
        assert "--max-model-len 8192" in shown["flags"]
        assert "--swap-space 0" in shown["left_out"]
        assert not set(shown["flags"]) & set(shown["left_out"])


def test_metrics_are_shown_under_both_names_each_once_and_without_those_of_the_engines_process(served: Running) -> None:
    served.say("x")
    found = served.metrics()
    success = {name: value for name, value in found.items() if name.startswith("vllm:request_success_total")}
    assert len(success) == 2
    assert (
        success['vllm:request_success_total{"engine": "0", "finished_reason": "stop", "model_name": "hermes-2"}'] == 2
    )
    assert found['hermes_2_requests_total{"endpoint": "/v1/chat/completions", "outcome": "ok"}'] == 1
    assert found["hermes_2_engine_up{}"] == 1
    assert found["process_resident_memory_bytes{}"] != 8.7e8
    assert not any(name.startswith("vllm:") and "_created" in name for name in found)


def test_metrics_do_not_wait_for_an_engine_that_does_not_answer(served: Running, engine: StandIn) -> None:
    engine.behaves(metrics_s=WAIT_S)
    found = served.metrics()
    assert found["hermes_2_engine_up{}"] == 1
    assert not any(name.startswith("vllm:") for name in found)


def test_what_the_engine_refuses_is_the_requests_fault_and_told_in_its_words(served: Running, engine: StandIn) -> None:
    engine.behaves(refuses="seed must fit")
    refused = served.chat("x")
    assert (refused.status_code, refused.json()["error"]["type"]) == (400, "invalid_request_error")
    assert "seed must fit" in refused.json()["error"]["message"]


def test_a_client_that_leaves_ends_the_work_of_the_engine(served: Running, engine: StandIn) -> None:
    engine.behaves(step_s=0.1)
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True}
    with served.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        next(answer.iter_raw())
    name = 'vllm:request_success_total{"engine": "0", "finished_reason": "abort", "model_name": "hermes-2"}'
    assert eventually(lambda: served.metrics()[name] == 1)


def test_until_the_engine_is_there_the_service_says_so_and_ends_with_it_when_it_is_told_to(engine: StandIn) -> None:
    engine.behaves(start="never")
    with starting(engine) as (process, client):
        assert eventually(lambda: engine.starts != [])
        health = client.get("/health")
        assert (health.status_code, health.json()["reason"]) == (503, "vLLM is starting")
        assert client.get("/ready").json() == {"status": "loading"}
        refused = client.post("/v1/chat/completions", json={"messages": [{"role": "user", "content": "x"}]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        process.terminate()
        assert process.wait(WAIT_S) == 0
        assert engine.left == []


def test_an_engine_that_dies_under_a_request_is_a_503_and_is_started_again(served: Running, engine: StandIn) -> None:
    served.say("x", session="kept")
    engine.behaves(dies_after=3)
    refused = served.chat("x")
    assert (refused.status_code, refused.json()["error"]["type"]) == (503, "server_error")
    engine.behaves()
    assert eventually(lambda: served.client.get("/ready").status_code == 200 and len(engine.starts) == 2)
    assert served.say("x", session="kept") == "Your boat is Marla."
    assert served.get("/sessions/kept")["turn_count"] == 2
    assert served.metrics()["hermes_2_engine_starts_total{}"] == 2
    assert all(pid not in engine.left for pid in engine.starts[0])


def test_where_an_engine_dies_again_and_again_the_service_ends_with_3_and_says_why(engine: StandIn) -> None:
    engine.behaves(dies_after=0, log=["RuntimeError: no room for the cache"])
    engine_variables = {**engine.variables, "HERMES_2_ENGINE_RESTARTS": "1"}
    running = start_service(*engine.arguments, variables=engine_variables)
    try:
        assert running.chat("x").status_code == 503
        assert eventually(lambda: len(engine.starts) == 2 and running.client.get("/ready").status_code == 200)
        assert running.chat("x").status_code == 503
        assert eventually(lambda: running.process.poll() is not None)
        assert running.process.returncode == 3
    finally:
        running.stop()


def test_an_engine_that_does_not_start_ends_the_service_with_3_and_what_its_log_says(engine: StandIn) -> None:
    cause = "ValueError: Model architectures ['Who'] are not supported"
    engine.behaves(start="dies", log=[f"(Worker pid=3) ERROR 11-21 18:11:14 [cpu_worker.py:87] {cause}"])
    code, message = ended(engine)
    assert code == 3
    assert message == f"hermes-2: vLLM ended with exit code 1 before it was ready: {cause}"


def test_an_engine_that_never_becomes_ready_ends_the_service_after_its_limit(engine: StandIn) -> None:
    engine.behaves(start="never", log=["loading the weights"])
    with_limit = engine.model.parent / "limit.yaml"
    with_limit.write_text("engine: {start_s: 1}\n", encoding="utf-8")
    code, message = ended(engine, f"--config={with_limit}")
    assert code == 3
    assert "vLLM was not ready within 1 s (engine_start_s)" in message
    assert "loading the weights" in message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_of_the_engine_outlives_the_service_however_it_ends(engine: StandIn, number: signal.Signals) -> None:
    running = start_service(*engine.arguments, variables=engine.variables)
    assert len(engine.left) == 2
    running.stop(number)
    assert eventually(lambda: engine.left == [])


def refused(*arguments: str, **variables: str) -> tuple[int, str]:
    arguments = (f"--host={HOST}", "--engine=vllm", *arguments)
    done = prepared_process.run(CHAT, *arguments, env=environment(**variables), timeout=WAIT_S)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_no_such_model_no_model_and_no_vllm_are_told_with_what_to_do(engine: StandIn, tmp_path: Path) -> None:
    assert refused("--model=/no/such") == (
        3,
        "hermes-2: model_path = '/no/such': no such folder; name the folder of a model with --model\n",
    )
    (tmp_path / "empty").mkdir()
    code, message = refused(f"--model={tmp_path / 'empty'}")
    assert (code, "no config.json" in message) == (3, True)
    code, message = refused(f"--model={engine.model}", HERMES_2_VLLM_COMMAND="/no/such/vllm")
    assert (code, "no such program" in message, "vllm.md" in message) == (3, True, True)
    code, message = refused(f"--model={engine.model}", PATH="/none")
    assert (code, "vLLM is not installed here" in message, "nox -s vllm" in message) == (3, True, True)


def test_the_engine_gets_what_settings_say_of_its_threads_and_neither_keys_nor_our_packages(engine: StandIn) -> None:
    ours = {"HERMES_2_API_KEYS": "sk-willow", "HERMES_2_CPU_THREADS": "3", "VLLM_LOGGING_LEVEL": "DEBUG"}
    running = start_service(*engine.arguments, variables={**engine.variables, **ours})
    running.stop()
    found = json.loads((engine.model / "environment.json").read_text(encoding="utf-8"))
    assert (found["OMP_NUM_THREADS"], found["VLLM_LOGGING_LEVEL"], found["HF_HUB_OFFLINE"]) == ("3", "DEBUG", "1")
    assert "sk-willow" not in found.values()
    assert "PYTHONPATH" not in found


def test_a_vllm_that_is_too_old_to_listen_on_a_socket_is_told(engine: StandIn) -> None:
    engine.command.write_text("#!/bin/sh\necho '  --max-model-len N'\n", encoding="utf-8")
    code, message = ended(engine)
    assert (code, f"vLLM {VERSION} has no --uds" in message) == (3, True)


def test_a_taken_port_is_told_before_an_engine_is_started(engine: StandIn) -> None:
    with starting(engine) as (_, client):
        assert eventually(lambda: answers(client))
        port = client.base_url.port
        before = len(engine.starts)
        code, message = refused(f"--port={port}", *engine.arguments, **engine.variables)
        assert (code, f"port {port} on {HOST} is in use" in message) == (3, True)
        assert len(engine.starts) <= max(before, 1)


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/ready").status_code in (200, 503)
    except httpx.TransportError:
        return False
