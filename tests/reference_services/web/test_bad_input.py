"""Every endpoint that takes a body, against every mistake: the status, the shape of the error, its code.

Two tables, endpoints and mistakes; a mistake that an endpoint cannot have is left out by name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.reference_services.gateway_process import Gateway, configuration
from tests.reference_services.running import start_service
from tests.reference_services.switch.switch_process import TOKEN, switch

KEY = "sk-mistakes-2046-rowan"
MOST_BYTES = 20_000
MOST_HEADER_BYTES = 4_000
CHAT = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
HUGE = 10**400
JSON = "application/json"


@dataclass(frozen=True)
class Endpoint:
    """Where a body goes to. `numbers` are its fields that are numbers, `cannot` the mistakes that are none there."""

    service: str
    path: str
    body: Mapping[str, Any]
    numbers: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    method: str = "POST"
    good: int = 200
    cannot: frozenset[str] = field(default_factory=frozenset)

    def __str__(self) -> str:
        return f"{self.service} {self.method} {self.path}"


NO_MODEL = frozenset({"unknown model"})
SAMPLED = ("max_tokens", "min_tokens", "temperature", "top_p", "top_k", "n", "presence_penalty", "repetition_penalty")
CHAT_NUMBERS = (*SAMPLED, "max_completion_tokens", "top_logprobs")
BODIES: dict[str, tuple[dict[str, Any], tuple[str, ...], tuple[str, ...]]] = {
    "/v1/chat/completions": (CHAT, CHAT_NUMBERS, ("messages",)),
    "/v1/completions": ({"prompt": "Once", "max_tokens": 2}, (*SAMPLED, "logprobs"), ("prompt",)),
    "/v1/embeddings": ({"input": "Hello"}, ("dimensions",), ("input",)),
    "/tokenize": ({"prompt": "Hello"}, (), ("prompt",)),
}
ENDPOINTS = [
    *(Endpoint("hermes-2", path, *each) for path, each in BODIES.items()),
    *(Endpoint("phi-3-mini", path, *each) for path, each in BODIES.items()),
    *(
        Endpoint("gateway", path, {**body, "model": "hermes-2"}, numbers, ("model", *required))
        for path, (body, numbers, required) in BODIES.items()
    ),
    Endpoint("hermes-2", "/documents", {"text": "The ferry is red."}, (), ("text",), good=201, cannot=NO_MODEL),
    Endpoint("hermes-2", "/documents/search", {"query": "ferry"}, ("limit", "min_score"), ("query",), cannot=NO_MODEL),
    Endpoint("hermes-2", "/sessions/kept/branch", {}, ("turn",), good=201, cannot=NO_MODEL),
    Endpoint("hermes-2", "/sessions/kept", {"title": "Rivers"}, (), ("title",), "PATCH", cannot=NO_MODEL),
    Endpoint(
        "hermes-2",
        "/graphql",
        {"query": "{ models { id } }"},
        (),
        ("query",),
        # The specification of GraphQL over HTTP lets fields pass that a server does not know.
        cannot=NO_MODEL | {"unknown field"},
    ),
    Endpoint(
        "switch",
        "/switch/infer",
        {"prompt": "Hello", "max_tokens": 2},
        ("context_length", "max_tokens", "temperature", "timeout_seconds"),
        ("prompt",),
        cannot=NO_MODEL,
    ),
]


def text_of(body: Mapping[str, Any], more: str) -> bytes:
    """The body's JSON with more behind its last field."""
    inner = json.dumps(dict(body))[1:-1]
    return ("{" + ", ".join(part for part in (inner, more) if part) + "}").encode()


@dataclass(frozen=True)
class Mistake:
    """What is sent instead of the good body, and what it has to come to."""

    status: int
    code: str
    content: Callable[[Mapping[str, Any]], bytes] = lambda body: json.dumps(dict(body)).encode()
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = ""
    key: str | None = KEY


