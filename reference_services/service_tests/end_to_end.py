"""End-to-end tests of each model service: a client, the gateway, the service, its store, and the health of all."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from signoff.reference_services.chat.settings.services import SERVICES
from signoff.reference_services.health.framework import HealthCheckFramework
from signoff.reference_services.service_tests.running import Process, gateway, model_service

UNAVAILABLE = 503
Way = tuple[str, Process, Process]


@pytest.fixture(scope="module", params=list(SERVICES))
def way(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A service's name, its process, and a gateway in front of it."""
    folder = tmp_path_factory.mktemp("way")
    behind = model_service(request.param, folder)
    front = gateway(folder, {request.param: behind.url})
    try:
        behind.start()
        front.start()
        yield request.param, behind, front
    finally:
        front.stop()
        behind.stop()


def test_a_conversation_goes_through_the_gateway_and_is_remembered(way: Way) -> None:
    name, _, front = way
    front.chat("The lantern hangs in the third window.", "talk", name)
    assert "third" in front.chat("Where does the lantern hang?", "talk", name)


def test_a_stream_says_what_the_whole_answer_says(way: Way) -> None:
    name, _, front = way
    body = {"model": name, "messages": [{"role": "user", "content": "Name three rivers."}], "temperature": 0,
            "max_tokens": 24, "seed": 3}  # fmt: skip
    whole = front.ask("POST", "/v1/chat/completions", json=body).json()["choices"][0]["message"]["content"]
    streamed = front.ask("POST", "/v1/chat/completions", json={**body, "stream": True}).text
    lines = [line.removeprefix("data: ") for line in streamed.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    assert "".join(_content(line) for line in lines[:-1]) == whole


def test_the_health_of_all_is_told_and_a_service_that_ends_is_seen(way: Way) -> None:
    name, behind, front = way
    framework = HealthCheckFramework({name: behind.url, "gateway": front.url})
    assert framework.get_overall_health()["status"] == "healthy"
    behind.stop()
    found = framework.get_overall_health()
    assert found["status"] == "unhealthy"
    assert name in [each["name"] for each in found["services"] if each["status"] == "unhealthy"]
    body = {"model": name, "messages": [{"role": "user", "content": "Greet."}]}
    assert front.ask("POST", "/v1/chat/completions", json=body).status_code == UNAVAILABLE


def _content(line: str) -> str:

    return "".join(choice["delta"].get("content") or "" for choice in json.loads(line)["choices"])
