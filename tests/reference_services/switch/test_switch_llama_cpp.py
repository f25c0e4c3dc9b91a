"""Switch with llama.cpp: a GGUF file of random weights, loaded for real, killed for real; `nox -s llama` runs these."""

from __future__ import annotations

import concurrent.futures
import hashlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.reference_services.running import ROOT, free_ports
from tests.reference_services.switch import random_gguf
from tests.reference_services.switch.switch_process import HOST, Switch, environment, switch

pytest.importorskip("llama_cpp", reason="llama-cpp-python is not installed: nox -s llama")
LONG = 20_000
"""Tokens that take longer than any test waits."""
WAIT_S = 60


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "random.gguf"
    random_gguf.write(path)
    return path


def folder(path: Path, weights: Path, reserve: str = "", **fields: Any) -> Path:
    """A models folder: a model of ours by llama.cpp, and one in reserve by another framework."""
    entry = {
        "name": "hermes-7b-q4",
        "path": "random.gguf",
        "size_gb": 0.001,
        "context_length": random_gguf.CONTEXT,
        "quantization": "f32",
        "framework": "llama-cpp",
        "recommended": True,
    }
    models = [{**entry, **fields}]
    models += [{**entry, "name": "mistral-3b-q4", "framework": reserve, "recommended": False}] if reserve else []
    fallback = {"fallback_model": "mistral-3b-q4"} if reserve else {}
    (path / ".config.json").write_text(
        json.dumps({"available_models": models, "default_model": models[0]["name"], **fallback})
    )
    if weights.exists():
        (path / "random.gguf").write_bytes(weights.read_bytes())
    return path


