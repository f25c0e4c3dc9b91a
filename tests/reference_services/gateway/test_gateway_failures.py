"""What a gateway does when replicas die, cut, hang or fail, and when clients leave."""

from __future__ import annotations

import json
import signal
import threading

import httpx
import pytest

from tests.reference_services.gateway_process import (
    CHAT,
    MODEL,
    Exchange,
    Replica,
    body,
    completion,
    configuration,
    event,
    until,
)

NOWHERE = "http://127.0.0.1:9"
PROBES = {"interval_seconds": 3600, "timeout_seconds": 5}
"""So seldom that requests find out by themselves."""


def error_of(answer: httpx.Response) -> str:
    return answer.json()["error"]["code"]


def the_first_one_cuts(replicas: list[Replica]) -> None:
    """Whichever is asked first breaks off; the others answer."""
    dies = threading.Semaphore(1)

    def act(exchange: Exchange) -> None:
        if dies.acquire(blocking=False):
            exchange.cut()
        else:
            exchange.answer()

    for each in replicas:
        each.act = act


def test_a_request_that_reached_nobody_goes_to_another_replica(gateway, replica) -> None:
    here, gone = replica(), replica()
    front = gateway(configuration(here, gone, probes=PROBES))
    gone.stop()
    answers = [front.chat() for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert {answer.headers["x-served-by"] for answer in answers} == {here.name}
    assert front.moved("gateway_retries_total") == front.moved("gateway_upstream_errors_total", kind="connect") >= 1
    assert here.count == 4


def test_a_turn_of_a_session_that_a_replica_took_is_not_repeated(gateway, replica) -> None:
    both = [replica(), replica()]
    for each in both:
        each.act = Exchange.cut
    front = gateway(configuration(*both, probes=PROBES))
    answer = front.chat(headers={"X-Session-ID": "s"})
    assert (answer.status_code, error_of(answer)) == (502, "upstream_failed")
    assert sum(each.count for each in both) == 1
    assert front.moved("gateway_retries_total") == 0


def test_what_leaves_nothing_behind_is_asked_once_more_elsewhere_where_a_replica_dies_before_its_answer(
    gateway, replica
) -> None:
    both = [replica(), replica()]
    the_first_one_cuts(both)
    front = gateway(configuration(*both, probes=PROBES))
    answer = front.chat()
    assert (answer.status_code, answer.json()) == (200, completion())
    assert [each.count for each in both] == [1, 1]
    assert front.moved("gateway_retries_total", service="tin") == 1
    assert front.moved("gateway_upstream_errors_total", kind="broken") == 1


def test_what_kills_replicas_is_not_given_to_a_third(gateway, replica) -> None:
    three = [replica() for _ in range(3)]
    for each in three:
        each.act = Exchange.cut
    front = gateway(configuration(*three, probes=PROBES, upstream={"retries": 5}))
    answer = front.chat()
    assert (answer.status_code, error_of(answer)) == (502, "upstream_failed")
    assert sum(each.count for each in three) == 2


def test_what_is_idempotent_is_repeated_until_its_answer_begins(gateway, replica) -> None:
    both = [replica(), replica()]
    the_first_one_cuts(both)
    front = gateway(configuration(*both, probes=PROBES))
    assert front.client.get("/sessions/s", params={"model": MODEL}).status_code == 200
    assert [each.count for each in both] == [1, 1]


def test_a_stream_that_is_cut_ends_with_an_error_event_and_is_not_repeated(gateway, replica) -> None:
    both = [replica(), replica()]

    def act(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event("one")
        exchange.event("two")
        exchange.cut()

    for each in both:
        each.act = act
    front = gateway(configuration(*both, probes=PROBES))
    answer = front.chat(stream=True)
    events = answer.text.removesuffix("\n\n").split("\n\n")
    assert [each.encode() + b"\n\n" for each in events[:2]] == [event("one"), event("two")]
    (last,) = events[2:]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "upstream_cut"
    assert "[DONE]" not in answer.text
    assert sum(each.count for each in both) == 1
    assert front.moved("gateway_upstream_errors_total", kind="cut") == 1


def test_a_stream_that_is_cut_within_an_event_still_ends_with_one_of_its_own(gateway, replica) -> None:
    tin = replica()

    def act(exchange: Exchange) -> None:
        exchange.stream()
        exchange.chunk(b'data: {"choices": [{"del')
        exchange.cut()

    tin.act = act
    answer = gateway(configuration(tin, probes=PROBES)).chat(stream=True)
    assert answer.text.startswith('data: {"choices": [{"del\n\ndata: {"error"')


def test_a_whole_answer_that_is_cut_becomes_an_error(gateway, replica) -> None:
    tin = replica()

    def act(exchange: Exchange) -> None:
        exchange.connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        )
        exchange.cut()

    tin.act = act
    answer = gateway(configuration(tin, probes=PROBES)).chat()
    assert (answer.status_code, error_of(answer), tin.count) == (502, "upstream_failed", 1)


def test_what_is_idempotent_is_not_repeated_either_once_its_answer_has_begun(gateway, replica) -> None:
    both = [replica(), replica()]

    def act(exchange: Exchange) -> None:
        exchange.connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
        )
        exchange.cut()

    for each in both:
        each.act = act
    front = gateway(configuration(*both, probes=PROBES))
    assert front.client.get("/sessions/s", params={"model": MODEL}).status_code == 502
    assert sum(each.count for each in both) == 1


