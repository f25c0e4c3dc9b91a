"""Bodies at the size limit, made to cost as much as they can: others go on being answered, and memory stays small."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from signoff.reference_services.chat.api import document_requests, requests
from signoff.reference_services.chat.routes import moderation_routes, thread_routes
from signoff.reference_services.gateway.services.registrations import Announcement
from signoff.reference_services.switch.requests.requests import InferRequest
from tests.reference_services.gateway_process import Gateway, configuration, until
from tests.reference_services.running import ROOT, Running, start_service
from tests.reference_services.switch.switch_process import switch
from tests.reference_services.web.service_watch import MB, watched

SIZE = 8 * MB - 200
LONGEST_S = 8.0
"""A fifth of a second and less where nothing else runs; it was 4 to 60 seconds, or the end of the process."""
MOST_BYTES = 300 * MB


def filled(unit: bytes, before: bytes, behind: bytes) -> bytes:
    """As many units as fit, with commas."""
    return before + b",".join([unit] * ((SIZE - len(before) - len(behind)) // (len(unit) + 1))) + behind


def some(unit: bytes, count: int, before: bytes, behind: bytes) -> bytes:
    """So many units, and spaces up to the size: what the budget lets pass."""
    content = before + b",".join([unit] * count) + behind
    return content + b" " * (SIZE - len(content))


def said(text: bytes, more: bytes = b"") -> bytes:
    return b'{"messages":[{"role":"user","content":"' + text + b'"}]' + more + b"}"


def long(text: bytes) -> bytes:
    return text * ((SIZE - 200) // len(text))


CHAT, MUTATION = "/v1/chat/completions", b"mutation($m:[MessageInput!]!){complete(messages:$m){id}}"
ASKING = b'{"query":"' + MUTATION + b'","variables":{"m":['
MESSAGE = b'{"role":"user","content":"x"}'
SCHEMA = said(b"x", b',"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":%s}}')
FORMS: dict[str, tuple[str, str, Callable[[], bytes]]] = {
    "chat, numbers for messages": ("POST", CHAT, lambda: filled(b"0", b'{"messages":[', b"]}")),
    "chat, objects for messages": ("POST", CHAT, lambda: filled(b"{}", b'{"messages":[', b"]}")),
    "chat, numbers near the budget": ("POST", CHAT, lambda: some(b"0", 49_000, b'{"messages":[', b"]}")),
    "chat, parts near the budget": (
        "POST",
        CHAT,
        lambda: some(b'{"type":"x"}', 24_000, b'{"messages":[{"role":"user","content":[', b"]}]}"),
    ),
    "chat, messages near the budget": ("POST", CHAT, lambda: some(MESSAGE, 16_000, b'{"messages":[', b"]}")),
    "chat, unknown names": (
        "POST",
        CHAT,
        lambda: b"{" + b",".join(b'"%d":0' % number for number in range(700_000)) + b"}",
    ),
    "chat, one text": ("POST", CHAT, lambda: said(long(b"and "))),
    "chat, one text of emoji": ("POST", CHAT, lambda: said(long("😀".encode()))),
    "chat, a long name": ("POST", CHAT, lambda: b'{"' + long(b"k") + b'":1}'),
    "chat, a long model": ("POST", CHAT, lambda: said(b"x", b',"model":"' + long(b"k") + b'"')),
    "chat, stop strings": ("POST", CHAT, lambda: filled(b'"a"', said(b"x")[:-1] + b',"stop":[', b"]}")),
    "chat, a schema of options": (
        "POST",
        CHAT,
        lambda: SCHEMA % (b'{"anyOf":[' + b",".join([b'{"type":"null"}'] * 20_000) + b'],"type":"string"}'),
    ),
    "chat, a schema of long texts": (
        "POST",
        CHAT,
        lambda: SCHEMA % b'{"type":"array","minItems":4000,"items":{"type":"string","minLength":100000}}',
    ),
    "chat, a schema of many rules on many values": (
        "POST",
        CHAT,
        lambda: (
            SCHEMA
            % (
                b'{"type":"array","minItems":3000,"items":{"type":"integer"},"contains":{"anyOf":['
                + b",".join([b'{"type":"null"}'] * 400)
                + b"]}}"
            )
        ),
    ),
    "chat, log probabilities": (
        "POST",
        CHAT,
        lambda: said(b"x", b',"max_tokens":8000,"ignore_eos":true,"n":16,"logprobs":true,"top_logprobs":20'),
    ),
    "text, numbers for the prompt": ("POST", "/v1/completions", lambda: filled(b"0", b'{"prompt":[', b"]}")),
    "text, one text": ("POST", "/v1/completions", lambda: b'{"prompt":"' + long(b"and ") + b'"}'),
    "tokenize, one text": ("POST", "/tokenize", lambda: b'{"prompt":"' + long(b"and ") + b'"}'),
    "tokenize, messages": ("POST", "/tokenize", lambda: filled(MESSAGE, b'{"messages":[', b"]}")),
    "embeddings, numbers": ("POST", "/v1/embeddings", lambda: filled(b"0", b'{"input":[', b"]}")),
    "embeddings, one word": ("POST", "/v1/embeddings", lambda: b'{"input":"' + long(b"a") + b'"}'),
    "moderations, numbers": ("POST", "/v1/moderations", lambda: filled(b"0", b'{"input":[', b"]}")),
    "moderations, one text": ("POST", "/v1/moderations", lambda: b'{"input":"' + long(b"and ") + b'"}'),
    "documents, numbers": ("POST", "/documents", lambda: filled(b"0", b'{"documents":[', b"]}")),
    "documents, metadata": (
        "POST",
        "/documents",
        lambda: b'{"text":"a","metadata":{' + b",".join(b'"%d":[]' % number for number in range(600_000)) + b"}}",
    ),
    "documents, one text": ("POST", "/documents", lambda: b'{"text":"' + long(b"and ") + b'"}'),
    "search, one word": ("POST", "/documents/search", lambda: b'{"query":"' + long(b"a") + b'"}'),
    "branch, numbers": ("POST", "/sessions/kept/branch", lambda: filled(b"0", b'{"turn":[', b"]}")),
    "title, spaces": ("PATCH", "/sessions/kept", lambda: b'{"title":"' + long(b" ") + b'"}'),
    "graphql, spaces": ("POST", "/graphql", lambda: b'{"query":"' + long(b" ") + b'{version}"}'),
    "graphql, a comment": ("POST", "/graphql", lambda: b'{"query":"#' + long(b"x") + b'\\n{version}"}'),
    "graphql, a name": ("POST", "/graphql", lambda: b'{"query":"{' + long(b"x") + b'}"}'),
    "graphql, numbers": ("POST", "/graphql", lambda: filled(b"0", ASKING, b"]}}")),
    "graphql, messages": ("POST", "/graphql", lambda: filled(MESSAGE, ASKING, b"]}}")),
    "graphql, messages near the budget": ("POST", "/graphql", lambda: some(MESSAGE, 16_000, ASKING, b"]}}")),
    "graphql, one text": (
        "POST",
        "/graphql",
        lambda: ASKING + b'{"role":"user","content":"' + long(b"and ") + b'"}]}}',
    ),
}
"""Made by the test that sends them: together they are 300 MB."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    words = tmp_path_factory.mktemp("words") / "words.txt"
    words.write_text("grotto\nred herring\n", encoding="utf-8")
    on = {"RETRIEVAL": "embedded", "THREADS": "1", "MODERATION": str(words)}
    running = start_service(variables={f"HERMES_2_{name}": value for name, value in on.items()})
    yield running
    assert running.stop() == 0


