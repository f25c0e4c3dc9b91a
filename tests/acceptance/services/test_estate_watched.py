"""The estate with its page and its Prometheus: all targets are up, and nothing is left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from signoff.acceptance import deployment as deployments
from signoff.acceptance.commands.runs import serve
from signoff.acceptance.errors import UsageError
from signoff.acceptance.services import estate
from tests.acceptance.services.test_estate import Running, gone
from tests.reference_services.operations.test_serve_command import parsed

HOST = "127.0.0.37"
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="Debian's package prometheus is not installed"
)


def watched(folder: Path) -> tuple[Path, dict[str, str]]:
    """An estate of a model service with a listener of its own for metrics, a gateway, the page and Prometheus."""
    names = ("hermes-2", "metrics", "gateway", "health", "prometheus")
    held = [socket.socket() for _ in names]
    for each in held:
        each.bind((HOST, 0))
    urls = {name: f"http://{HOST}:{each.getsockname()[1]}" for name, each in zip(names, held, strict=True)}
    for each in held:
        each.close()
    text = f'target = "{urls["hermes-2"]}"\n[services]\nhermes = "{urls["hermes-2"]}"\n[addresses]\n'
    text += f'hermes-metrics = "{urls["metrics"]}"\nprometheus = "{urls["prometheus"]}"\n'
    more = {"hermes-2": f"--metrics-port={port(urls['metrics'])}", "prometheus": "--interval-s=1"}
    for service in ("hermes-2", "gateway", "health", "prometheus"):
        arguments = [f"--host={HOST}", f"--port={port(urls[service])}", *([more[service]] if service in more else [])]
        text += f'[[start]]\nservice = "{service}"\nurl = "{urls[service]}"\narguments = {json.dumps(arguments)}\n'
    path = folder / "estate.toml"
    path.write_text(text, encoding="utf-8")
    return path, urls


def port(url: str) -> str:
    return url.rsplit(":", 1)[1]


def eventually(ask: Callable[[], Any], what: str, within_s: float = 60) -> Any:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := ask():
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {within_s:g} s: {what}")


@needs_prometheus
def test_prometheus_scrapes_whatever_the_estate_starts_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    file, urls = watched(tmp_path)
    running = Running(file, "--json=-")
    try:
        listing = running.listing()
        process_ids = [each["process_id"] for each in listing["services"]]
        assert {each["service"] for each in listing["services"]} == {"hermes-2", "gateway", "health", "prometheus"}

        def ask(path: str, **query: str) -> Any:
            return httpx.get(f"{urls['prometheus']}/api/v1/{path}", params=query, trust_env=False).json()["data"]

        def all_up() -> Any:
            targets = ask("targets")["activeTargets"]
            return targets if {each["health"] for each in targets} == {"up"} else None

        targets = eventually(all_up, "all targets are up")
        wanted = {urls["metrics"], urls["gateway"], urls["health"]}
        assert {each["scrapeUrl"] for each in targets} == {f"{url}/metrics" for url in wanted}
        eventually(lambda: [each["value"][1] for each in ask("query", query="estate_health")["result"]] == ["1"],
                   "Prometheus knows that the estate is healthy")  # fmt: skip
        page = httpx.get(urls["health"], trust_env=False).text
        assert 'The estate is <span class="healthy">healthy</span>' in page
        assert all(urls[name] in page for name in ("hermes-2", "gateway", "metrics", "prometheus"))
        running.process.send_signal(signal.SIGINT)
        _, said = running.process.communicate(timeout=60)
        assert running.process.returncode == 0, said
        assert gone(process_ids)
    finally:
        running.end()


@needs_prometheus
def test_a_prometheus_that_ends_takes_the_estate_down_and_is_named(tmp_path: Path) -> None:
    file, urls = watched(tmp_path)
    running = Running(file, "--json=-")
    try:
        listing = running.listing()["services"]
        os.kill(next(each["process_id"] for each in listing if each["service"] == "prometheus"), signal.SIGKILL)
        _, said = running.process.communicate(timeout=60)
        assert running.process.returncode == 3
        assert f"prometheus at {urls['prometheus']} ended with exit code -9" in said
    finally:
        running.end()


def test_where_prometheus_is_not_installed_it_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    read = deployments.load(watched(tmp_path)[0])
    found = estate.with_prometheus(read, wanted=None)
    assert [start.service for start in found.starts] == ["hermes-2", "gateway", "health"]
    assert "prometheus" not in found.addresses
    assert "apt-get install prometheus" in capsys.readouterr().err
    with pytest.raises(UsageError, match="Prometheus is not installed"):
        estate.with_prometheus(read, wanted=True)


def test_it_can_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = estate.with_prometheus(deployments.load(watched(tmp_path)[0]), wanted=False)
    assert "prometheus" not in {start.service for start in found.starts}
    assert capsys.readouterr().err == ""
    with pytest.raises(UsageError, match="--prometheus scrapes the estate"):
        serve.run(parsed("hermes-2", "--no-prometheus"))


def test_the_page_on_the_terminal_has_every_address_and_what_is_behind_it() -> None:
    text = estate.page(estate.addresses(deployments.load(estate.FILE), {}, ()))
    for url in ("127.0.0.10:8080", "127.0.0.11:11400", "127.0.0.15:8000", "127.0.0.16:8000", "127.0.0.17:9090"):
        assert f"http://{url}" in text
    assert "the key of VX11_TOKEN" in text
    assert "/openapi.json" in text
    assert max(map(len, text.splitlines())) <= 120


def test_prometheus_alone_says_what_it_needs() -> None:
    command = [sys.executable, "-P", "-m", "signoff.reference_services.operations"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert "--db FOLDER" in done.stderr
