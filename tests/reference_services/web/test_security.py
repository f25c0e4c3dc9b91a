"""Keys, rates, sizes and TLS of a service that was told to ask for them, over the wire."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.reference_services.web.access.failures import Refused
from signoff.reference_services.web.access.keys import Keys
from tests.prepared import prepared_process
from tests.prepared.prepared_process import PreparedProcess
from tests.reference_services.gateway_process import until
from tests.reference_services.running import HOST, Running, environment, free_ports, start_service

CHAT = "signoff.reference_services.chat"
FIRST, SECOND = "sk-first-4471-maple", "sk-second-9920-birch"
WRONG = "sk-wrong-0000-cedar"
BODY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3}
KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service with two keys, one from a file and one from the variable, that also takes them as X-API-Key."""
    file = tmp_path_factory.mktemp("keys") / "keys"
    file.write_text(f"# who reads\n{FIRST}  # the first\n")
    variables = {
        "HERMES_2_API_KEYS": SECOND,
        "HERMES_2_API_KEY_FILE": str(file),
        "HERMES_2_API_KEY_HEADER": "X-API-Key",
    }
    running = start_service(variables=variables)
    yield running
    assert running.stop() == 0


GUARDED = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("GET", "/v1/models"),
    ("POST", "/tokenize"),
    ("GET", "/config"),
    ("GET", "/sessions/x"),
    ("DELETE", "/sessions/x"),
    ("GET", "/metrics/sessions"),
    ("GET", "/version"),
    ("GET", "/nowhere"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "missing_api_key"),
        ({"Authorization": "Basic eDp5"}, "missing_api_key"),
        ({"Authorization": "Bearer"}, "missing_api_key"),
        (bearer(WRONG), "invalid_api_key"),
        (bearer(FIRST[:-1]), "invalid_api_key"),
        ({"X-API-Key": WRONG}, "invalid_api_key"),
        ({**bearer(FIRST), "X-API-Key": SECOND}, "invalid_api_key"),
    ],
)
def test_without_a_known_key_nothing_is_served_and_no_key_is_repeated(
    locked: Running, method: str, path: str, headers: dict[str, str], code: str
) -> None:
    answer = locked.client.request(method, path, headers=headers, **({"json": BODY} if method == "POST" else {}))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert not any(key in answer.text + str(answer.headers) for key in (FIRST, SECOND, WRONG))


