"""Real services on loopback addresses of their own, on free ports."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.prepared.prepared_process import PreparedProcess

ROOT = Path(__file__).parent.parent.parent
HOST = "127.0.0.23"
START_TIMEOUT_S = 60
PREFIXES = ("HERMES_2_", "MIXTRAL_8X7B_", "OPENCHAT_3_5_", "PHI_3_MINI_")


def free_ports(host: str = HOST) -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind((host, 0))
        second.bind((host, 0))
        return first.getsockname()[1], second.getsockname()[1]


def environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **more}


@dataclass
class Running:
    """A service process with a client for it."""

    process: PreparedProcess
    url: str
    metrics_url: str
    client: httpx.Client
    name: str = "hermes-2"

    def chat(self, text: str | list[dict[str, str]], session: str | None = None, **fields: Any) -> httpx.Response:
        messages = [{"role": "user", "content": text}] if isinstance(text, str) else text
        body = {"messages": messages, "max_tokens": 64, "temperature": 0, **fields}
        headers = {} if session is None else {"X-Session-ID": session}
        return self.client.post("/v1/chat/completions", json=body, headers=headers)

    def say(self, text: str, session: str | None = None, **fields: Any) -> str:
        answer = self.chat(text, session, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]["message"]["content"]

    def get(self, path: str) -> Any:
        return self.client.get(path).json()

    def metrics(self, on_metrics_port: bool = False) -> dict[str, float]:
        from prometheus_client.parser import text_string_to_metric_families

        url = self.metrics_url if on_metrics_port else self.url + "/metrics"
        return {
            sample.name + json.dumps(sample.labels, sort_keys=True): sample.value
            for family in text_string_to_metric_families(self.client.get(url).text)
            for sample in family.samples
        }

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


Start = Callable[..., Running]


def start_service(
    *arguments: str,
    service: str = "hermes-2",
    host: str = HOST,
    pace: tuple[float, float] = (0, 0),
    variables: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    log: Path | None = None,
) -> Running:
    port, metrics_port = free_ports(host)
    metrics: list[str] = [f"--metrics-port={metrics_port}"] if service == "hermes-2" else []
    with (log or Path(os.devnull)).open("wb") as errors:
        process = PreparedProcess(
            "signoff.reference_services.chat",
            service,
            f"--host={host}",
            f"--port={port}",
            *metrics,
            f"--time-to-first-token-ms={pace[0]}",
            f"--time-per-token-ms={pace[1]}",
            "--log-level=WARNING",
            *arguments,
            env=environment(**(variables or {})),
            stderr=errors if log else None,
        )
    url = f"http://{host}:{port}"
    client = httpx.Client(base_url=url, timeout=60, trust_env=False, headers=headers)
    try:
        await_ready(client, process)
    except AssertionError:
        client.close()
        raise
    return Running(process, url, f"http://{host}:{metrics_port if metrics else port}/metrics", client)


def await_ready(client: httpx.Client, process: PreparedProcess | subprocess.Popen[bytes]) -> None:
    """Wait until the service at the client's address is ready; where it is not, the process is ended.

    One client for all looks: making one, as `httpx.get` does, takes the processor longer than a hundred looks.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"the service did not become ready (exit code {process.wait()})")