def until(is_so: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + WAIT_S
    while not (found := is_so()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def health(one: Switch) -> Any:
    return one.client.get("/switch/health").json()


def loaded(one: Switch) -> Any:
    return until(lambda: (state := health(one))["status"] == "ok" and state, "the model was not loaded")


def worker(one: Switch) -> psutil.Process:
    """The process that has the model."""
    (found,) = [each for each in psutil.Process(one.process.pid).children() if "gguf_process" in str(each.cmdline())]
    return found


@contextmanager
def on_llama_cpp(models: Path, log: Path | None = None, **variables: str) -> Iterator[Switch]:
    more = {"HERMES_MODEL_DIR": str(models), "HERMES_FRAMEWORK": "llama-cpp", "HERMES_TEMPERATURE": "0", **variables}
    with switch(log=log, **more) as one:
        yield one


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[Switch]:
    with on_llama_cpp(folder(tmp_path_factory.mktemp("models"), weights)) as one:
        loaded(one)
        yield one


def test_the_file_is_loaded_and_answers_the_same_to_the_same_prompt(running: Switch) -> None:
    first, again, other = (running.infer(text, max_tokens=12).json() for text in ("Hello.", "Hello.", "Another."))
    assert (first["source"], first["framework"], first["degraded"]) == ("local_hermes", "llama-cpp", False)
    assert first["response"] == again["response"] != other["response"]
    assert len(first["response"]) == 12, "each token of this model is a letter"


def test_the_tokens_are_those_of_the_file(running: Switch) -> None:
    # One a byte; the template adds three marks and 16 bytes.
    body = running.infer("abc", max_tokens=5).json()
    assert body["tokens_used"] == 3 + 19 + 5


def test_health_and_configuration_tell_the_memory_of_its_process_and_the_release_of_llama_cpp(running: Switch) -> None:
    import llama_cpp

    state = health(running)
    resident_mb = worker(running).memory_info().rss / 1e6
    assert state["framework"] == "llama-cpp"
    assert state["memory_usage_mb"] == pytest.approx(resident_mb, rel=0.1)
    config = running.client.get("/config").json()
    assert (config["engine"], config["engine_version"]) == ("llama-cpp", llama_cpp.__version__)
    assert config["settings"]["hermes_framework"] == "llama-cpp"
    assert "hermes_base_url" not in config["settings"]


def test_a_prompt_that_is_too_long_by_the_files_own_tokens_is_told_with_both_figures(
    tmp_path: Path, weights: Path
) -> None:
    with on_llama_cpp(folder(tmp_path, weights), HERMES_CONTEXT_LENGTH="512", HERMES_MAX_TOKENS="16") as one:
        loaded(one)
        answer = one.infer("hello there " * 100, max_tokens=4)
        assert answer.status_code == 503
        assert "exceed context window of 512" in answer.json()["error"]
        assert one.infer("Hello.", max_tokens=4).status_code == 200


@pytest.mark.parametrize("how", ["leaves", "time-out"])
def test_work_that_nobody_waits_for_any_more_is_stopped(tmp_path: Path, weights: Path, how: str) -> None:
    log = tmp_path / "log"
    long = {"HERMES_CONTEXT_LENGTH": "32768", "HERMES_MAX_TOKENS": str(LONG)}
    with on_llama_cpp(folder(tmp_path, weights), log, **long) as one:
        loaded(one)
        if how == "leaves":
            with pytest.raises(httpx.ReadTimeout):
                one.client.post("/switch/infer", json={"prompt": "Hello.", "max_tokens": LONG}, timeout=1)
        else:
            answer = one.infer("Hello.", max_tokens=LONG, timeout_seconds=1)
            assert answer.json()["error"] == "The model took too long (>1s)"
        until(lambda: "model stopped" in log.read_text(), "the process went on")
        assert one.infer("Hello.", max_tokens=4).status_code == 200, "the next one is answered"


def torn(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("change", "fields", "reason"),
    [
        (lambda content: None, {}, "random.gguf in the models folder: No such file or directory"),
        (torn, {}, "data is not within the file bounds, model is corrupted or incomplete"),
        (lambda content: content[:2000], {}, "failed to read"),
        (lambda content: b"", {}, "failed to read magic"),
        (lambda content: b"<!DOCTYPE html>", {}, "invalid magic characters"),
        (lambda content: content.replace(b"llama", b"lxama", 1), {}, "unknown model architecture: 'lxama'"),
        (lambda content: content, {"sha256": "0" * 64}, f"and the registry says {'0' * 64}"),
    ],
    ids=["missing", "torn", "torn-head", "empty", "html", "architecture", "checksum"],
)
def test_a_file_that_cannot_be_loaded_is_told_and_the_reserve_answers(
    tmp_path: Path, weights: Path, change: Callable[[bytes], bytes | None], fields: dict[str, str], reason: str
) -> None:
    models = folder(tmp_path, weights, "simulated", **fields)
    content = change(weights.read_bytes())
    (models / "random.gguf").unlink()
    if content is not None:
        (models / "random.gguf").write_bytes(content)
    with switch(HERMES_MODEL_DIR=str(models), HERMES_FRAMEWORK="registry") as one:
        state = until(lambda: (now := health(one))["reason"] != "The model is not loaded yet" and now, "nothing told")
        assert (state["status"], state["fallback_available"]) == ("degraded", True)
        assert state["reason"].startswith("The model is not loaded: ")
        assert reason in state["reason"]
        assert str(tmp_path) not in state["reason"], "health is open to everybody"
        body = one.infer().json()
        assert (body["source"], body["framework"], body["degraded"]) == ("local_fallback", "simulated", True)


def test_the_right_checksum_is_taken(tmp_path: Path, weights: Path) -> None:
    digest = hashlib.sha256(weights.read_bytes()).hexdigest().upper()
    with on_llama_cpp(folder(tmp_path, weights, sha256=digest)) as one:
        loaded(one)


def test_a_file_without_a_chat_template_is_refused(tmp_path: Path) -> None:
    random_gguf.write(tmp_path / "random.gguf", template=None)
    with on_llama_cpp(folder(tmp_path, tmp_path / "none")) as one:
        until(lambda: "has no tokenizer.chat_template" in health(one)["reason"], "it was taken")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_the_process_of_the_model_does_not_outlive_switch(tmp_path: Path, weights: Path, number: int) -> None:
    port, _ = free_ports(HOST)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "signoff.reference_services.switch", f"--host={HOST}", f"--port={port}"],
        env=environment(
            VX11_TOKEN="x" * 9, HERMES_MODEL_DIR=str(folder(tmp_path, weights)), HERMES_FRAMEWORK="llama-cpp"
        ),
        stderr=subprocess.DEVNULL,
    )
    try:
        (child,) = until(lambda: psutil.Process(process.pid).children(), "no process")
        if number == signal.SIGSTOP:
            child.send_signal(number)
            process.terminate()
        else:
            process.kill()
        process.wait(WAIT_S)
        until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, "it is still there")
    finally:
        process.kill()
        process.wait()