BODILY = {
    "nothing": lambda body: b"",
    "no JSON": lambda body: b"{'messages': []}",
    "cut": lambda body: json.dumps(dict(body)).encode()[:-1],
    "two values": lambda body: json.dumps(dict(body)).encode() * 2,
    "a list": lambda body: json.dumps([dict(body)]).encode(),
    "null": lambda body: b"null",
    "a number": lambda body: b"7",
    "NaN": lambda body: text_of(body, '"more": NaN'),
    "Infinity": lambda body: text_of(body, '"more": [-Infinity]'),
    "beyond any float": lambda body: text_of(body, '"more": 1e999'),
    "more digits than are read": lambda body: text_of(body, f'"more": {"9" * 5000}'),
    "a name twice": lambda body: text_of(body, '"more": 1, "more": 2'),
    "a name twice within": lambda body: text_of(body, '"more": {"a": [{"b": 1, "b": 1}]}'),
    "nested too deeply": lambda body: text_of(body, f'"more": {"[" * 3000 + "]" * 3000}'),
    "no UTF-8": lambda body: text_of(body, '"more": "?"').replace(b"?", b"\xff"),
    "UTF-16": lambda body: json.dumps(dict(body)).encode("utf-16"),
    "half a pair of surrogates": lambda body: text_of(body, '"more": "\\ud800"'),
}
MISTAKES: dict[str, Mistake] = {
    **{name: Mistake(400, "invalid_json", content) for name, content in BODILY.items()},
    "unknown field": Mistake(400, "unknown_field", lambda body: text_of(body, '"wheels": 4')),
    "unknown model": Mistake(404, "model_not_found", lambda body: json.dumps({**body, "model": "gpt-none"}).encode()),
    "text": Mistake(415, "unsupported_media_type", headers={"Content-Type": "text/plain"}),
    "a form": Mistake(415, "unsupported_media_type", headers={"Content-Type": "application/x-www-form-urlencoded"}),
    "another charset": Mistake(
        415, "unsupported_media_type", headers={"Content-Type": "application/json; charset=utf-16"}
    ),
    "compressed": Mistake(415, "unsupported_media_type", headers={"Content-Type": JSON, "Content-Encoding": "gzip"}),
    "oversized": Mistake(413, "body_too_large", lambda body: text_of(body, f'"more": "{"a" * MOST_BYTES}"')),
    "no key": Mistake(401, "missing_api_key", key=None),
    "another key": Mistake(401, "invalid_api_key", key="sk-wrong-0000-cedar"),
    "put": Mistake(405, "method_not_allowed", method="PUT"),
    "options": Mistake(405, "method_not_allowed", method="OPTIONS"),
    "head": Mistake(405, "method_not_allowed", method="HEAD"),
}
TYPES = {"text": "x", "list": [], "object": {}, "truth": True, "fraction": 1.5, "huge": HUGE, "hugely negative": -HUGE}
FITTING = {"fraction": {"temperature", "top_p", "presence_penalty", "repetition_penalty", "timeout_seconds"}}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, httpx.Client]]:
    """Each service with a client that sends no key of its own."""
    sizes = {"MAX_BODY_BYTES": str(MOST_BYTES), "MAX_HEADER_BYTES": str(MOST_HEADER_BYTES), "API_KEYS": KEY}
    hermes = start_service(
        variables={
            **{f"HERMES_2_{name}": value for name, value in sizes.items()},
            "HERMES_2_RETRIEVAL": "embedded",
            "HERMES_2_THREADS": "1",
        }
    )
    phi = start_service(service="phi-3-mini", variables={f"PHI_3_MINI_{name}": value for name, value in sizes.items()})
    entry = {"models": ["hermes-2"], "replicas": [hermes.url]}
    sized = {"max_body_bytes": MOST_BYTES, "max_header_bytes": MOST_HEADER_BYTES}
    front = Gateway(
        tmp_path_factory.mktemp("gateway") / "gateway.yaml",
        {**configuration(), "services": {"hermes": entry}, "gateway": sized},
    )
    with switch(SWITCH_MAX_BODY_BYTES=str(MOST_BYTES)) as other:
        del other.client.headers["X-VX11-Token"]
        found = {"hermes-2": hermes.client, "phi-3-mini": phi.client, "gateway": front.client, "switch": other.client}
        kept = {**CHAT, "max_tokens": 1}
        said = hermes.client.post(
            "/v1/chat/completions", json=kept, headers={**key_of("hermes-2", KEY), "X-Session-ID": "kept"}
        )
        assert said.status_code == 200
        yield found
    assert (front.stop(), hermes.stop(), phi.stop()) == (0, 0, 0)


def key_of(service: str, key: str | None) -> dict[str, str]:
    """The header that shows a key."""
    if key is None:
        return {}
    if service == "switch":
        return {"X-VX11-Token": TOKEN if key == KEY else key}
    return {"Authorization": f"Bearer {key}"}


def sent(
    clients: Mapping[str, httpx.Client], endpoint: Endpoint, content: bytes, mistake: Mistake | None = None
) -> httpx.Response:
    headers = {"Content-Type": JSON, **key_of(endpoint.service, mistake.key if mistake else KEY)}
    method = (mistake.method if mistake else "") or endpoint.method
    client = clients[endpoint.service]
    return client.request(
        method, endpoint.path, content=content, headers={**headers, **(mistake.headers if mistake else {})}
    )