@pytest.mark.parametrize("name", FORMS)
def test_it_is_refused_while_others_are_answered(service: Running, name: str) -> None:
    method, path, body = FORMS[name]
    content = body()
    assert len(content) < 8 * MB
    headers = {"Content-Type": "application/json"}
    with watched(service.url, service.process.pid) as cost:
        answer = service.client.request(method, path, content=content, headers=headers, timeout=60)
    is_told = answer.status_code in (400, 404, 413) or (path == "/graphql" and "errors" in answer.json())
    assert is_told, (answer.status_code, answer.text[:300])
    assert len(answer.content) < 20_000
    assert cost.longest_s < LONGEST_S, cost
    assert cost.grown_bytes < MOST_BYTES, cost
    assert service.client.get("/ready").status_code == 200


def test_two_bodies_through_a_gateway_take_no_replica_out(tmp_path: Path) -> None:
    replicas = [start_service(), start_service()]
    entry = {"models": ["hermes-2"], "replicas": [each.url for each in replicas]}
    front = Gateway(tmp_path / "gateway.yaml", {**configuration(), "services": {"hermes": entry}})
    try:
        pids = [front.process.pid, *(each.process.pid for each in replicas)]
        content = b'{"model":"hermes-2","messages":[' + b"0," * (2 * MB - 100) + b"0]}"
        with watched(front.url, pids[0]) as one, watched(replicas[0].url, pids[1]) as two:
            for _ in range(2):
                answer = front.client.post(CHAT, content=content, headers={"Content-Type": "application/json"})
                assert answer.status_code == 413
        for cost in (one, two):
            assert cost.longest_s < LONGEST_S
            assert cost.grown_bytes < MOST_BYTES
        until(lambda: all(each["status"] == "healthy" for each in front.replicas()), "both replicas are well")
        assert front.chat("hermes-2", messages=[{"role": "user", "content": "Hello"}], max_tokens=1).status_code == 200
    finally:
        assert (front.stop(), *(each.stop() for each in replicas)) == (0, 0, 0)


