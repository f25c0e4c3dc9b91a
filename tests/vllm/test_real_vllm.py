"""The service on real vLLM with the recall model; `nox -s vllm` installs what it needs and runs this."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from tests.reference_services.running import Running, environment, free_ports

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "reference_services/hermes-2-vllm.yaml"
MODEL = ROOT / "fixtures/models/recall"
COMMAND = "HERMES_2_VLLM_COMMAND"
HOST = "127.0.0.24"
START_S, STOP_S = 600, 30

pytestmark = pytest.mark.skipif(not os.environ.get(COMMAND), reason=f"{COMMAND} names no vLLM; nox -s vllm does")


def command(port: int, metrics_port: int, *arguments: str) -> list[str]:
    ours = [f"--host={HOST}", f"--port={port}", f"--metrics-port={metrics_port}", f"--config={CONFIG}"]
    return [sys.executable, "-P", "-m", "signoff.reference_services.chat", "hermes-2", *ours, *arguments]


def variables() -> dict[str, str]:
    """Those of the tests, without what others set for the service; the engine's own stay."""
    kept = {name: os.environ[name] for name in (COMMAND, "HERMES_2_ENFORCE_EAGER") if name in os.environ}
    return environment(**kept)


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    port, metrics_port = free_ports(HOST)
    process = subprocess.Popen(command(port, metrics_port, "--log-level=WARNING"), env=variables())
    client = httpx.Client(base_url=f"http://{HOST}:{port}", timeout=60, trust_env=False)
    running = Running(process, f"http://{HOST}:{port}", f"http://{HOST}:{metrics_port}/metrics", client)
    deadline = time.monotonic() + START_S
    try:
        while time.monotonic() < deadline:
            assert process.poll() is None, f"the service ended with {process.returncode}"
            try:
                if client.get("/ready").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        yield running
    finally:
        tree = psutil.Process(process.pid).children(recursive=True)
        client.close()
        process.terminate()
        assert process.wait(STOP_S) == 0
        gone, left = psutil.wait_procs(tree, STOP_S)
        assert left == [], f"left behind: {left}"
        assert len(gone) >= 3, "vLLM is several processes"


def counted(served: Running, name: str) -> float:
    found = {key: value for key, value in served.metrics().items() if key.startswith(name + "{")}
    return sum(found.values())


def test_the_tokens_that_the_service_counts_are_those_that_the_engine_read_and_made(served: Running) -> None:
    names = ("vllm:prompt_tokens_total", "vllm:generation_tokens_total")
    before = [counted(served, name) for name in names]
    usage = served.chat("Grüße! Which season do you like best, and why? 🚲", max_tokens=20, ignore_eos=True).json()[
        "usage"
    ]
    after = [counted(served, name) for name in names]
    moved = [int(later - earlier) for earlier, later in zip(before, after, strict=True)]
    assert moved == [usage["prompt_tokens"], usage["completion_tokens"]]
    assert usage["completion_tokens"] == 20


def test_the_same_request_has_the_same_answer_streamed_or_not(served: Running) -> None:
    body = {"messages": [{"role": "user", "content": "My kite is green."}], "max_tokens": 30, "temperature": 0}
    whole = served.client.post("/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    text = served.client.post("/v1/chat/completions", json={**body, "stream": True}).text
    events = [json.loads(line.removeprefix("data: ")) for line in text.split("\n\n") if line.startswith("data: {")]
    assert "".join(each["choices"][0]["delta"].get("content", "") for each in events) == whole


def test_log_probabilities_are_ordered_and_the_taken_token_is_the_likeliest_at_temperature_0(served: Running) -> None:
    answer = served.chat("My kite is green.", logprobs=True, top_logprobs=3, max_tokens=12).json()["choices"][0]
    tokens = answer["logprobs"]["content"]
    assert "".join(each["token"] for each in tokens) == answer["message"]["content"]
    for each in tokens:
        likely = [other["logprob"] for other in each["top_logprobs"]]
        assert likely == sorted(likely, reverse=True)
        assert len(likely) == 3
        assert abs(each["logprob"] - likely[0]) < 1e-6


def test_an_answer_by_a_json_schema_meets_it(served: Running) -> None:
    schema = {
        "type": "object",
        "properties": {"boat": {"enum": ["red", "green"]}, "age": {"type": "integer", "minimum": 1, "maximum": 9}},
        "required": ["boat", "age"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "boat", "schema": schema}}
    found = json.loads(served.say("Describe the boat.", response_format=form, max_tokens=60))
    assert found.keys() == {"boat", "age"}
    assert found["boat"] in ("red", "green")


def test_a_stop_string_is_never_shown(served: Running) -> None:
    whole = served.say("My kite is green.", max_tokens=20, ignore_eos=True)
    stop = whole[3:6]
    answer = served.chat("My kite is green.", max_tokens=20, ignore_eos=True, stop=[stop]).json()["choices"][0]
    assert answer["finish_reason"] == "stop"
    assert answer["message"]["content"] == whole[: whole.index(stop)]


def test_a_client_that_leaves_ends_the_work_of_the_engine(served: Running) -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "stream": True, "max_tokens": 8000, "ignore_eos": True}
    before = counted(served, "vllm:generation_tokens_total")
    with served.client.stream("POST", "/v1/chat/completions", json=body) as answer:
        next(answer.iter_raw())
    deadline = time.monotonic() + STOP_S
    while counted(served, "vllm:num_requests_running") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert counted(served, "vllm:num_requests_running") == 0
    # vLLM counts such an end nowhere, but it has made fewer tokens than were asked for.
    assert 0 < counted(served, "vllm:generation_tokens_total") - before < 7000


def test_flags_that_this_vllm_does_not_have_are_told(served: Running) -> None:
    engine = served.get("/version")["engine"]
    assert "--swap-space 0" in engine["left_out"]
    assert "--max-num-batched-tokens 4096" in engine["flags"]


def test_models_that_cannot_be_served_end_the_service_with_3_and_the_reason_and_leave_nothing(tmp_path: Path) -> None:
    def copied(name: str) -> Path:
        return Path(shutil.copytree(MODEL, tmp_path / name))

    torn = copied("torn")
    weights = (torn / "model.safetensors").read_bytes()
    (torn / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    unheard_of = copied("unheard-of")
    configuration = json.loads((unheard_of / "config.json").read_text(encoding="utf-8"))
    (unheard_of / "config.json").write_text(json.dumps({**configuration, "architectures": ["NobodysModel"]}))
    no_room = tmp_path / "no-room.yaml"
    no_room.write_text(f"model: {{path: {MODEL}}}\nengine: {{name: vllm, kv_cache_gb: 100000}}\n", encoding="utf-8")
    cases = {
        "Safetensor": [f"--model={torn}"],
        "NobodysModel": [f"--model={unheard_of}"],
        "memory": [f"--config={no_room}"],
    }
    processes = {}
    for message, arguments in cases.items():
        ports = free_ports(HOST)
        processes[message] = subprocess.Popen(
            command(*ports, "--log-level=ERROR", *arguments), env=variables(), stderr=subprocess.PIPE, text=True
        )
    try:
        ended = {message: process.communicate(timeout=START_S)[1] for message, process in processes.items()}
    finally:
        for process in processes.values():
            process.terminate()
            process.wait(STOP_S)
    for message, errors in ended.items():
        last = errors.strip().splitlines()[-1]
        assert processes[message].returncode == 3, errors
        assert last.startswith("hermes-2: vLLM ended with exit code")
        assert message in last
    assert [
        each for each in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(each.info["cmdline"] or [])
    ] == []
