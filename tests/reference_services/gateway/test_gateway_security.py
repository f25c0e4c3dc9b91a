"""Keys, rates, sizes and certificates at the gateway, and what services are shown of them."""

from __future__ import annotations

import http.client
import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.reference_services.gateway_process import CHAT, HOST, MODEL, Exchange, Gateway, body, configuration, until
from tests.reference_services.running import environment

FIRST, SECOND, OWN = "sk-first-1234", "sk-second-1234", "sk-own-123456"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def keyed(gateway, tmp_path):
    """A gateway that knows two callers."""

    def one(settings: dict[str, Any], **security: str) -> Gateway:
        file = tmp_path / "keys.txt"
        file.write_text(f"{FIRST}\n{SECOND}\n", encoding="utf-8")
        return gateway({**settings, "security": {"api_key_file": str(file), **security}}, key=FIRST)

    return one


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CHAT),
        ("POST", "/tokenize"),
        ("GET", "/sessions/s?model=tin-1"),
        ("POST", "/graphql?model=tin-1"),
        ("GET", "/v1/models"),
        ("GET", "/services"),
        ("GET", "/nowhere"),
        ("GET", "/tin/x"),
    ],
)
def test_without_a_known_key_nothing_is_sent_on(keyed, replica, method: str, path: str) -> None:
    tin = replica()
    settings = configuration(tin)
    settings["services"]["tin"]["paths"] = {"/tin/": "/"}
    front = keyed(settings)
    for headers in ({}, bearer("sk-unknown-1"), {"X-API-Key": FIRST}):
        front.client.headers.pop("Authorization", None)
        answer = front.client.request(method, path, json=body() if method == "POST" else None, headers=headers)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert answer.json()["error"]["type"] == "authentication_error"
        assert "sk-" not in answer.text
    assert tin.count == 0
    assert front.moved("gateway_refused_total", reason="key") == 3


def test_each_key_is_let_in_probes_need_none_and_openapi_says_so(keyed, replica) -> None:
    front = keyed(configuration(replica()), api_key_header="X-API-Key")
    assert front.client.post(CHAT, json=body(), headers=bearer(SECOND)).status_code == 200
    front.client.headers.pop("Authorization", None)
    assert front.client.post(CHAT, json=body(), headers={"X-API-Key": SECOND}).status_code == 200
    for path in ("/health", "/ready", "/metrics", "/openapi.json"):
        assert front.client.get(path).status_code == 200


@pytest.mark.parametrize(("whose", "shown"), [("callers", f"Bearer {FIRST}"), ("own", f"Bearer {OWN}"), ("none", None)])
def test_a_service_is_shown_the_key_that_the_configuration_says(
    keyed, replica, tmp_path, whose: str, shown: str | None
) -> None:
    tin = replica()
    own = tmp_path / "own.txt"
    own.write_text(OWN, encoding="utf-8")
    front = keyed(configuration(tin, upstream={"key": whose, "key_file": str(own)}), api_key_header="X-API-Key")
    assert front.chat(headers={"X-API-Key": FIRST}).status_code == 200
    seen = tin.seen.get(timeout=60).headers
    assert (seen.get("authorization"), seen.get("x-api-key")) == (shown, FIRST if whose == "callers" else None)


def test_under_one_key_the_sessions_of_callers_stay_apart(keyed, start, tmp_path) -> None:
    service = start(variables={"HERMES_2_API_KEYS": OWN}, headers=bearer(OWN))
    own = tmp_path / "own.txt"
    own.write_text(OWN, encoding="utf-8")
    settings = configuration(service.url, upstream={"key": "own", "key_file": str(own)})
    settings["services"]["tin"]["models"] = ["hermes-2"]
    front = keyed(settings)
    mine, theirs = ({**bearer(key), "X-Session-ID": "s-1"} for key in (FIRST, SECOND))
    said = front.chat("hermes-2", mine, max_tokens=8)
    assert (said.status_code, said.headers["x-session-id"]) == (200, "s-1")
    record = front.client.get("/sessions/s-1?model=hermes-2", headers=bearer(FIRST))
    assert (record.status_code, record.json()["session_id"]) == (200, "s-1")
    other = front.client.get("/sessions/s-1?model=hermes-2", headers=bearer(SECOND))
    assert other.status_code == 404
    assert "There is no session s-1." in other.json()["error"]["message"]
    assert front.client.delete("/sessions/s-1?model=hermes-2", headers=bearer(SECOND)).status_code == 404
    assert front.chat("hermes-2", theirs, max_tokens=8).status_code == 200
    assert front.client.get("/sessions/s-1?model=hermes-2", headers=bearer(FIRST)).json() == record.json()
    graphql = front.client.post("/graphql?model=hermes-2", json={"query": "{ models { id } }"})
    assert (graphql.status_code, graphql.json()["error"]["code"]) == (403, "shared_key")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize(
    "path",
    [
        "/sessions/s/../victim",
        "/sessions/s/../../documents",
        "/sessions/s/%2e%2e/victim",
        "/sessions/..",
        "/sessions//s",
    ],
)
def test_dots_in_a_sessions_path_lead_to_nobody_elses(keyed, replica, method: str, path: str) -> None:
    tin = replica()
    front = keyed(configuration(tin, upstream={"key": "none"}))
    # httpx would resolve the dots before they are sent.
    connection = http.client.HTTPConnection(HOST, front.port, timeout=60)
    connection.request(method, f"{path}?model={MODEL}", headers=bearer(FIRST))
    assert connection.getresponse().status == 404
    connection.close()
    assert tin.count == 0


