"""Web pages, and names that were made to mean this machine, do not reach a service; programs do."""

from __future__ import annotations

import ast
import asyncio
import base64
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.chat.settings.services import Hermes2Config
from signoff.reference_services.web.access.authority import read_host, read_origin
from signoff.reference_services.web.access.visitors import Allowed, Visitors
from signoff.reference_services.web.settings.settings_problems import SettingsError
from tests.prepared.prepared_process import DEVNULL, PreparedProcess
from tests.reference_services.gateway_process import MODEL, Gateway, Replica, configuration
from tests.reference_services.running import HOST, ROOT, Start, await_ready, environment, free_ports, start_service
from tests.reference_services.switch.switch_process import TOKEN, switch

PATIENCE_S = 60
JSON = "Content-Type: application/json"
EVIL = "https://evil.example"
CHAT = b'{"model": "hermes-2", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3}'
INFER = b'{"prompt": "Hello"}'


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    def says(self) -> str:
        """What the error says, in whichever of the services' shapes."""
        body = json.loads(self.text)
        error = body.get("error", body.get("detail"))
        return error["message"] if isinstance(error, dict) else error


@dataclass(frozen=True)
class Service:
    """Where it is, what asks it whether it is well, and what it does for a program that posts."""

    host: str
    port: int
    look: str = "/health"
    post: str = ""
    body: bytes = b""
    headers: tuple[str, ...] = ()

    @property
    def netloc(self) -> str:
        return f"{self.host}:{self.port}"

    def ask(
        self,
        *lines: str,
        host: str | None = "",
        method: str = "GET",
        path: str = "",
        body: bytes = b"",
        version: str = "1.1",
    ) -> Answer:
        """One request, written as it is. `host`: None sends none, "" the true one."""
        named = [f"Host: {host or self.netloc}"] if host is not None else []
        length = [f"Content-Length: {len(body)}"] if body or method == "POST" else []
        head = [f"{method} {path or self.look} HTTP/{version}", *named, *length, "Connection: close", *lines, "", ""]
        return exchange(self.host, self.port, "\r\n".join(head).encode("latin-1") + body)

    def send(self, *lines: str, **how: Any) -> Answer:
        """The service's work, as a program asks for it, with these headers more."""
        return self.ask(JSON, *self.headers, *lines, method="POST", path=self.post, body=self.body, **how)


def exchange(host: str, port: int, sent: bytes) -> Answer:
    with socket.create_connection((host, port), PATIENCE_S) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall(sent)
        came = b""
        while data := connection.recv(65_536):
            came += data
    head, _, body = came.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(": ") for line in lines]
    return Answer(int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, body.decode("latin-1"))


