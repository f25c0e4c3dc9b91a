"""Switch beside Ollama, as Ollama's API reference has it: a stand-in, because there was no Ollama to run."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.reference_services.running import free_ports
from tests.reference_services.switch.ollama_stand_in import OllamaStandIn, ollama_stand_in
from tests.reference_services.switch.switch_process import HOST, Switch, fake_upstream, switch


@pytest.fixture(scope="module")
def asked() -> Iterator[tuple[OllamaStandIn, Switch]]:
    """Shared, because neither keeps anything; each test says first how the stand-in is to answer."""
    with ollama_stand_in(HOST) as stand_in, switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=stand_in.url) as one:
        yield stand_in, one


def refusal(asked: tuple[OllamaStandIn, Switch], status: int = 200, error: str = "", ending: str = "done") -> str:
    stand_in, one = asked
    stand_in.status, stand_in.error, stand_in.ending = status, error, ending
    answer = one.infer()
    assert answer.status_code == 503
    assert answer.json()["source"] == "degraded"
    return str(answer.json()["error"])


def test_a_streamed_answer_is_put_together_and_its_tokens_are_those_that_ollama_counted(
    asked: tuple[OllamaStandIn, Switch],
) -> None:
    stand_in, one = asked
    stand_in.status, stand_in.ending = 200, "done"
    stand_in.requests.clear()
    body = one.infer("Hello.", max_tokens=9, temperature=0.3).json()
    assert (body["response"], body["tokens_used"]) == ("From Ollama.", 29)
    assert (body["source"], body["framework"], body["degraded"]) == ("local_hermes", "ollama", False)
    assert stand_in.requests == [
        (
            "/api/chat",
            {
                "model": "hermes-7b-q4",
                "messages": [{"role": "user", "content": "Hello."}],
                "stream": True,
                "truncate": False,
                "options": {"temperature": 0.3, "num_predict": 9, "num_ctx": 2048},
            },
        )
    ]


def test_a_refusal_is_told_with_ollamas_own_words(asked: tuple[OllamaStandIn, Switch]) -> None:
    assert "ollama answers 500: the model failed to generate a response" in refusal(
        asked, 500, "the model failed to generate a response"
    )
    assert "ollama answers 429" in refusal(asked, 429)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("error", "ollama fails while it answers: an error was encountered while running the model"),
        ("cut", "ollama broke off its answer: RemoteProtocolError"),
        ("unfinished", "ollama broke off its answer: no line says that it is done"),
        ("no_json", "ollama answers a line that is no JSON object"),
    ],
)
def test_a_stream_that_does_not_end_well_is_no_answer(
    asked: tuple[OllamaStandIn, Switch], ending: str, reason: str
) -> None:
    assert reason in refusal(asked, ending=ending)


def test_a_stream_without_a_word_is_no_answer(asked: tuple[OllamaStandIn, Switch]) -> None:
    assert "ollama answers 200 without a text" in refusal(asked, ending="nothing")


def test_a_model_that_ollama_lacks_is_named_with_the_command_that_fetches_it() -> None:
    with ollama_stand_in(HOST) as stand_in, switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=stand_in.url) as one:
        stand_in.models = ("another:latest",)
        error = one.infer().json()["error"]
        assert "ollama answers 404: model 'hermes-7b-q4' not found" in error
        assert "ollama pull hermes-7b-q4" in error
        health = one.client.get("/switch/health")
        assert (health.status_code, one.client.get("/ready").status_code) == (503, 503)
        assert "ollama does not have hermes-7b-q4: ollama pull hermes-7b-q4" in health.json()["reason"]


def test_an_ollama_that_is_not_there_is_told_as_such() -> None:
    port, _ = free_ports(HOST)
    with switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=f"http://{HOST}:{port}") as one:
        assert "ollama cannot be reached: ConnectError" in one.infer().json()["error"]
        assert "ollama cannot be reached" in one.client.get("/switch/health").json()["reason"]


def test_what_answers_but_is_no_ollama_is_told_as_such() -> None:
    with fake_upstream() as other, switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=other.url) as one:
        assert "ollama does not have hermes-7b-q4" in one.client.get("/switch/health").json()["reason"]
        assert "ollama broke off its answer: no line says that it is done" in one.infer().json()["error"]


def test_health_is_what_ollama_lists_what_its_model_takes_and_its_version() -> None:
    # The address of the OpenAI-compatible side, which the same server has, means the same server.
    with (
        ollama_stand_in(HOST) as stand_in,
        switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=stand_in.url + "/v1") as one,
    ):
        assert one.client.get("/switch/health").json() == {
            "status": "ok",
            "model": "hermes-7b-q4",
            "framework": "ollama",
            "memory_usage_mb": 2400,
            "context_ready": True,
        }
        config = one.client.get("/config").json()
        assert (config["engine"], config["engine_version"]) == ("ollama", "0.5.7")
        assert config["settings"]["hermes_framework"] == "ollama"


def test_a_client_that_leaves_ends_the_stream_and_so_the_work() -> None:
    with ollama_stand_in(HOST) as stand_in, switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=stand_in.url) as one:
        stand_in.hold = threading.Event()
        with pytest.raises(httpx.ReadTimeout):
            one.client.post("/switch/infer", json={"prompt": "x"}, timeout=0.5)
        assert stand_in.is_left.wait(60), "nobody told Ollama to stop"


def test_what_is_too_slow_is_given_up_and_ended() -> None:
    with ollama_stand_in(HOST) as stand_in, switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=stand_in.url) as one:
        stand_in.hold = threading.Event()
        assert one.infer(timeout_seconds=0.3).json()["error"] == "The model took too long (>0.3s)"
        assert stand_in.is_left.wait(60), "nobody told Ollama to stop"
