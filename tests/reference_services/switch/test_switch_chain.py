"""Who answers when others do not, one at a time and within the time: Switch beside a real upstream."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.reference_services.running import free_ports
from tests.reference_services.switch.ollama_stand_in import OllamaStandIn, ollama_stand_in
from tests.reference_services.switch.switch_process import HOST, TOKEN, FakeUpstream, Switch, fake_upstream, switch


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with fake_upstream() as fake:
        yield fake


@pytest.fixture
def ollama() -> Iterator[OllamaStandIn]:
    with ollama_stand_in(HOST) as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def falling_back() -> Iterator[tuple[FakeUpstream, Switch]]:
    """A Switch with an upstream that a test breaks, shared because it keeps nothing from one request to the next."""
    with fake_upstream() as fake, switch(OPENAI_BASE_URL=fake.url) as one:
        yield fake, one


def waited_for(fake: FakeUpstream | OllamaStandIn, count: int) -> None:
    """Until the upstream has got so many requests."""
    deadline = time.monotonic() + 60
    while len(fake.requests) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(fake.requests) == count


def test_the_upstream_is_asked_first_with_its_key_and_never_with_ours(upstream: FakeUpstream) -> None:
    with switch(
        OPENAI_BASE_URL=upstream.url, OPENAI_API_KEY="sk-up-1", OPENAI_MODEL="big", OPENAI_ORG_ID="org-7"
    ) as one:
        body = one.infer("Hello.", max_tokens=9, temperature=0.3).json()
    assert (body["response"], body["model"], body["source"]) == ("From upstream.", "big", "openai")
    assert (body["degraded"], body["tokens_used"]) == (False, 7)
    ((path, headers, asked),) = upstream.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer sk-up-1"
    assert headers["OpenAI-Organization"] == "org-7"
    assert TOKEN not in str(headers)
    assert asked == {
        "model": "big",
        "messages": [{"role": "user", "content": "Hello."}],
        "max_tokens": 9,
        "temperature": 0.3,
    }


def test_a_key_in_the_environment_alone_sends_nothing_anywhere() -> None:
    with switch(OPENAI_API_KEY="sk-up-1") as one:
        body = one.infer().json()
        assert (body["source"], body["degraded"]) == ("local_hermes", False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (401, b'{"error": "no"}'),
        (302, b""),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[]"),
        (200, b'{"choices": [{"message": {"content": "  "}}]}'),
        (200, b'{"choices": [{"message": {"content": null}}]}'),
    ],
)
def test_where_the_upstream_fails_the_local_model_answers_and_says_that_this_is_degraded(
    falling_back: tuple[FakeUpstream, Switch], status: int, body: bytes
) -> None:
    upstream, one = falling_back
    upstream.status, upstream.body = status, body
    answer = one.infer().json()
    assert (answer["source"], answer["degraded"], answer["model"]) == ("local_hermes", True, "hermes-7b-q4")


def test_where_nobody_answers_the_refusal_says_why_for_each(upstream: FakeUpstream) -> None:
    upstream.status = 500
    port, _ = free_ports(HOST)
    variables = {"HERMES_FRAMEWORK": "llama-cpp", "HERMES_BASE_URL": f"http://{HOST}:{port}/v1"}
    with switch(
        OPENAI_BASE_URL=upstream.url, OPENAI_MODEL="hermes-7b-q4", OPENAI_API_KEY="sk-up-1", **variables
    ) as one:
        answer = one.infer()
        assert answer.status_code == 503
        error = answer.json()["error"]
        assert "openai answers 500" in error
        assert "llama-cpp cannot be reached" in error
        assert "sk-up-1" not in error
        assert one.client.get("/ready").status_code == 200, "the upstream lists its model"
        health = one.client.get("/switch/health")
        assert health.status_code == 503
        assert health.json()["fallback_available"] is True


def test_an_upstream_that_hangs_leaves_time_for_the_local_model(upstream: FakeUpstream) -> None:
    upstream.hold = threading.Event()
    with switch(OPENAI_BASE_URL=upstream.url, OPENAI_TIMEOUT="0.2") as one:
        answer = one.infer(timeout_seconds=20)
        assert answer.status_code == 200
        assert answer.json()["degraded"] is True


def test_a_model_that_takes_too_long_is_a_503_that_names_the_time(ollama: OllamaStandIn) -> None:
    ollama.hold = threading.Event()
    with switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=ollama.url) as one:
        answer = one.infer(timeout_seconds=0.2)
        assert answer.status_code == 503
        assert answer.json() == {
            "error": "The model took too long (>0.2s)",
            "model": "hermes-7b-q4",
            "fallback": "Ask the OpenAI API or the CLI",
            "source": "degraded",
        }
        ollama.hold.set()
        assert one.infer().status_code == 200, "the place is free again"


def test_one_is_answered_at_a_time_so_many_wait_and_the_rest_is_told_when_to_come_again(ollama: OllamaStandIn) -> None:
    ollama.hold = threading.Event()
    with (
        switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=ollama.url, HERMES_MAX_WAITING="2") as one,
        concurrent.futures.ThreadPoolExecutor(6) as pool,
    ):
        asked = [pool.submit(one.infer) for _ in range(6)]
        done, _ = concurrent.futures.wait(asked, 10, concurrent.futures.FIRST_COMPLETED)
        early = [each for each in asked if each in done]
        while len(early) < 3:
            concurrent.futures.wait([each for each in asked if each not in early], 10, "FIRST_COMPLETED")
            early = [each for each in asked if each.done()]
        waited_for(ollama, 1)
        for each in early:
            assert each.result().status_code == 503
            assert each.result().headers["retry-after"]
            assert "busy" in each.result().json()["error"]
        ollama.hold.set()
        codes = sorted(each.result().status_code for each in asked)
    assert codes == [200, 200, 200, 503, 503, 503]
    assert len(ollama.requests) == 3


def test_more_are_answered_at_once_where_the_setting_says_so(ollama: OllamaStandIn) -> None:
    ollama.hold = threading.Event()
    with (
        switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=ollama.url, HERMES_MAX_CONCURRENT="2") as one,
        concurrent.futures.ThreadPoolExecutor(3) as pool,
    ):
        asked = [pool.submit(one.infer) for _ in range(3)]
        waited_for(ollama, 2)
        ollama.hold.set()
        assert [each.result().status_code for each in asked] == [200] * 3


def test_a_client_that_leaves_gives_its_place_to_the_next(ollama: OllamaStandIn) -> None:
    ollama.hold = threading.Event()
    with switch(HERMES_FRAMEWORK="ollama", HERMES_BASE_URL=ollama.url, HERMES_MAX_WAITING="0") as one:
        with pytest.raises(httpx.ReadTimeout):
            one.client.post("/switch/infer", json={"prompt": "x"}, timeout=0.3)
        waited_for(ollama, 1)
        ollama.hold.set()
        deadline = time.monotonic() + 60
        while (code := one.infer().status_code) == 503 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert code == 200


def test_a_model_that_is_switched_off_is_not_asked(upstream: FakeUpstream) -> None:
    with switch(HERMES_ENABLE="false", OPENAI_BASE_URL=upstream.url, OPENAI_MODEL="hermes-7b-q4") as one:
        assert one.infer().json()["source"] == "openai"
        health = one.client.get("/switch/health").json()
        assert health["reason"] == "The model is switched off: HERMES_ENABLE is false"
        assert health["fallback_available"] is True
