"""A gateway process, and replicas that do exactly what a test tells them and say what they saw."""

from __future__ import annotations

import contextlib
import json
import queue
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.prepared.prepared_process import PreparedProcess
from tests.reference_services.running import environment, free_ports

HOST = "127.0.0.26"
PATIENCE_S = 60
MODEL = "tin-1"
CHAT = "/v1/chat/completions"


def until(is_so: Callable[[], Any], what: str) -> Any:
    """Wait for something that happens by itself; the bound only ends a test that would hang."""
    deadline = time.monotonic() + PATIENCE_S
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.01)
    return found


class Exchange:
    """One request at a replica: what came, and the means to answer it piece by piece."""

    def __init__(
        self, connection: socket.socket, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> None:
        self.connection = connection
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body

    def answer(self, status: int = 200, value: Any = None, **headers: str) -> None:
        body = json.dumps(completion() if value is None else value).encode()
        more = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{more}\r\n"
        self.connection.sendall(head.encode() + body)

    def stream(self) -> None:
        head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        self.connection.sendall(head.encode())

    def chunk(self, content: bytes) -> None:
        self.connection.sendall(f"{len(content):x}\r\n".encode() + content + b"\r\n")

    def event(self, text: str) -> None:
        self.chunk(event(text))

    def cut(self) -> None:
        self.connection.shutdown(socket.SHUT_RDWR)

    def client_left(self) -> bool:
        """Waits until the connection is closed from the other side."""
        self.connection.settimeout(PATIENCE_S)
        try:
            return self.connection.recv(1) == b""
        except ConnectionError:
            return True


def completion(text: str = "Hello.", model: str = MODEL) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": model, "choices": [choice]}


def event(text: str) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}).encode() + b"\n\n"


class Replica:
    """A server on a free port. `act` answers completions, in a thread for each connection."""

    def __init__(self, port: int = 0) -> None:
        self.act: Callable[[Exchange], None] = Exchange.answer
        self.health = 200
        self.models = [MODEL]
        self.seen: queue.Queue[Exchange] = queue.Queue()
        self.count = 0
        self.probes = 0
        self._listener = socket.create_server((HOST, port))
        self._connections: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        self.name = f"{HOST}:{self.port}"
        self.url = f"http://{self.name}"
        threading.Thread(target=self._listen, daemon=True).start()

    def stop(self) -> None:
        # A thread that waits in accept() would keep a closed socket listening.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._connections:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, connection.makefile("rb") as file:
                while line := file.readline():
                    method, target, _ = line.decode().split()
                    headers = {}
                    while (line := file.readline()).strip():
                        name, _, value = line.decode().partition(":")
                        headers[name.lower()] = value.strip()
                    body = file.read(int(headers.get("content-length", 0)))
                    self._give(Exchange(connection, method, target, headers, body))
        except (OSError, ValueError):
            return

    def _give(self, exchange: Exchange) -> None:
        if exchange.target == "/health":
            self.probes += 1
            exchange.answer(self.health, {"status": "healthy"})
        elif exchange.target == "/v1/models":
            exchange.answer(200, {"object": "list", "data": [{"id": name} for name in self.models]})
        else:
            self.count += 1
            self.seen.put(exchange)
            self.act(exchange)


class Gateway:
    """A gateway process with a client for it."""

    def __init__(
        self,
        file: Path,
        configuration: dict[str, Any],
        *arguments: str,
        log: Path | None = None,
        verify: ssl.SSLContext | bool = True,
        variables: dict[str, str] | None = None,
    ) -> None:
        self.file = file
        self.log = log or file.with_suffix(".log")
        self.write(configuration)
        self.port = free_ports(HOST)[0]
        scheme = "https" if configuration.get("security", {}).get("tls_certificate") else "http"
        self.url = f"{scheme}://{HOST}:{self.port}"
        with self.log.open("wb") as errors:
            self.process = PreparedProcess(
                "signoff.reference_services.gateway",
                f"--config={file}",
                f"--host={HOST}",
                f"--port={self.port}",
                *arguments,
                env=environment(**(variables or {})),
                stderr=errors,
            )
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False, verify=verify)
        until(self._is_ready, "the gateway is ready")
        self._before: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}

    def use(self, configuration: dict[str, Any], key: str = "") -> None:
        """Take another configuration, and from here on send this key; `moved` counts from here on."""
        self.client.headers.pop("Authorization", None)
        self.client.headers.update({"Authorization": f"Bearer {key}"} if key else {})
        applied = self.figure("gateway_config_reloads_total", result="applied")
        self.write(configuration)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: self.figure("gateway_config_reloads_total", result="applied") > applied, "it is applied")
        until(lambda: all(each["probed_at"] for each in self.replicas()), "every replica was looked at")
        self._before = dict(self._samples())

    def write(self, configuration: dict[str, Any]) -> None:
        """JSON is YAML."""
        beside = self.file.with_suffix(".new")
        beside.write_text(json.dumps(configuration), encoding="utf-8")
        beside.replace(self.file)

    def chat(self, model: str = MODEL, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        return self.client.post(CHAT, json=body(model, **fields), headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(path).json()

    def replica(self, name: str) -> dict[str, Any]:
        """What /services says of a replica."""
        return next(each for each in self.replicas() if each["name"] == name)

    def replicas(self) -> list[dict[str, Any]]:
        return [each for service in self.get("/services")["services"] for each in service["replicas"]]

    def figure(self, name: str, **labels: str) -> float:
        """The sum of the samples with this name and these labels."""
        return sum(value for sample, value in self._samples() if _fits(sample, name, labels))

    def moved(self, name: str, **labels: str) -> float:
        """How far they went since the configuration was taken."""
        before = sum(value for sample, value in self._before.items() if _fits(sample, name, labels))
        return self.figure(name, **labels) - before

    def _samples(self) -> list[tuple[tuple[str, frozenset[tuple[str, str]]], float]]:
        families = text_string_to_metric_families(self.client.get("/metrics").text)
        found = [sample for family in families for sample in family.samples]
        return [((each.name, frozenset(each.labels.items())), each.value) for each in found]

    def stop(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
        try:
            return self.client.get("/ready").status_code == 200
        except httpx.TransportError:
            return False


def _fits(sample: tuple[str, frozenset[tuple[str, str]]], name: str, labels: dict[str, str]) -> bool:
    return sample[0] == name and labels.items() <= sample[1]


def body(model: str = MODEL, text: str = "Hello", **fields: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": text}], **fields}


def configuration(*replicas: Replica | str, **more: Any) -> dict[str, Any]:
    """One service `tin`; quick figures, since replicas in these tests answer at once or on purpose not at all."""
    urls = [each if isinstance(each, str) else each.url for each in replicas]
    service = {"models": [MODEL], "replicas": urls}
    quick = {"probes": {"interval_seconds": 0.05, "timeout_seconds": 5, "failures": 1}}
    return {"services": {"tin": service}, **quick, **more}
