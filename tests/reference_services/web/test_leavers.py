"""A storm of clients that leave: while they send, while they wait, amid their answer, by a reset or quietly.

Nobody's fault is an error: afterwards no error is counted, no line is in the log, and every place is free.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.reference_services.gateway_process import Gateway, configuration, until
from tests.reference_services.running import Start
from tests.reference_services.switch.switch_process import TOKEN, switch
from tests.reference_services.web.test_slow_readers import CHAT, RUNNING, SOCKET, WAITING, frame, head_of, opened

LEAVERS, AT_ONCE, PLACES = 240, 24, 3
SAID = [{"role": "user", "content": "Hello"}]
ASK: dict[str, Any] = {"model": "hermes-2", "messages": SAID, "max_tokens": 60, "ignore_eos": True}
MUTATION = 'mutation { complete(messages: [{role: "user", content: "x"}], maxTokens: 60) { content } }'
BODIES: list[tuple[str, dict[str, Any]]] = [
    (CHAT, ASK),
    (CHAT, {**ASK, "stream": True}),
    (CHAT, {**ASK, "stream": True, "n": 2}),
    ("/v1/completions", {"model": "hermes-2", "prompt": "Once", "max_tokens": 60, "ignore_eos": True}),
    ("/tokenize", {"model": "hermes-2", "prompt": "Once upon a time " * 400}),
    ("/v1/embeddings", {"model": "hermes-2", "input": ["Once upon a time"] * 20}),
    ("/graphql?model=hermes-2", {"query": MUTATION}),
]
STAGES = ("head", "body", "whole", "answer", "socket", "message")


def leave(connection: socket.socket, is_reset: bool) -> None:
    """Close the connection, by a reset where one is asked for."""
    if is_reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def one(url: str, seed: int, more: str = "") -> None:
    """One client, which leaves at a stage and after a time of its own. `more` are further header lines."""
    chance = random.Random(seed)
    stage, wait_s = STAGES[seed % len(STAGES)], chance.choice([0, 0, 0.002, 0.02, 0.1])
    path, body = chance.choice(BODIES)
    try:
        if stage in ("socket", "message"):
            connection = opened(url)
            if stage == "message":
                connection.sendall(frame(json.dumps(ASK).encode()) * chance.randint(1, 3))
        else:
            parts = socket.getaddrinfo(*url.removeprefix("http://").split(":"), type=socket.SOCK_STREAM)[0]
            connection = socket.create_connection(parts[4][:2], timeout=30)
            content = json.dumps(body).encode()
            session = f"X-Session-ID: s{chance.randint(1, 3)}\r\n" if path == CHAT and "n" not in body else ""
            head = head_of(path, len(content)).replace(b"\r\n\r\n", f"\r\n{session}{more}\r\n".encode())
            sent = {"head": head[:-20], "body": head + content[: chance.randrange(len(content))]}
            connection.sendall(sent.get(stage, head + content))
            if stage == "answer":
                connection.recv(chance.choice([1, 200, 2000]))
        time.sleep(wait_s)
        leave(connection, chance.random() < 0.5)
    except OSError:
        # The service, or the gateway, was first.
        return


def storm(url: str, first: int, leaver: Callable[[str, int], None] = one) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda number: leaver(url, first + number), range(LEAVERS)))


ERRORS = 'hermes_2_errors_total{"kind": "error"}'


@pytest.mark.parametrize("way", ["direct", "gateway"])
def test_leaving_is_no_error_and_every_place_is_free_afterwards(start: Start, tmp_path: Path, way: str) -> None:
    log = tmp_path / "log"
    figures = {"MAX_NUM_SEQS": str(PLACES), "REQUEST_HEAD_SECONDS": "2", "REQUEST_IDLE_SECONDS": "2"}
    running = start(pace=(5, 1), variables={f"HERMES_2_{name}": each for name, each in figures.items()}, log=log)
    entry = {"models": ["hermes-2"], "replicas": [running.url]}
    front = None
    if way == "gateway":
        quick = {"gateway": {"request_head_seconds": 2, "request_idle_seconds": 2}}
        front = Gateway(tmp_path / "gateway.yaml", {**configuration(), "services": {"hermes": entry}, **quick})
    try:
        storm(front.url if front is not None else running.url, 1000 if front is None else 2000)
        until(lambda: (running.metrics()[RUNNING], running.metrics()[WAITING]) == (0, 0), "every place is free")
        # None of the places is lost, and no session's turn is still waited for.
        for number in range(1, 4):
            assert running.say("Hello", f"s{number}", max_tokens=2)
        with ThreadPoolExecutor(2 * PLACES) as pool:
            assert all(pool.map(lambda _: running.say("Hello", max_tokens=5), range(4 * PLACES)))
        assert running.metrics()[ERRORS] == 0
        assert log.read_text(encoding="utf-8") == ""
        labels = [f'{{"endpoint": "{path}", "outcome": "cancelled"}}' for path in (CHAT, SOCKET)]
        assert all(running.metrics()[f"hermes_2_requests_total{each}"] for each in labels)
        if front is not None:
            text = front.log.read_text(encoding="utf-8")
            assert "internal" not in text
            assert "Traceback" not in text
            assert {each["outstanding"] for each in front.replicas()} == {0}
            assert {each["status"] for each in front.replicas()} == {"healthy"}
    finally:
        if front is not None:
            assert front.stop() == 0


def test_a_switch_that_is_left_and_asked_too_much_answers_200_or_503_and_nothing_else(tmp_path: Path) -> None:
    log = tmp_path / "log"
    body = {"prompt": "The boat is red. What colour is the boat?", "max_tokens": 20}
    slow = ("--time-to-first-token-ms=5", "--time-per-token-ms=1")
    with switch(
        *slow, log=log, HERMES_MAX_CONCURRENT="2", HERMES_MAX_WAITING="12", SWITCH_REQUEST_HEAD_SECONDS="2"
    ) as running:
        url = str(running.client.base_url).rstrip("/")

        def leaver(url: str, seed: int) -> None:
            chance = random.Random(seed)
            host, port = url.removeprefix("http://").split(":")
            content = json.dumps(body).encode()
            head = head_of("/switch/infer", len(content))
            head = head.replace(b"\r\n\r\n", f"\r\nX-VX11-Token: {TOKEN}\r\n\r\n".encode())
            with socket.create_connection((host, int(port)), timeout=30) as connection:
                connection.sendall(head + content[: chance.choice([5, len(content), len(content)])])
                time.sleep(chance.choice([0, 0.002, 0.02]))
                leave(connection, chance.random() < 0.5)

        def asker(number: int) -> int:
            # The time to wait ends for many in the moments in which places come free.
            within_s = random.Random(number).uniform(0.01, 0.2)
            return running.infer(**{**body, "timeout_seconds": within_s}).status_code

        with ThreadPoolExecutor(16) as pool:
            statuses = pool.map(asker, range(300))
            storm(url, 0, leaver)
            assert set(statuses) <= {200, 503}
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(lambda _: running.infer().status_code, range(12))) == {200}
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line for line in entries if line["level"] == "ERROR"] == []
