"""The health of an estate: what each service answers, folded into one status that hides nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as some

from signoff.reference_services.health import estate_file
from signoff.reference_services.health.__main__ import main
from signoff.reference_services.health.app import create_app
from signoff.reference_services.health.estate_file import EstateUnreadable, Listed
from signoff.reference_services.health.estate_health import fold
from signoff.reference_services.health.framework import HealthCheckFramework
from signoff.reference_services.health.service_health import ServiceHealth, Status
from tests.reference_services.gateway_process import Gateway
from tests.reference_services.running import ROOT, await_ready, environment, free_ports, start_service

GONE = "http://127.0.0.28:9"
Answers = dict[str, tuple[int, Any]]
STATUSES: list[Status] = ["healthy", "degraded", "unhealthy"]


class Told:
    """A server that answers each path as it is told to."""

    def __init__(self) -> None:
        answers: Answers = {}
        self.answers = answers

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answers.get(self.path, (404, {}))
                text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.28", 0), Handler)
        self.url = f"http://127.0.0.28:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def answering() -> Iterator[Callable[[Answers], str]]:
    """Starts servers with these answers; gives their URLs."""
    started: list[Told] = []

    def one(answers: Answers) -> str:
        started.append(Told())
        started[-1].answers.update(answers)
        return started[-1].url

    yield one
    for each in started:
        each.stop()


def of(url: str, service: str = "it") -> dict[str, Any]:
    return HealthCheckFramework({service: url}).get_service_health(service)


READY = {"/ready": (200, {"status": "ready"})}


@pytest.mark.parametrize(
    ("answers", "status", "reason"),
    [
        ({"/health": (200, {"status": "healthy"}), **READY}, "healthy", ""),
        ({"/health": (200, {"status": "ok"})}, "healthy", ""),
        ({"/health": (200, "fine")}, "healthy", ""),
        ({"/health": (200, {"status": "degraded", "reason": "a disk is full"}), **READY}, "degraded", "disk is full"),
        ({"/health": (200, {"status": "splendid"}), **READY}, "unhealthy", "it says 'splendid' (HTTP 200)"),
        ({"/health": (503, {"status": "unhealthy", "reason": "no weights"}), **READY}, "unhealthy", "no weights"),
        ({"/health": (503, {"status": "degraded", "fallback_available": True}), **READY}, "degraded", "'degraded'"),
        ({"/health": (503, {"status": "degraded", "fallback_available": False}), **READY}, "unhealthy", "(HTTP 503)"),
        ({"/health": (200, {"status": "healthy"}), "/ready": (503, {})}, "unhealthy", "it is not ready (HTTP 503)"),
        ({"/health": (401, {})}, "unhealthy", "asks for a key"),
        ({}, "unhealthy", "(HTTP 404)"),
        ({"/health": (200, {"status": "healthy", "engine": {"state": "loading"}})}, "degraded", "engine is loading"),
        (
            {"/health": (200, {"status": "healthy", "checks": {"store": {"status": "unhealthy"}, "disk": "ok"}})},
            "degraded", "store is unhealthy",
        ),
        (
            {"/health": (200, {"status": "healthy", "retrieval": {"store": "qdrant", "available": False}})},
            "degraded", "retrieval is unhealthy",
        ),
        ({"/health": (200, {"status": "healthy", "checks": {"store": "strange"}})}, "degraded", "store is strange"),
    ],
)  # fmt: skip
def test_what_a_service_answers_decides_how_it_is(
    answers: Answers, status: str, reason: str, answering: Callable[[Answers], str]
) -> None:
    found = of(answering(answers))
    assert found["status"] == status, found
    assert reason in " ".join(found["reasons"]), found
    assert bool(found["reasons"]) is (status != "healthy")
    assert found["latency_ms"] > 0


def test_a_service_that_does_not_answer_is_unhealthy_and_never_absent(answering: Callable[[Answers], str]) -> None:
    well = answering({"/health": (200, {"status": "healthy"}), **READY})
    found = HealthCheckFramework({"well": well, "gone": GONE}).get_overall_health()
    assert found["status"] == "unhealthy"
    assert [each["name"] for each in found["services"]] == ["well", "gone"]
    assert [each["status"] for each in found["services"]] == ["healthy", "unhealthy"]
    assert found["reasons"] == (f"gone: {GONE} does not answer (ConnectError)",)
    assert found["services"][1]["latency_ms"] is None


def test_prometheus_is_asked_in_its_own_words_and_no_request_is_lost_without_it(
    answering: Callable[[Answers], str],
) -> None:
    well = answering({"/-/healthy": (200, "Prometheus Server is Healthy."), "/-/ready": (200, "")})
    assert of(well, "prometheus")["status"] == "healthy"
    it = answering({"/health": (200, {"status": "healthy"}), **READY})
    found = HealthCheckFramework({"it": it, "prometheus": GONE}).get_overall_health()
    assert found["status"] == "degraded"


ANY = some.lists(some.tuples(some.sampled_from("abc"), some.sampled_from(STATUSES)), max_size=8)


@given(ANY)
def test_the_whole_is_never_better_than_its_parts_and_says_why(told_of: list[tuple[str, Status]]) -> None:
    found = [ServiceHealth(f"{n}-{i}", n, "", s, None, () if s == "healthy" else (s,), 1.0, "")
             for i, (n, s) in enumerate(told_of)]  # fmt: skip
    status, reasons = fold(found)
    if status == "healthy":
        assert told_of
        assert all(each.status == "healthy" for each in found)
    assert len(reasons) == sum(each.status != "healthy" for each in found) or not told_of
    gone = any(all(s == "unhealthy" for n, s in told_of if n == name) for name, _ in told_of)
    assert (status == "unhealthy") is (gone or not told_of)
    for each in found:
        worse = [replace(other, status="unhealthy") if other is each else other for other in found]
        assert STATUSES.index(fold(worse)[0]) >= STATUSES.index(status)


def test_the_shipped_estate_and_its_json_name_the_same_services(tmp_path: Path) -> None:
    from signoff.acceptance import deployment as deployments
    from signoff.acceptance.services import estate

    shipped = estate_file.read(estate_file.SHIPPED)
    file = tmp_path / "estate.json"
    file.write_text(json.dumps(estate.addresses(deployments.load(estate.FILE), {}, ())), encoding="utf-8")
    # Deployments put the target first; the file has its order.
    assert set(estate_file.read(file)) == set(shipped)
    by_name = {each.name: each for each in shipped}
    assert by_name["hermes-2"].metrics_url == "http://127.0.0.12:11402"
    assert by_name["mixtral-8x7b (2)"].metrics_url == by_name["mixtral-8x7b (2)"].url
    assert (by_name["switch"].metrics_url, by_name["switch"].key_variable) == ("", "VX11_TOKEN")
    assert "health" not in by_name


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("missing.toml", None, "No such file"),
        ("a.toml", "start = [", "a.toml"),
        ("b.toml", "start = [{service = 'x'}]", "a url http://HOST:PORT"),
        ("c.json", "[]", "a url http://HOST:PORT"),
        ("d.json", '{"services": [{"service": "x", "url": "ftp://h:1"}]}', "a url http://HOST:PORT"),
        ("e.json", '{"services": [{"service": "x", "url": "http://h:99999"}]}', "a url http://HOST:PORT"),
    ],
)
def test_a_list_that_cannot_be_read_is_said_with_its_file(
    name: str,
    text: str | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / name
    if text is not None:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("SIGNOFF_ESTATE", str(file))
    with pytest.raises(EstateUnreadable, match=name) as caught:
        HealthCheckFramework()
    assert said in str(caught.value)
    assert main(["--port=1", f"--estate={file}"]) == 4
    assert said in capsys.readouterr().err


def test_only_one_source_says_which_services_there_are() -> None:
    with pytest.raises(ValueError, match="give one of them"):
        HealthCheckFramework({"a": GONE}, gateway=GONE)
    with pytest.raises(KeyError, match="there are a"):
        HealthCheckFramework({"a": GONE}).get_service_health("b")


def test_a_gateway_tells_of_its_replicas_and_one_that_is_gone_is_unhealthy_itself(tmp_path: Path) -> None:
    service = start_service(service="phi-3-mini", host="127.0.0.28")
    entry = {"models": ["phi-3-mini"], "replicas": [service.url, GONE]}
    front = Gateway(tmp_path / "gateway.yaml", {"services": {"phi": entry}})
    framework = HealthCheckFramework(gateway=front.url)
    try:
        found = framework.get_overall_health()
        assert [each["name"] for each in found["services"]] == ["gateway", "phi", "phi (2)"]
        assert [each["status"] for each in found["services"]][1:] == ["healthy", "unhealthy"]
        assert found["services"][1]["parts"]["engine"] == "ready"
        assert found["status"] == "degraded", "one replica of two is left"
    finally:
        front.stop()
        service.stop()
    found = framework.get_overall_health()
    assert (found["status"], [each["name"] for each in found["services"]]) == ("unhealthy", ["gateway"])


def test_the_page_shows_every_service_with_its_reasons_and_nothing_of_a_service_is_markup(
    answering: Callable[[Answers], str],
) -> None:
    well = answering({"/health": (200, {"status": "healthy"}), **READY})
    odd = answering({"/health": (200, {"status": "degraded", "reason": "<script>alert(1)</script>"}), **READY})
    listed = [
        Listed("well", "well", well, well),
        Listed("odd", "odd", odd, "", "ODD_KEY"),
        Listed("gone", "gone", GONE, GONE),
    ]

    async def asked() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(listed))
        async with httpx.AsyncClient(transport=transport, base_url="http://it") as client:
            return [await client.get(path) for path in ("/", "/health", "/metrics", "/ready")]

    page, health, metrics, ready = asyncio.run(asked())
    assert page.status_code == ready.status_code == metrics.status_code == 200
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
    for expected in (f"<code>{well}</code>", "ODD_KEY", "does not answer", 'The estate is <span class="unhealthy">'):
        assert expected in page.text
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    assert "estate_health 0.0" in metrics.text
    assert f'estate_service_health{{kind="odd",name="odd",url="{odd}"}} 0.5' in metrics.text


def test_as_a_process_it_serves_until_it_is_told_to_end() -> None:
    port, _ = free_ports("127.0.0.28")
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "signoff.acceptance", "serve", "health", "--host=127.0.0.28", f"--port={port}",
         f"--estate={ROOT / 'fixtures/estate.toml'}"],
        env=environment(), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.28:{port}", trust_env=False) as client:
            await_ready(client, process)
    finally:
        process.terminate()
        assert process.wait(60) == 0