def upgrade(service: Service, path: str, *lines: str, host: str = "") -> int:
    """The status of a WebSocket's handshake."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = [
        f"GET {path} HTTP/1.1",
        f"Host: {host or service.netloc}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *lines,
        "",
        "",
    ]
    with socket.create_connection((service.host, service.port), PATIENCE_S) as connection:
        connection.settimeout(PATIENCE_S)
        connection.sendall("\r\n".join(head).encode("latin-1"))
        return int(connection.makefile("rb").readline().split()[1])


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Service]]:
    """One of each, as they are started without a word about hosts, pages or proxies."""
    folder = tmp_path_factory.mktemp("pages")
    hermes = start_service()
    at = urlsplit(hermes.url)
    metrics = urlsplit(hermes.metrics_url)
    configured = {
        "services": {"hermes": {"models": ["hermes-2"], "replicas": [hermes.url], "paths": {"/own/": "/"}}},
        "probes": {"interval_seconds": 0.2},
    }
    gateway = Gateway(folder / "gateway.yaml", configured, variables={"GATEWAY_ADMIN_KEYS": "sk-admin-0417"})
    port, _ = free_ports(HOST)
    arguments = (f"--host={HOST}", f"--port={port}")
    health = PreparedProcess("signoff.reference_services.health", *arguments, env=environment(), stderr=DEVNULL)
    with httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
        await_ready(client, health)
    with switch() as one:
        found = one.client.base_url
        yield {
            "chat": Service(str(at.hostname), at.port or 0, "/health", "/v1/chat/completions", CHAT),
            "metrics": Service(str(metrics.hostname), metrics.port or 0, "/metrics"),
            "gateway": Service(
                urlsplit(gateway.url).hostname or "", gateway.port, "/health", "/v1/chat/completions", CHAT
            ),
            "switch": Service(
                found.host, found.port or 0, "/config", "/switch/infer", INFER, (f"X-VX11-Token: {TOKEN}",)
            ),
            "health": Service(HOST, port, "/ready"),
        }
    health.terminate()
    assert health.wait(PATIENCE_S) == 0
    assert gateway.stop() == 0
    assert hermes.stop() == 0


ALL = ("chat", "metrics", "gateway", "switch", "health")
WORKING = ("chat", "gateway", "switch")
FOREIGN_HOSTS = (
    "evil.example",
    "EVIL.example:80",
    "evil.example.",
    "localhost.evil.example",
    "localhost-evil.example",
    "127.0.0.1.nip.io",
    "127.0.0.1.evil.example:8000",
    "127.0.0.1.evil",
    "evil-localhost",
    "xlocalhost",
    "10.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "[fe80::1]",
    "[::]",
    "[::ffff:10.0.0.1]:80",
    "127.0.0.01",
    "2130706433",
)
NO_HOSTS = (
    "localhost:80@evil.example",
    "localhost@evil.example",
    "evil.example:80#localhost",
    "localhost, evil.example",
    "localhost evil.example",
    "localhost/evil",
    "localhost:99999",
    "localhost:80:80",
    "[::1",
    "::1",
    "[localhost]",
    "..",
    ".localhost",
    "localhost..",
    "http://localhost",
    "localhost\\evil",
    "lo\xe7alhost",
    "*",
    "%6cocalhost",
)
OWN_HOSTS = (
    "localhost",
    "LOCALHOST",
    "LocalHost:9",
    "localhost.",
    "localhost.:80",
    "127.0.0.1",
    "127.0.0.1:65535",
    "127.9.8.7:80",
    "[::1]",
    "[::1]:80",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "localhost:",
)
FOREIGN_ORIGINS = (
    EVIL,
    "null",
    "NULL",
    "http://localhost.evil.example",
    "http://127.0.0.1.nip.io",
    "file://",
    "app://x",
    "x",
    "",
    "http://localhost:1",
    "http://127.0.0.1:1",
    "http://{netloc}@evil.example",
    "http://evil.example/http://{netloc}",
    "http://{netloc}/",
    "http://{netloc}.",
    "http://{netloc} ",
    "http://{netloc}, " + EVIL,
    "{netloc}",
    "//{netloc}",
)


@pytest.mark.parametrize("name", ALL)
def test_a_service_on_loopback_answers_to_no_name_that_dns_could_give_it(
    services: dict[str, Service], name: str
) -> None:
    service = services[name]
    answered = {host: service.ask(host=host).status for host in FOREIGN_HOSTS}
    assert answered == dict.fromkeys(FOREIGN_HOSTS, 403)
    answered = {host: service.ask(host=host).status for host in NO_HOSTS}
    assert answered == dict.fromkeys(NO_HOSTS, 400)
    assert "allowed_hosts" in service.ask(host="evil.example").says()


@pytest.mark.parametrize("name", ALL)
def test_it_answers_to_its_own_names_however_they_are_written(services: dict[str, Service], name: str) -> None:
    service = services[name]
    answered = {host: service.ask(host=host).status for host in (*OWN_HOSTS, service.netloc)}
    assert answered == dict.fromkeys(answered, 200)


@pytest.mark.parametrize("name", ALL)
def test_a_request_names_its_host_once_unless_it_is_older_than_that(services: dict[str, Service], name: str) -> None:
    service = services[name]
    assert service.ask(host=None).status == 400
    assert service.ask(f"Host: {service.netloc}").status == 400
    assert service.ask("Host: evil.example").status == 400
    assert service.ask(host=None, version="1.0").status == 200
    assert service.ask(host="evil.example", version="1.0").status == 403
    assert service.ask(f"Origin: {EVIL}", host=None, version="1.0").status == 403


@pytest.mark.parametrize("name", ALL)
def test_no_page_of_another_origin_is_answered(services: dict[str, Service], name: str) -> None:
    service = services[name]
    origins = [origin.format(netloc=service.netloc) for origin in FOREIGN_ORIGINS if origin != "http://{netloc} "]
    assert {each: service.ask(f"Origin: {each}").status for each in origins} == dict.fromkeys(origins, 403)
    assert service.ask(f"Origin: http://{service.netloc}", f"Origin: {EVIL}").status == 403
    assert "allowed_origins" in service.ask(f"Origin: {EVIL}").says()
    for site in ("cross-site", "same-site", "x", ""):
        assert service.ask(f"Sec-Fetch-Site: {site}", "Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image").status == 403


@pytest.mark.parametrize("name", ALL)
def test_its_own_pages_links_and_typed_addresses_are_answered(services: dict[str, Service], name: str) -> None:
    service = services[name]
    assert service.ask(f"Origin: http://{service.netloc}", "Sec-Fetch-Site: same-origin").status == 200
    assert service.ask("Origin: http://LOCALHOST:7", host="localhost:7").status == 200
    assert service.ask("Origin: https://localhost", host="localhost").status == 200
    for site in ("none", "same-origin"):
        assert service.ask(f"Sec-Fetch-Site: {site}").status == 200
    link = ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-User: ?1")
    assert service.ask(*link, "Sec-Fetch-Dest: document").status == 200
    assert service.ask(*link, "Sec-Fetch-Dest: iframe").status == 403
    assert service.ask(*link).status == 403


@pytest.mark.parametrize("name", WORKING)
def test_a_page_makes_a_service_do_nothing(services: dict[str, Service], name: str) -> None:
    service = services[name]
    for lines in (
        (f"Origin: {EVIL}", "Sec-Fetch-Site: cross-site"),
        ("Origin: null",),
        ("Sec-Fetch-Site: same-site",),
        ("Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: document"),
    ):
        assert service.send(*lines, "X-Session-ID: page").status == 403
    assert service.send("X-Session-ID: page", host="localhost.evil.example").status == 403
    assert services["chat"].ask(path="/sessions/page").status == 404
    assert service.send().status == 200
    assert service.send(f"Origin: http://{service.netloc}", "Sec-Fetch-Site: same-origin").status == 200


@pytest.mark.parametrize("name", WORKING)
def test_what_a_page_may_send_without_asking_is_no_request(services: dict[str, Service], name: str) -> None:
    service = services[name]

    def send(*lines: str, path: str = service.post, body: bytes = service.body) -> int:
        return service.ask(*service.headers, *lines, method="POST", path=path, body=body).status

    simple = (
        (),
        ("Content-Type:",),
        ("Content-Type: text/plain",),
        ("Content-Type: text/plain;charset=UTF-8",),
        ("Content-Type: application/x-www-form-urlencoded",),
        ("Content-Type: multipart/form-data; boundary=x",),
        ("Content-Type: text/plain; application/json",),
        ("Content-Type: application/json, text/plain",),
        ("Content-Type: text/plain", "Content-Type: application/json"),
    )
    assert {lines: send(*lines) for lines in simple} == dict.fromkeys(simple, 415)
    assert send(JSON) == 200


@pytest.mark.parametrize(
    ("name", "path"),
    [
        *(("chat", path) for path in ("/v1/completions", "/v1/embeddings", "/tokenize", "/graphql")),
        *(("gateway", path) for path in ("/v1/completions", "/v1/embeddings", "/tokenize", "/graphql?model=hermes-2")),
        ("gateway", "/own/v1/chat/completions"),
        ("gateway", "/services"),
    ],
)
def test_no_route_takes_a_body_without_its_type(services: dict[str, Service], name: str, path: str) -> None:
    service = services[name]
    lines = ("Authorization: Bearer sk-admin-0417",) if path == "/services" else ()
    for kind in ((), ("Content-Type: text/plain",)):
        assert service.ask(*lines, *kind, method="POST", path=path, body=CHAT).status == 415


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("chat", "/v1/chat/stream"),
        ("gateway", "/v1/chat/stream?model=hermes-2"),
        ("gateway", "/own/v1/chat/stream"),
    ],
)
def test_a_page_opens_no_socket(services: dict[str, Service], name: str, path: str) -> None:
    service = services[name]
    for origin in (EVIL, "null", "http://localhost:1", f"http://{service.netloc}@evil.example"):
        assert upgrade(service, path, f"Origin: {origin}") == 403
    for host in ("evil.example", f"127.0.0.1.nip.io:{service.port}", "localhost.evil.example"):
        assert upgrade(service, path, f"Origin: http://{host}", host=host) == 403
    assert upgrade(service, path, "Sec-Fetch-Site: cross-site") == 403
    assert upgrade(service, path) == 101
    assert upgrade(service, path, f"Origin: http://{service.netloc}", "Sec-Fetch-Site: same-origin") == 101


@pytest.mark.parametrize("name", WORKING)
def test_no_page_is_told_that_it_may_ask(services: dict[str, Service], name: str) -> None:
    service = services[name]
    asked = (f"Origin: {EVIL}", "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type")
    answer = service.ask(*asked, method="OPTIONS", path=service.post)
    assert answer.status == 403
    assert not any(header.startswith("access-control-") for header in answer.headers)


def test_an_error_has_the_shape_of_the_service(services: dict[str, Service]) -> None:
    answer = services["chat"].ask(host="evil.example")
    assert json.loads(answer.text)["error"]["code"] == "foreign_host"
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(services["gateway"].ask(f"Origin: {EVIL}").text)["error"]["code"] == "foreign_origin"
    assert set(json.loads(services["switch"].ask(host="evil.example").text)) == {"error"}
    assert set(json.loads(services["health"].ask(host="evil.example").text)) == {"detail"}


def test_who_is_let_in_by_a_setting_is_let_in_and_told_so_and_nobody_else(start: Start) -> None:
    page = "http://localhost:3000"
    variables = {
        "HERMES_2_ALLOWED_HOSTS": "LLM.example, [::2]",
        "HERMES_2_ALLOWED_ORIGINS": f"{page},https://app.example",
    }
    running = start(variables=variables)
    at = urlsplit(running.url)
    service = Service(str(at.hostname), at.port or 0, "/health", "/v1/chat/completions", CHAT)
    assert service.ask(host="llm.example:443").status == 200
    assert service.ask(host="[::2]").status == 200
    assert service.ask(host="x.llm.example").status == 403
    answer = service.send(f"Origin: {page}", "Sec-Fetch-Site: same-site", "X-Session-ID: mine")
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, page)
    assert service.send(f"Origin: {EVIL}").status == 403
    assert upgrade(service, "/v1/chat/stream", f"Origin: {page}") == 101
    assert upgrade(service, "/v1/chat/stream", f"Origin: {EVIL}") == 403
    asked = ("Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,x-session-id")
    allowed = service.ask(f"Origin: {page}", *asked, method="OPTIONS", path=service.post)
    assert (allowed.status, allowed.headers["access-control-allow-origin"]) == (200, page)
    assert "x-session-id" in allowed.headers["access-control-allow-headers"].lower()
    shown = running.get("/config")
    assert shown["allowed_hosts"] == ["llm.example", "::2"]
    assert shown["allowed_origins"] == [page, "https://app.example"]


def test_the_gateway_lets_pages_in_by_its_file_and_tells_replicas_nothing_of_them(
    tmp_path: Path, replica: Callable[[], Replica]
) -> None:
    tin = replica()
    page = "https://app.example"
    security = {"allowed_hosts": ["llm.example"], "allowed_origins": [page], "trusted_proxies": ["127.0.0.1"]}
    front = Gateway(tmp_path / "gateway.yaml", configuration(tin, security=security))
    try:
        service = Service(
            urlsplit(front.url).hostname or "",
            front.port,
            "/health",
            "/v1/chat/completions",
            CHAT.replace(b"hermes-2", MODEL.encode()),
        )
        answer = service.send(
            f"Origin: {page}", "Sec-Fetch-Site: cross-site", "X-Forwarded-Port: 1", host="llm.example"
        )
        assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, page)
        seen = tin.seen.get(timeout=PATIENCE_S).headers
        assert not [name for name in seen if name.startswith(("origin", "sec-fetch", "x-forwarded-port"))]
        # The last address that no trusted proxy has is the caller's; what stands before it, the caller wrote.
        said = ("X-Forwarded-For: 10.6.6.6, 10.7.7.7", "X-Forwarded-Proto: https", "X-Real-IP: 10.6.6.6")
        assert service.send(*said).status == 200
        seen = tin.seen.get(timeout=PATIENCE_S).headers
        assert seen["x-forwarded-for"] == "10.7.7.7"
        assert not {"x-forwarded-proto", "x-real-ip"} & set(seen)
        assert upgrade(service, f"/v1/chat/stream?model={MODEL}", *said) == 200
        assert tin.seen.get(timeout=PATIENCE_S).headers["x-forwarded-for"] == "10.7.7.7"
        assert service.send(f"Origin: {EVIL}").status == 403
        assert front.figure("gateway_refused_total", reason="foreign") == 1
    finally:
        assert front.stop() == 0


BURST = 12


def hammered(service: Service, *lines: str) -> list[int]:
    """Requests that each say that they come from another address."""
    said = (
        "X-Forwarded-For: 10.7.{0}.1",
        "Forwarded: for=10.7.{0}.1",
        "X-Real-IP: 10.7.{0}.1",
        "X_Forwarded_For: 1.1.{0}.1",
    )
    return [
        service.ask(*(each.format(number) for each in said), *lines, path="/v1/models").status
        for number in range(BURST)
    ]


def test_a_rate_is_not_evaded_by_saying_that_one_is_somebody_else(start: Start) -> None:
    running = start("--rate-limit=3/hour", host="127.0.0.1")
    at = urlsplit(running.url)
    assert hammered(Service("127.0.0.1", at.port or 0)) == [200] * 3 + [429] * (BURST - 3)


def test_uvicorns_own_variable_does_not_make_anybody_believed(start: Start) -> None:
    running = start("--rate-limit=3/hour", host="127.0.0.1", variables={"FORWARDED_ALLOW_IPS": "*"})
    at = urlsplit(running.url)
    assert hammered(Service("127.0.0.1", at.port or 0)).count(200) == 3


def test_a_proxy_that_is_trusted_is_believed_and_callers_count_each_for_itself(start: Start) -> None:
    running = start("--rate-limit=3/hour", variables={"HERMES_2_TRUSTED_PROXIES": "10.1.0.0/16, 127.0.0.1"})
    at = urlsplit(running.url)
    service = Service(str(at.hostname), at.port or 0)
    assert hammered(service) == [200] * BURST
    # What stands before the last address that no proxy vouches for, the client wrote.
    spoofed = [f"X-Forwarded-For: 10.7.{number}.9, 10.8.8.8, 10.1.0.7" for number in range(BURST)]
    assert [service.ask(each, path="/v1/models").status for each in spoofed].count(200) == 3


def test_the_gateways_rate_is_not_evaded_either_and_its_sockets_count(
    tmp_path: Path, services: dict[str, Service]
) -> None:
    configured = {
        "services": {"hermes": {"models": ["hermes-2"], "replicas": [f"http://{services['chat'].netloc}"]}},
        "security": {"rate_limit": "3/hour"},
    }
    front = Gateway(tmp_path / "gateway.yaml", configured)
    try:
        service = Service(urlsplit(front.url).hostname or "", front.port)
        path = "/v1/chat/stream?model=hermes-2"
        said = ("X-Forwarded-For: 10.7.7.{0}", "X-Real-IP: 10.7.7.{0}")
        opened = [upgrade(service, path, *(each.format(number) for each in said)) for number in range(4)]
        assert opened.count(101) == 3
        assert set(hammered(service)) == {429}
    finally:
        assert front.stop() == 0


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *(
            ("allowed_hosts", each)
            for each in ("a b", "llm.example:80", "http://llm.example", "a,,b/", "[::1", "*.example")
        ),
        *(
            ("allowed_origins", each)
            for each in ("null", "llm.example", "https://llm.example/", "https://a@b", "https://")
        ),
        *(("trusted_proxies", each) for each in ("*", "proxy", "10.0.0.1/8", "10.0.0", "10.0.0.0/33")),
    ],
)
def test_a_setting_that_would_let_in_others_than_it_says_is_refused(setting: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Hermes2Config(**{setting: value})
    assert f"{setting} = " in caught.value.problems[0]
    assert "allowed is " in caught.value.problems[0]


async def answered_beyond_loopback(server: str, host: str, **allowed: tuple[str, ...]) -> int:
    scope = {
        "type": "http",
        "method": "GET",
        "http_version": "1.1",
        "server": (server, 80),
        "headers": [(b"host", host.encode())],
    }
    refusal = await Visitors(Allowed(**allowed)).refusal(scope)
    return 200 if refusal is None else refusal.status


@pytest.mark.parametrize("server", ["10.0.0.5", "192.168.10.29", "fd00::1"])
def test_beyond_loopback_a_service_has_any_name_until_its_names_are_set(server: str) -> None:
    def status(host: str, **allowed: tuple[str, ...]) -> int:
        return asyncio.run(answered_beyond_loopback(server, host, **allowed))

    assert {status(host) for host in ("switch:8000", "llm.example", "10.0.0.5", "localhost")} == {200}
    assert status("a b") == 400
    names = {"hosts": ("llm.example",)}
    assert {status(host, **names) for host in ("llm.example", "10.0.0.5:80", "[fd00::1]", "localhost")} == {200}
    assert status("evil.example", **names) == 403
    assert status("evil.example", hosts=("*",)) == 200


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_whatever_a_header_holds_it_is_a_host_and_an_origin_or_none(text: str) -> None:
    for found in (read_host(text), getattr(read_origin(text), "authority", None)):
        if found is not None:
            assert found.name
            assert "@" not in found.name + text
            assert not set(found.name) & set("/\\ ,#?%[]")


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="Debian's package prometheus is not installed")
def test_no_page_reads_what_prometheus_has(tmp_path: Path) -> None:
    port, _ = free_ports(HOST)
    command = [
        sys.executable,
        "-P",
        "-m",
        "signoff.reference_services.operations",
        f"--host={HOST}",
        f"--port={port}",
    ]
    process = subprocess.Popen([*command, f"--db={tmp_path}"], env=environment(), stderr=subprocess.DEVNULL)
    try:
        service = Service(HOST, port, "/api/v1/query?query=up")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            assert process.poll() is None
            assert time.monotonic() < deadline
            with contextlib.suppress(OSError):
                if service.ask().status == 200:
                    break
            time.sleep(0.05)
        for origin, is_shown in ((EVIL, False), ("null", False), (f"http://{HOST}:{port}", True)):
            answer = service.ask(f"Origin: {origin}")
            assert ("access-control-allow-origin" in answer.headers) is is_shown
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


SERVERS = ("start_server", "start_unix_server", "create_server", "HTTPServer", "TCPServer", "start_http_server")


def test_every_listener_is_behind_the_guard() -> None:
    """Who makes a listener guards the app, unless it is what they share; uvicorn believes nobody by itself."""
    making = []
    for file in sorted((ROOT / "reference_services").rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert not called.endswith((*SERVERS, "uvicorn.run")), file
                if called == "uvicorn.Config":
                    keywords = {each.arg: ast.unparse(each.value) for each in node.keywords}
                    assert keywords["proxy_headers"] == "False", file
                    assert "forwarded_allow_ips" not in keywords, file
                if called in ("uvicorn.Config", "Server", "_Server"):
                    making.append(file)
                    assert "guarded(" in text or "web" in file.parts, file
    services = ("chat/serving/server.py", "gateway/serving/server.py", "health/__main__.py", "switch/serving/server.py")
    assert {ROOT / "reference_services" / each for each in services} <= set(making)