@contextmanager
def process(url: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server as a process of its own, until the block ends or a test kills it."""
    started = subprocess.Popen([sys.executable, "-m", *arguments], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(url), f"{arguments[0]} did not listen")
        yield started
    finally:
        started.kill()
        started.wait()


def ollama_process(port: int, model: str = "mistral-3b-q4") -> AbstractContextManager[subprocess.Popen[bytes]]:
    """The stand-in for Ollama."""
    module = "tests.reference_services.switch.ollama_stand_in"
    return process(f"http://{HOST}:{port}/api/version", module, HOST, str(port), f"{model}:latest")


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def killed_while_it_answers(one: Switch) -> httpx.Response:
    """What a request gets under which the process of the model is killed."""
    victim = worker(one)
    before_s = victim.cpu_times().user
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        asked = pool.submit(one.infer, max_tokens=LONG)
        until(lambda: victim.cpu_times().user > before_s + 0.1, "it did not begin to answer")
        victim.kill()
        return asked.result()


def test_where_llama_cpp_is_killed_ollama_answers_the_same_request_until_it_is_back(
    tmp_path: Path, weights: Path
) -> None:
    port, _ = free_ports(HOST)
    variables = {
        "HERMES_MODEL_DIR": str(folder(tmp_path, weights, "ollama")),
        "HERMES_FRAMEWORK": "registry",
        "HERMES_BASE_URL": f"http://{HOST}:{port}",
        "HERMES_CONTEXT_LENGTH": "32768",
        "HERMES_MAX_TOKENS": str(LONG),
    }
    with ollama_process(port) as ollama, switch(**variables) as one:
        loaded(one)
        first = worker(one).pid
        body = killed_while_it_answers(one).json()
        assert (body["source"], body["framework"], body["degraded"]) == ("local_fallback", "ollama", True)
        assert (body["model"], body["response"]) == ("mistral-3b-q4", "From Ollama.")
        loaded(one)
        assert worker(one).pid != first
        body = one.infer(max_tokens=4).json()
        assert (body["source"], body["framework"], body["degraded"]) == ("local_hermes", "llama-cpp", False)
        ollama.kill()
        ollama.wait()
        refused = killed_while_it_answers(one)
        assert refused.status_code == 503
        assert "llama.cpp was ended by signal 9 while it answered" in refused.json()["error"]
        assert "ollama cannot be reached" in refused.json()["error"]
        loaded(one)
        assert one.infer(max_tokens=4).json()["source"] == "local_hermes"


def test_where_ollama_is_killed_llama_cpp_answers_until_it_is_back(tmp_path: Path, weights: Path) -> None:
    port, _ = free_ports(HOST)
    models = folder(tmp_path, weights, "llama-cpp", framework="ollama", name="mistral-7b")
    variables = {"HERMES_MODEL_DIR": str(models), "HERMES_FRAMEWORK": "registry"}
    log = tmp_path / "log"
    with switch(log=log, HERMES_BASE_URL=f"http://{HOST}:{port}", **variables) as one:
        until(lambda: "model loaded" in log.read_text(), "the reserve was not loaded")
        with ollama_process(port, "mistral-7b") as ollama:
            assert one.infer().json()["response"] == "From Ollama."
            ollama.kill()
            ollama.wait()
            body = one.infer(max_tokens=4).json()
            assert (body["source"], body["framework"], body["degraded"]) == ("local_fallback", "llama-cpp", True)
        with ollama_process(port, "mistral-7b"):
            assert one.infer(max_tokens=4).json()["response"] == "From Ollama."


def test_where_the_server_of_llama_cpp_is_killed_the_next_in_order_answers_until_it_is_back(
    tmp_path: Path, weights: Path
) -> None:
    port, other = free_ports(HOST)
    url = f"http://{HOST}:{port}/v1"
    served = (f"{url}/models", "llama_cpp.server", f"--model={weights}", f"--host={HOST}", f"--port={port}")
    variables = {"OPENAI_BASE_URL": url, "HERMES_FRAMEWORK": "ollama", "HERMES_BASE_URL": f"http://{HOST}:{other}"}
    with ollama_process(other, "hermes-7b-q4"), switch(**variables) as one:
        with process(*served) as server:
            body = one.infer("Hello.", max_tokens=4, temperature=0).json()
            assert (body["source"], body["framework"], body["degraded"]) == ("openai", "openai", False)
            assert len(body["response"]) == 4, "each token of this model is a letter"
            server.kill()
            server.wait()
            body = one.infer("Hello.", max_tokens=4, temperature=0).json()
            assert (body["source"], body["response"], body["degraded"]) == ("local_hermes", "From Ollama.", True)
        with process(*served):
            assert one.infer("Hello.", max_tokens=4, temperature=0).json()["source"] == "openai"