def check_refusal(endpoint: Endpoint, answer: httpx.Response, status: int, code: str) -> None:
    """The status, JSON, and the error's shape: OpenAI's, GraphQL's where its body was wrong, or Switch's."""
    assert answer.status_code == status, (answer.status_code, answer.text[:300])
    assert answer.headers["content-type"].startswith(JSON)
    assert "Traceback" not in answer.text
    assert KEY not in answer.text
    if answer.request.method == "HEAD":
        return
    body = answer.json()
    if endpoint.service == "switch":
        assert isinstance(body["error"], str)
        assert body["error"]
    elif endpoint.path == "/graphql" and "errors" in body:
        assert body["errors"][0]["message"]
    else:
        assert set(body["error"]) == {"message", "type", "param", "code"}
        assert body["error"]["code"] == code, body
        assert body["error"]["message"]
        kind = {401: "authentication_error", 429: "rate_limit_error", 503: "server_error"}
        assert body["error"]["type"] == kind.get(status, "invalid_request_error")


def is_well(clients: Mapping[str, httpx.Client], endpoint: Endpoint) -> bool:
    return sent(clients, endpoint, json.dumps(dict(endpoint.body)).encode()).status_code == endpoint.good


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_a_mistake_gets_its_status_and_its_reason_and_the_next_request_is_served(
    clients: dict[str, httpx.Client], endpoint: Endpoint
) -> None:
    assert is_well(clients, endpoint)
    for name, mistake in MISTAKES.items():
        if name in endpoint.cannot:
            continue
        answer = sent(clients, endpoint, mistake.content(endpoint.body), mistake)
        try:
            check_refusal(endpoint, answer, mistake.status, mistake.code)
            if mistake.status == 405:
                assert endpoint.method in answer.headers["allow"].split(", ")
            if mistake.status == 401:
                assert answer.headers["www-authenticate"]
        except AssertionError as error:
            raise AssertionError(f"{endpoint}, {name}: {error}") from error
    assert is_well(clients, endpoint)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_each_field_of_another_type_and_each_missing_one_is_named(
    clients: dict[str, httpx.Client], endpoint: Endpoint
) -> None:
    for name in {*endpoint.numbers, *endpoint.body}:
        for kind, value in TYPES.items():
            is_number = name in endpoint.numbers
            if name in FITTING.get(kind, ()) or (not is_number and kind in ("text", "list", "object")):
                # A text field takes a text; lists and objects are tried where a number belongs.
                continue
            wrong = {**endpoint.body, name: value, **({"logprobs": True} if name == "top_logprobs" else {})}
            answer = sent(clients, endpoint, json.dumps(wrong).encode())
            assert answer.status_code == 400, (name, kind, answer.status_code, answer.text[:300])
            assert name in answer.text, (name, kind, answer.text[:300])
    for name in endpoint.required:
        less = {key: value for key, value in endpoint.body.items() if key != name}
        answer = sent(clients, endpoint, json.dumps(less).encode())
        assert answer.status_code == 400, (name, answer.text[:300])
        assert name in answer.text
    assert is_well(clients, endpoint)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
def test_an_oversized_body_without_a_length_and_oversized_headers_are_refused(
    clients: dict[str, httpx.Client], endpoint: Endpoint
) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b" " * (MOST_BYTES // 10)

    headers = {"Content-Type": JSON, **key_of(endpoint.service, KEY)}
    client = clients[endpoint.service]
    answer = client.request(endpoint.method, endpoint.path, content=pieces(), headers=headers)
    check_refusal(endpoint, answer, 413, "body_too_large")
    if endpoint.service != "switch":
        padded = {**headers, "X-Padding": "a" * MOST_HEADER_BYTES}
        answer = client.request(endpoint.method, endpoint.path, content=b"{}", headers=padded)
        check_refusal(endpoint, answer, 431, "headers_too_large")
    assert is_well(clients, endpoint)


@pytest.mark.parametrize(("service", "length"), [("hermes-2", 8192), ("phi-3-mini", 2048), ("gateway", 8192)])
@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_what_is_too_long_is_told_with_the_numbers(
    clients: dict[str, httpx.Client], service: str, length: int, path: str
) -> None:
    text = "and " * (length // 2)
    asked = {"max_tokens": length // 2 + 50, **({"model": "hermes-2"} if service == "gateway" else {})}
    spoken = {"prompt": text} if path == "/v1/completions" else {"messages": [{"role": "user", "content": text}]}
    endpoint = Endpoint(service, path, {**asked, **spoken})
    if service == "phi-3-mini" or len(json.dumps(dict(endpoint.body))) < MOST_BYTES:
        answer = sent(clients, endpoint, json.dumps(dict(endpoint.body)).encode())
        check_refusal(endpoint, answer, 400, "context_length_exceeded")
        assert str(length) in answer.json()["error"]["message"]
        assert str(asked["max_tokens"]) in answer.json()["error"]["message"]


def test_switch_says_how_long_a_prompt_is_and_how_long_it_may_be(clients: dict[str, httpx.Client]) -> None:
    endpoint = Endpoint("switch", "/switch/infer", {"prompt": "and " * 2100})
    answer = sent(clients, endpoint, json.dumps(dict(endpoint.body)).encode())
    check_refusal(endpoint, answer, 400, "")
    assert "2048" in answer.json()["error"]