@pytest.mark.parametrize(
    "headers", [bearer(FIRST), bearer(SECOND), {"authorization": f"bearer {FIRST}"}, {"X-API-Key": SECOND}]
)
def test_each_key_is_let_in_in_each_of_its_forms(locked: Running, headers: dict[str, str]) -> None:
    assert locked.client.post("/v1/chat/completions", json=BODY, headers=headers).status_code == 200
    assert locked.client.get("/config", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/openapi.json"])
def test_probes_and_prometheus_need_no_key(locked: Running, path: str) -> None:
    assert locked.client.get(path).status_code == 200


def test_the_configuration_and_the_schema_say_that_keys_are_needed_and_hold_none(locked: Running) -> None:
    config = locked.client.get("/config", headers=bearer(FIRST)).text
    schema = locked.get("/openapi.json")
    assert not any(key in config + json.dumps(schema) for key in (FIRST, SECOND))
    assert set(schema["components"]["securitySchemes"]) == {"bearer", "header"}
    assert "401" in schema["paths"]["/v1/chat/completions"]["post"]["responses"]
    assert "security" not in schema["paths"]["/health"]["get"]


def test_a_session_belongs_to_its_key_and_is_not_there_for_another(locked: Running) -> None:
    def say(text: str, key: str) -> str:
        body = {"messages": [{"role": "user", "content": text}], "max_tokens": 40, "temperature": 0}
        headers = {**bearer(key), "X-Session-ID": "shared"}
        answer = locked.client.post("/v1/chat/completions", json=body, headers=headers)
        assert answer.headers["x-session-id"] == "shared"
        return answer.json()["choices"][0]["message"]["content"]

    say("The safe holds 771 coins.", FIRST)
    assert locked.client.get("/sessions/shared", headers=bearer(SECOND)).status_code == 404
    assert locked.client.delete("/sessions/shared", headers=bearer(SECOND)).status_code == 404
    assert "771" not in say("How many coins does the safe hold?", SECOND)
    assert "771" in say("How many coins does the safe hold?", FIRST)
    mine = locked.client.get("/sessions/shared", headers=bearer(FIRST)).json()
    assert (mine["session_id"], mine["turn_count"]) == ("shared", 2)
    assert locked.client.get("/sessions/shared", headers=bearer(SECOND)).json()["turn_count"] == 1
    assert locked.client.delete("/sessions/shared", headers=bearer(SECOND)).status_code == 204
    assert locked.client.get("/sessions/shared", headers=bearer(FIRST)).json()["turn_count"] == 2


@given(st.lists(KEYS, min_size=1, max_size=4, unique=True), KEYS)
def test_exactly_the_keys_of_the_service_are_known_and_each_is_someone_else(known: list[str], other: str) -> None:
    keys = Keys(known, "Authorization")
    callers = [keys.caller([(b"authorization", b"Bearer " + key.encode())]) for key in known]
    assert len(set(callers)) == len(known)
    assert all(key not in caller for key, caller in zip(known, callers, strict=True))
    if other not in known:
        with pytest.raises(Refused):
            keys.caller([(b"authorization", b"Bearer " + other.encode())])


def test_beyond_the_rate_requests_get_429_with_the_time_to_wait_and_then_are_served_again(start) -> None:
    variables = {"HERMES_2_RATE_LIMIT": "4/5 seconds", "HERMES_2_API_KEYS": f"{FIRST},{SECOND}"}
    hermes = start(variables=variables)
    first = [hermes.client.post("/v1/chat/completions", json=BODY, headers=bearer(FIRST)) for _ in range(6)]
    assert [answer.status_code for answer in first] == [200, 200, 200, 200, 429, 429]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in first[:4]] == ["3", "2", "1", "0"]
    error = first[-1].json()["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    # Another key has a rate of its own, and probes have none.
    assert hermes.client.post("/v1/chat/completions", json=BODY, headers=bearer(SECOND)).status_code == 200
    assert {hermes.client.get("/health").status_code for _ in range(9)} == {200}
    wait_s = int(first[-1].headers["retry-after"])
    assert 1 <= wait_s <= 5
    time.sleep(wait_s + 0.1)
    assert hermes.client.post("/v1/chat/completions", json=BODY, headers=bearer(FIRST)).status_code == 200
    assert hermes.metrics()['hermes_2_refused_total{"status": "429"}'] == 2


def test_sizes_beyond_the_settings_are_refused_before_anything_is_read_further(start) -> None:
    hermes = start(variables={"HERMES_2_MAX_BODY_BYTES": "2000", "HERMES_2_MAX_HEADER_BYTES": "3000"})
    long = {**BODY, "user": "x" * 2500}
    content = json.dumps(long).encode()

    def pieces() -> Iterator[bytes]:
        yield content[:1500]
        yield content[1500:]

    for answer in (
        hermes.client.post("/v1/chat/completions", json=long),
        hermes.client.post("/v1/chat/completions", content=pieces(), headers={"Content-Type": "application/json"}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
        assert "2000" in answer.json()["error"]["message"]
    answer = hermes.client.get("/health", headers={"X-Long": "y" * 3000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "headers_too_large")
    assert hermes.chat("Hello").status_code == 200


def test_by_default_nobody_needs_a_key_and_no_rate_is_kept(hermes) -> None:
    assert {hermes.client.get("/v1/models").status_code for _ in range(200)} == {200}
    assert hermes.client.get("/v1/models", headers=bearer(WRONG)).status_code == 200
    config = hermes.get("/config")
    assert (config["api_key_file"], config["rate_limit"], config["tls_certificate"]) == ("", "", "")
    assert "securitySchemes" not in hermes.get("/openapi.json").get("components", {})


def test_no_key_is_written_into_the_log_whatever_the_client_does_with_it(start, tmp_path: Path) -> None:
    log = tmp_path / "log"
    hermes = start("--access-log", "--log-level=DEBUG", variables={"HERMES_2_API_KEYS": FIRST}, log=log)
    hermes.client.get(f"/v1/models?api_key={FIRST}")
    hermes.client.get(f"/sessions/{FIRST}", headers=bearer(FIRST))
    hermes.client.post(
        "/v1/chat/completions", content=FIRST.encode(), headers={**bearer(FIRST), "Content-Type": "application/json"}
    )
    hermes.stop()
    text = log.read_text()
    assert "api_key=[hidden]" in text
    assert FIRST not in text


def ends(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    port, metrics_port = free_ports()
    at = (f"--host={HOST}", f"--port={port}", f"--metrics-port={metrics_port}")
    return prepared_process.run(CHAT, "hermes-2", *at, *arguments, env=environment(**variables), timeout=120)


def test_keys_that_cannot_be_used_end_the_start_with_a_line_that_does_not_show_them(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# nothing yet\n")
    for variables, message in (
        ({"HERMES_2_API_KEYS": "short"}, "variable HERMES_2_API_KEYS: key 1 is not 8 or more visible"),
        ({"HERMES_2_API_KEYS": ""}, "variable HERMES_2_API_KEYS: holds no key"),
        ({"HERMES_2_API_KEY_FILE": str(file)}, f"{file}: holds no key"),
        ({"HERMES_2_API_KEY_FILE": "/none"}, "api_key_file = '/none': cannot be read: No such file"),
        ({"HERMES_2_API_KEY": FIRST}, "HERMES_2_API_KEY: no such setting; did you mean HERMES_2_API_KEY"),
        ({"HERMES_2_RATE_LIMIT": "many"}, "rate_limit = 'many': allowed is limits such as 20/second"),
    ):
        done = ends(**variables)
        assert (done.returncode, "Traceback" in done.stderr) == (4, False)
        assert message in done.stderr
        assert "short" not in done.stderr.replace("shorter", "")
        assert FIRST not in done.stderr


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for the tests' address, made by openssl, and its key."""
    program = shutil.which("openssl")
    if program is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=test", "-addext", f"subjectAltName=IP:{HOST}",
        ],
        cwd=folder, check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


def test_with_a_certificate_both_ports_speak_tls_and_nothing_else(certificate: tuple[Path, Path]) -> None:
    port, metrics_port = free_ports()
    process = PreparedProcess(
        CHAT,
        "hermes-2",
        f"--host={HOST}",
        f"--port={port}",
        f"--metrics-port={metrics_port}",
        env=environment(HERMES_2_TLS_CERTIFICATE=str(certificate[0]), HERMES_2_TLS_KEY=str(certificate[1])),
    )
    try:
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        with httpx.Client(verify=trust, trust_env=False) as client:
            status = 0
            for _ in range(500):
                try:
                    status = client.get(f"https://{HOST}:{port}/ready").status_code
                except httpx.TransportError:
                    status = 0
                if status == 200:
                    break
                time.sleep(0.02)
            assert client.post(f"https://{HOST}:{port}/v1/chat/completions", json=BODY).status_code == 200
            assert client.get(f"https://{HOST}:{metrics_port}/metrics").status_code == 200
        with socket.create_connection((HOST, port)) as plain:
            plain.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"200" not in plain.recv(1000)
    finally:
        process.terminate()
        assert process.wait(60) == 0


def test_a_handshake_of_tls_that_does_not_come_is_given_up(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    port, metrics_port = free_ports()
    log = tmp_path / "log"
    files = {"HERMES_2_TLS_CERTIFICATE": str(certificate[0]), "HERMES_2_TLS_KEY": str(certificate[1])}
    with log.open("wb") as errors:
        process = PreparedProcess(
            CHAT,
            "hermes-2",
            f"--host={HOST}",
            f"--port={port}",
            f"--metrics-port={metrics_port}",
            "--log-level=WARNING",
            env=environment(HERMES_2_REQUEST_HEAD_SECONDS="1", HERMES_2_MAX_CONNECTIONS="30", **files),
            stderr=errors,
        )
    try:
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        url = f"https://{HOST}:{port}/ready"

        def is_ready() -> bool:
            with contextlib.suppress(httpx.TransportError):
                return httpx.get(url, verify=trust, trust_env=False).status_code == 200
            return False

        until(is_ready, "it listens")
        # More than may be connected: those that say nothing have a place each.
        held = [socket.create_connection((HOST, port), timeout=120) for _ in range(60)]
        for each in held:
            assert each.recv(100) == b""
            each.close()
        assert httpx.get(url, verify=trust, trust_env=False, timeout=120).status_code == 200
        assert log.read_text(encoding="utf-8") == ""
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_a_certificate_that_cannot_be_used_ends_the_start_with_a_line(
    certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for cert, key in ((certificate[0], empty), (empty, certificate[1]), (certificate[0], tmp_path / "none")):
        done = ends(HERMES_2_TLS_CERTIFICATE=str(cert), HERMES_2_TLS_KEY=str(key))
        assert (done.returncode, "Traceback" in done.stderr) == (4, False)
        assert str(key) in done.stderr
    assert "go together" in ends(HERMES_2_TLS_CERTIFICATE=str(certificate[0])).stderr