def test_a_caller_that_is_too_fast_is_told_when_to_come_again_and_others_are_served(keyed, replica) -> None:
    front = keyed(configuration(replica()))
    settings = json.loads(front.file.read_text())
    applied = front.figure("gateway_config_reloads_total", result="applied")
    front.write({**settings, "security": {**settings["security"], "rate_limit": "2/hour"}})
    until(lambda: front.figure("gateway_config_reloads_total", result="applied") == applied + 1, "it is applied")
    first = front.chat()
    assert (first.headers["x-ratelimit-limit-requests"], first.headers["x-ratelimit-remaining-requests"]) == ("2", "1")
    assert [front.chat().status_code for _ in range(2)] == [200, 429]
    refused = front.chat()
    assert 3000 < int(refused.headers["retry-after"]) <= 3600
    assert refused.json()["error"]["type"] == "rate_limit_error"
    assert front.chat(headers=bearer(SECOND)).status_code == 200
    assert front.client.get("/health").status_code == 200
    # Another configuration with the same limit does not give back what was taken.
    front.write({**json.loads(front.file.read_text()), "queue": {"length": 7}})
    until(lambda: front.figure("gateway_config_reloads_total", result="applied") == applied + 2, "it is applied")
    assert front.chat().status_code == 429


def test_what_is_too_large_is_refused_before_it_is_read(keyed, replica) -> None:
    tin = replica()
    front = keyed(configuration(tin, gateway={"max_body_bytes": 1000, "max_header_bytes": 2000}))
    assert front.chat(text="x" * 2000).status_code == 413
    answer = front.chat(headers={"X-Filler": "x" * 3000})
    assert (answer.status_code, answer.json()["error"]["code"]) == (431, "headers_too_large")
    assert tin.count == 0


def test_keys_change_with_the_configuration_and_a_wrong_file_changes_nothing(keyed, replica, tmp_path) -> None:
    front = keyed(configuration(replica()))
    settings = json.loads(front.file.read_text())
    (tmp_path / "keys.txt").write_text("short", encoding="utf-8")
    front.write({**settings, "queue": {"length": 9}})
    until(lambda: front.get("/health")["configuration"]["state"] == "refused", "it is refused")
    problem = front.get("/health")["configuration"]["problems"]
    assert "key 1 is not 8 or more" in problem[0]
    assert front.chat(headers=bearer(SECOND)).status_code == 200
    (tmp_path / "keys.txt").write_text(FIRST, encoding="utf-8")
    front.write({**settings, "queue": {"length": 8}})
    until(lambda: front.get("/health")["configuration"]["state"] == "applied", "it is applied")
    assert front.chat(headers=bearer(SECOND)).status_code == 401
    assert front.chat(headers=bearer(FIRST)).status_code == 200


def test_no_key_is_in_a_log_or_an_answer(keyed, gateways, replica, tmp_path) -> None:
    own = tmp_path / "own.txt"
    own.write_text(OWN, encoding="utf-8")
    tin = replica()
    tin.act = Exchange.cut
    more = {"gateway": {"log_level": "DEBUG"}, "upstream": {"key": "own", "key_file": str(own)}}
    front = keyed(configuration(tin, **more))
    answers = [front.chat(), front.chat(FIRST), front.client.get(f"/{SECOND}"), front.client.get("/services")]
    front.stop()
    del gateways[()]
    text = front.log.read_text(encoding="utf-8") + "".join(answer.text for answer in answers[:1])
    assert not [key for key in (FIRST, SECOND, OWN) if key in text]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for the gateway's address, with its key in the same file."""
    folder = tmp_path_factory.mktemp("tls")
    made = subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=gateway",
            "-addext", f"subjectAltName=IP:{HOST}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
        ],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("openssl is not installed")
    return folder


def test_tls_on_both_sides_by_the_paths_of_certificates(certificate, replica, tmp_path) -> None:
    tin = replica()
    inner_told = configuration(tin)
    inner_told["security"] = outer_security = {
        "tls_certificate": str(certificate / "cert.pem"),
        "tls_key": str(certificate / "key.pem"),
    }
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    inner = Gateway(tmp_path / "inner.yaml", inner_told, verify=context)
    outer = None
    try:
        settings = configuration(inner.url, upstream={"ca_file": str(certificate / "cert.pem")})
        outer = Gateway(tmp_path / "outer.yaml", {**settings, "security": outer_security}, verify=context)
        assert outer.url.startswith("https://")
        assert outer.chat().status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(outer.url + "/health", trust_env=False)
        # Another certificate takes a restart, and says so.
        outer.write({**settings, "security": {}})
        until(lambda: outer.get("/health")["configuration"]["state"] == "refused", "it is refused")
        assert "security.tls_certificate" in outer.get("/health")["configuration"]["problems"][0]
    finally:
        assert [each.stop() for each in (outer, inner) if each is not None] == [0, 0]


def test_keys_come_from_a_variable_too(replica, tmp_path) -> None:
    tin = replica()
    variables = {"GATEWAY_API_KEYS": f"{FIRST},{SECOND}", "GATEWAY_UPSTREAM_KEY": OWN}
    front = Gateway(
        tmp_path / "gateway.yaml", configuration(tin, upstream={"key": "own"}), variables=environment(**variables)
    )
    try:
        assert front.chat(MODEL).status_code == 401
        assert front.chat(headers=bearer(SECOND)).status_code == 200
        assert tin.seen.get(timeout=60).headers["authorization"] == f"Bearer {OWN}"
    finally:
        assert front.stop() == 0