def test_a_gateways_announcements_and_a_switch_refuse_them_as_well() -> None:
    with switch() as other:
        url = str(other.client.base_url)
        for content in (filled(b"0", b'{"prompt":[', b"]}")[: MB - 10], b'{"prompt":"' + b"a" * (MB - 100) + b'"}'):
            with watched(url, other.process.pid) as cost:
                answer = other.client.post(
                    "/switch/infer", content=content, headers={"Content-Type": "application/json"}, timeout=60
                )
            assert answer.status_code in (400, 413)
            assert (cost.longest_s < LONGEST_S, cost.grown_bytes < MOST_BYTES) == (True, True)


MODELS: list[type[BaseModel]] = [
    requests.ChatRequest,
    requests.CompletionRequest,
    requests.TokenizeRequest,
    document_requests.DocumentsRequest,
    document_requests.SearchRequest,
    document_requests.EmbeddingsRequest,
    thread_routes.RenameRequest,
    thread_routes.BranchRequest,
    moderation_routes.ModerationsRequest,
    InferRequest,
    Announcement,
]


def lists(schema: Any) -> Iterator[dict[str, Any]]:
    """Every list and tuple in a schema of pydantic's core."""
    if isinstance(schema, dict):
        if schema.get("type") in ("list", "tuple", "set", "frozen-set"):
            yield schema
        for each in schema.values():
            yield from lists(each)
    elif isinstance(schema, (list, tuple)):
        for each in schema:
            yield from lists(each)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_list_of_a_body_is_checked_up_to_its_first_wrong_item(model: type[BaseModel]) -> None:
    assert [each for each in lists(model.__pydantic_core_schema__) if not each.get("fail_fast")] == []


ROOMS = ("chat", "gateway", "switch", "health", "web")
READER = Path("reference_services/web/requests/body.py")
PARSERS = {Path("reference_services/web/requests/strict_json.py")}
"""What parses a body."""


def taken(tree: ast.Module, *names: str) -> list[int]:
    """The lines on which a method of one of these names is called on something named request or websocket."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return [
        node.lineno
        for node in calls
        if node.func.attr in names
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in ("request", "socket")
    ]


def test_no_route_reads_a_body_by_another_way_or_lets_the_framework_parse_it() -> None:
    found = []
    for room in ROOMS:
        for file in sorted((ROOT / "reference_services" / room).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            name = file.relative_to(ROOT)
            if name != READER:
                found += [f"{name}:{line}" for line in taken(tree, "stream", "body", "json", "form", "receive_json")]
    assert found == []
    assert taken(ast.parse("async def route(request): await request.json()"), "json") == [1]


def test_the_bodies_that_routes_take_are_all_among_those_tried(tmp_path: Path) -> None:
    """openapi.json knows every route with a body."""
    from signoff.reference_services.chat.serving.app import create_app
    from signoff.reference_services.chat.settings.services import Hermes2Config

    config = Hermes2Config(retrieval="embedded", threads=True, moderation=str(ROOT / "README.md"))
    document = create_app(config, tmp_path / "s.sqlite3").openapi()
    tried = {(method.lower(), path.replace("kept", "{session_id}")) for method, path, _ in FORMS.values()}
    with_body = {
        (method, path)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    assert with_body == tried