def test_streams_that_are_cut_open_the_breaker(gateway, replica) -> None:
    tin = replica()

    def act(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event("one")
        exchange.cut()

    tin.act = act
    front = gateway(configuration(tin, breaker={"failures": 2, "open_seconds": 3600}, probes=PROBES))
    assert [front.chat(stream=True).status_code for _ in range(3)] == [200, 200, 503]


@pytest.mark.parametrize("when", ["before the answer", "in the stream"])
def test_a_client_that_leaves_is_seen_by_the_replica(gateway, replica, when: str) -> None:
    tin = replica()
    begun, left = threading.Event(), threading.Event()

    def act(exchange: Exchange) -> None:
        if when == "in the stream":
            exchange.stream()
            exchange.event("one")
        begun.set()
        if exchange.client_left():
            left.set()

    tin.act = act
    front = gateway(configuration(tin, upstream={"concurrent": 1}))
    with httpx.Client(base_url=front.url, trust_env=False) as client:
        if when == "in the stream":
            with client.stream("POST", CHAT, json=body(stream=True)) as answer:
                assert next(answer.iter_raw()) == event("one")
        else:
            with pytest.raises(httpx.ReadTimeout):
                client.post(CHAT, json=body(), timeout=httpx.Timeout(20, read=0.2))
    assert begun.is_set()
    assert left.wait(60)
    until(lambda: front.replica(tin.name)["outstanding"] == 0, "its slot is free again")
    assert front.moved("gateway_cancelled_total", service="tin") == 1
    assert front.replica(tin.name)["breaker"] == "closed"
    tin.act = Exchange.answer
    assert front.chat().status_code == 200


def test_a_client_that_takes_nothing_of_a_stream_gives_its_slot_back(gateway, replica) -> None:
    tin = replica()
    left = threading.Event()

    def act(exchange: Exchange) -> None:
        exchange.stream()
        try:
            while True:
                exchange.event("x" * 2**20)
        except OSError:
            left.set()

    tin.act = act
    front = gateway(configuration(tin, upstream={"concurrent": 1, "silence_seconds": 0.5}))
    with (
        httpx.Client(base_url=front.url, trust_env=False) as client,
        client.stream("POST", CHAT, json=body(stream=True)) as answer,
    ):
        assert answer.status_code == 200
        assert left.wait(60)
        until(lambda: front.replica(tin.name)["outstanding"] == 0, "its slot is free again")
        assert front.replica(tin.name)["breaker"] == "closed"


def test_a_replica_that_does_not_answer_in_time_is_left_and_not_asked_again(gateway, replica) -> None:
    tin = replica()
    left = threading.Event()

    def act(exchange: Exchange) -> None:
        if exchange.client_left():
            left.set()

    tin.act = act
    front = gateway(configuration(tin, upstream={"answer_seconds": 0.1}))
    answer = front.chat()
    assert (answer.status_code, error_of(answer), tin.count) == (504, "upstream_timeout", 1)
    assert left.wait(60)


def test_a_stream_that_falls_silent_is_ended(gateway, replica) -> None:
    tin = replica()

    def act(exchange: Exchange) -> None:
        exchange.stream()
        exchange.event("one")
        exchange.client_left()

    tin.act = act
    answer = gateway(configuration(tin, upstream={"silence_seconds": 0.1})).chat(stream=True)
    assert "said nothing for 0.1 s" in answer.text
    assert "[DONE]" not in answer.text


def test_a_breaker_opens_spares_the_replica_and_closes_again(gateway, replica) -> None:
    tin = replica()
    tin.act = lambda exchange: exchange.answer(500, {"error": {"message": "no"}})
    front = gateway(configuration(tin, breaker={"failures": 3, "open_seconds": 3600}, probes=PROBES))
    assert [front.chat().status_code for _ in range(5)] == [500, 500, 500, 503, 503]
    assert tin.count == 3
    refused = front.chat()
    assert (refused.status_code, error_of(refused)) == (503, "service_unavailable")
    assert 3000 < int(refused.headers["retry-after"]) <= 3600
    assert front.replica(tin.name)["breaker"] == "open"
    assert front.figure("gateway_breaker_state", replica=tin.name) == 2
    # The time that it stays open is a setting, and settings change while the gateway runs.
    tin.act = Exchange.answer
    front.write(configuration(tin, breaker={"failures": 3, "open_seconds": 0.01}, probes=PROBES))
    until(lambda: front.replica(tin.name)["breaker"] == "half_open", "it lets a trial through")
    assert front.chat().status_code == 200
    assert front.replica(tin.name)["breaker"] == "closed"
    for state in ("open", "half_open", "closed"):
        assert front.figure("gateway_breaker_transitions_total", replica=tin.name, to=state) == 1


def test_another_model_answers_where_the_configuration_says_so_and_the_answer_says_it(gateway, replica) -> None:
    tin, zinc = replica(), replica()
    settings = configuration(tin, probes=PROBES)
    settings["services"]["tin"]["fallback"] = "zinc"
    settings["services"]["zinc"] = {"models": ["zinc-1"], "replicas": [zinc.url], "fallback": "tin"}
    zinc.act = lambda exchange: exchange.answer(value=completion(model=json.loads(exchange.body)["model"]))
    front = gateway(settings)
    sound = front.chat()
    assert not {"x-degraded", "x-fallback"} & set(sound.headers)
    tin.stop()
    answer = front.chat(text="Hello there", temperature=0)
    assert (answer.status_code, answer.json()["model"]) == (200, "zinc-1")
    assert (answer.headers["x-degraded"], answer.headers["x-fallback"]) == ("true", "zinc-1")
    assert json.loads(zinc.seen.get(timeout=60).body) == body("zinc-1", text="Hello there", temperature=0)
    # A session's record is not another service's.
    assert front.client.get("/sessions/s", params={"model": MODEL}).status_code == 503
    zinc.stop()
    both_gone = front.chat()
    assert (both_gone.status_code, error_of(both_gone)) == (503, "service_unavailable")
    assert int(both_gone.headers["retry-after"]) >= 1
    assert "No replica of tin" in both_gone.json()["error"]["message"]
    # Two were refused: the record and the last one; what a fallback answered was not.
    assert front.moved("gateway_refused_total", service="tin", reason="unavailable") == 2
    assert front.moved("gateway_fallbacks_total", service="tin", fallback="zinc") == 1


def test_health_tells_what_is_well_and_what_is_not(gateway, replica) -> None:
    first, second = replica(), replica()
    front = gateway(configuration(first, second))
    assert front.get("/health")["status"] == "healthy"
    first.health = 503
    until(lambda: front.get("/health")["status"] == "degraded", "one of two is down")
    assert front.get("/health")["services"] == {"tin": "degraded"}
    down = front.replica(first.name)
    assert (down["status"], down["reason"]) == ("down", "the probe was answered with 503")
    assert {front.chat().headers["x-served-by"] for _ in range(4)} == {second.name}
    second.health = 500
    until(lambda: front.client.get("/health").status_code == 503, "both are down")
    assert front.client.get("/ready").status_code == 200
    before = first.count + second.count
    assert front.chat().status_code == 503
    assert first.count + second.count == before
    first.health = second.health = 200
    until(lambda: front.get("/health")["status"] == "healthy", "both are back")


def test_a_chat_service_that_is_killed_in_a_stream_is_left_and_comes_back(gateway, start) -> None:
    services = [start(pace=(0, 5)), start(pace=(0, 5))]
    settings = configuration(*(each.url for each in services))
    settings["services"]["tin"]["models"] = ["hermes-2"]
    front = gateway(settings)
    names = [each.url.removeprefix("http://") for each in services]
    with front.client.stream("POST", CHAT, json=body("hermes-2", stream=True, max_tokens=400)) as answer:
        assert answer.status_code == 200, answer.read()
        lines = answer.iter_lines()
        assert next(lines).startswith("data: ")
        served = answer.headers["x-served-by"]
        services[names.index(served)].process.send_signal(signal.SIGKILL)
        rest = [line for line in lines if line]
    assert json.loads(rest[-1].removeprefix("data: "))["error"]["code"] == "upstream_cut"
    for _ in range(4):
        answer = front.chat("hermes-2", max_tokens=4)
        assert answer.status_code == 200
        assert answer.headers["x-served-by"] != served
    until(lambda: front.replica(served)["status"] == "down", "probes find that it is gone")
