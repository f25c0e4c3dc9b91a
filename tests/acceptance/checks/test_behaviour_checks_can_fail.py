"""Each check of a service's behaviour passes a sound service and fails one that is wrong in just that."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection, serve

from signoff.acceptance.checks.api import rate_limit, retrieval
from signoff.acceptance.checks.registry import CHECKS
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence
from signoff.acceptance.measuring.site import Site
from signoff.acceptance.verdict import Verdict
from tests.acceptance.cases.servers.behaving_service import KEY, Handler, Service
from tests.acceptance.cases.servers.web_socket import Socket
from tests.acceptance.conftest import criterion

SiteAt = Callable[..., Site]

WRONG: dict[str, dict[str, str]] = {
    "streaming": {
        "never streams": "a stream was asked for, and application/json came",
        "no done": "[DONE] came 0 times",
        "goes on": "not once and last",
        "torn chunk": "an event is no JSON object",
        "error within": "an error came within the stream",
        "id a chunk": "different ids",
        "no reason": "a finish reason has to come once",
        "one piece": "in 1 piece",
        "buffered": "pieces came at once",
        "loses the end": "twice the same, and they differ",
        "sum": "does not add up",
        "has broken": "gives 500 for a stream",
    },
    "openai_api": {
        "object": "object is 'completion', not 'chat.completion'",
        "sum": "usage does not add up",
        "one id": "two answers carry the same id",
        "too many tokens": "2 tokens were made where max_tokens is 1",
        "cut is stop": "finish_reason is 'stop' where max_tokens cut the answer",
        "model": "shows 'another'",
        "has broken": "gives 500 and no completion",
    },
    "request_validation": {
        "crashes": "a body that is torn gets 500, not a 4xx",
        "trace": "shows internal details: Traceback",
        "any max_tokens": "max_tokens as a word gets 200",
        "any role": "a message of an unknown role gets 200",
        "no reason given": "without a reason in JSON",
        "has broken": "a request that is right gives 500",
    },
    "error_handling": {
        "any model": "an unknown model gets 200",
        "any route": "an unknown route gets 200",
        "crashes": "a torn body gets 500",
        "trace": "shows internal details",
        "breaks with the stream": "after the errors a sound request gives 500",
        "ill afterwards": "/health says 200 healthy before the errors and 200 degraded after them",
    },
    "chat_roles": {
        "any role": "'wizard' gets 200",
        "no system": "system and user messages give 422",
        "drops system": "a system message is accepted and not read",
    },
    "tokenization": {
        "constant count": "longer texts have no more tokens",
        "counts characters": "count the same texts differently",
        "list differs": "tokens and counts",
        "no count": "no count of tokens for 4 words",
    },
    "queueing": {"loses some": "were lost", "has broken": "6 were lost: 500"},
    "context_truncation": {
        "refuses when full": "HTTP 400",
        "forgets when full": "of the last 2 facts were known",
        "forgets": "0 of the last 2 facts were known",
    },
    "retrieval": {
        "stores nothing": "asked 5 times the answer is",
        "keeps deleted": "still knows",
        "cannot delete": "cannot be deleted",
    },
    "graphql": {
        "no introspection": "no schema: introspection is off",
        "no data": "{ version } gives 200 and no data",
        "invents fields": "gives 1 fields and 0 errors",
    },
}


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def target(service: Service) -> Iterator[str]:
    handler = type("OwnHandler", (Handler,), {"service": service})
    server = type("Server", (ThreadingHTTPServer,), {"daemon_threads": True, "request_queue_size": 128})(
        ("127.0.0.1", 0), handler
    )
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "PAUSE_S", 0.0)
    monkeypatch.setattr(rate_limit, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(rate_limit, "LONGEST_WAIT_S", 0.3)


def verdict(site: Site, asked: Criterion) -> Verdict:
    """The verdict, from records as they come back from a file."""
    check = CHECKS[asked.kind]
    found = check.measure(asked, site)
    lines = (site.folder / found.file).read_text(encoding="utf-8").splitlines()
    stored = Evidence(found.name, found.file, tuple(json.loads(line) for line in lines))
    assert check.judge(asked, stored) == check.judge(asked, found)
    return check.judge(asked, stored)


def fails(site: Site, asked: Criterion, because: str) -> None:
    found = verdict(site, asked)
    assert (found.outcome, because in found.reason) == ("fail", True), found


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_a_sound_service_passes(kind: str, service: Service, target: str, site_at: SiteAt) -> None:
    service.has_stores = True
    found = verdict(site_at(target), criterion(kind))
    assert found.outcome == "pass", found


@pytest.mark.parametrize(
    ("kind", "wrong", "because"),
    [(kind, wrong, because) for kind, ways in WRONG.items() for wrong, because in ways.items()],
)
def test_a_service_that_is_wrong_in_just_that_fails(
    kind: str, wrong: str, because: str, service: Service, target: str, site_at: SiteAt
) -> None:
    service.has_stores, service.wrong = True, wrong
    fails(site_at(target), criterion(kind), because)


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        ("same vector", "two different texts have the same embedding"),
        ("one longer", "different lengths"),
        ("vector of words", "no list of numbers"),
        ("first text only", "not a list of 2 embeddings"),
        ("one index", "not numbered in the order"),
        ("total", "total_tokens differs"),
        ("", ""),
    ],
)
def test_embeddings_are_asked_only_where_they_are_named(
    wrong: str, because: str, service: Service, target: str, site_at: SiteAt
) -> None:
    service.wrong = wrong
    found = verdict(site_at(target), criterion("openai_api", endpoints=["embeddings"]))
    assert (found.outcome, because in found.reason) == ("fail" if because else "pass", True), found
    assert service.answers == 0


def test_a_service_without_embeddings_fails_where_they_are_named(
    site_at: SiteAt, request: pytest.FixtureRequest
) -> None:
    target = request.getfixturevalue("serve")(lambda method, path, body: (404, "application/json", b"{}"))
    fails(site_at(target), criterion("openai_api", endpoints=["embeddings"]), "POST /v1/embeddings: gives 404")


def test_a_stream_whose_texts_are_never_the_same_is_not_compared(
    service: Service, target: str, site_at: SiteAt
) -> None:
    service.wrong = "never the same"
    found = verdict(site_at(target), criterion("streaming"))
    assert found.outcome == "pass"
    assert "not compared" in found.reason


@pytest.mark.parametrize("kind", ["retrieval", "graphql", "tokenization"])
def test_what_is_not_at_its_customary_path_is_not_measurable_and_fails_where_it_is_named(
    kind: str, target: str, site_at: SiteAt
) -> None:
    role = "tokenize" if kind == "tokenization" else kind
    site = site_at(target)
    with pytest.raises(NotMeasurable) as missing:
        verdict(site, criterion(kind))
    assert f'add {role} = "http://' in missing.value.hint
    named = site_at(target)
    named.deployment = replace(named.deployment, addresses={role: f"{target}/not-here"})
    fails(named, criterion(kind), "gives 404")


def test_tokens_that_completions_do_not_tell_are_not_measurable() -> None:
    counts = [
        {"record": "count", "url": "u", "status": 200, "words": words, "json": {"count": words}}
        for words in (4, 40, 160)
    ]
    answer = {"choices": [{"message": {"content": "x"}}]}
    completions = [{"record": "completion", "status": 200, "error": "", "json": answer}] * 3
    found = CHECKS["tokenization"].judge(criterion("tokenization"), Evidence("t", "t", (*counts, *completions)))
    assert found.outcome == "not_measurable"


@pytest.mark.parametrize(
    ("header", "wrong", "because"),
    [
        ("Authorization", "no door", "without Authorization gives 200"),
        ("Authorization", "any key", "with a wrong key in Authorization gives 200"),
        ("Authorization", "side door", "/v1/completions answers without a key"),
        ("Authorization", "key does not fit", "with the deployment's key 401"),
        ("X-API-Key", "any key", "with a wrong key in X-API-Key gives 200"),
        ("Authorization", "", ""),
        ("X-API-Key", "", ""),
    ],
)
def test_authentication(
    header: str,
    wrong: str,
    because: str,
    service: Service,
    target: str,
    site_at: SiteAt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNOFF_TEST_KEY", KEY)
    service.guarded, service.wrong = True, wrong
    site = site_at(target)
    site.deployment = replace(site.deployment, api_key_env="SIGNOFF_TEST_KEY")
    found = verdict(site, criterion("authentication", header=header))
    assert (found.outcome, because in found.reason) == ("fail" if because else "pass", True), found
    assert KEY not in "".join(file.read_text(encoding="utf-8") for file in (site.folder / "evidence").iterdir())


def test_refusals_alone_do_not_show_that_the_key_opens(service: Service, target: str, site_at: SiteAt) -> None:
    service.guarded = True
    found = verdict(site_at(target), criterion("authentication"))
    assert found.outcome == "inconclusive"
    assert "api_key_env" in found.hint


def limited(per_second: float | None) -> Criterion:
    threshold = None if per_second is None else Threshold(per_second, "requests/s", "<=", "rate", "rate_limit")
    return replace(criterion("rate_limit"), threshold=threshold)


@pytest.mark.parametrize(
    ("wrong", "outcome", "because"),
    [
        ("", "pass", "10 were answered, 30 got 429 (Retry-After 1 s)"),
        ("no time to come again", "pass", "(without Retry-After)"),
        ("breaks", "fail", "and 30 500"),
        ("never again", "fail", "still gives 429"),
    ],
)
def test_rate_limit_without_a_figure(
    wrong: str, outcome: str, because: str, service: Service, target: str, site_at: SiteAt
) -> None:
    service.limited, service.wrong = True, wrong
    found = verdict(site_at(target), limited(None))
    assert (found.outcome, because in found.reason) == (outcome, True), found


def test_rate_limit_with_a_figure(
    service: Service, target: str, site_at: SiteAt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rate_limit, "LONGEST_WAIT_S", 30.0)
    fails(site_at(target), limited(10), "0 got 429: 10 requests in 1 s are not kept to")
    assert verdict(site_at(target), limited(None)).outcome == "inconclusive"
    service.limited, service.wrong = True, "no time to come again"
    assert verdict(replace(site_at(target), folder=tmp_path / "limited"), limited(10)).outcome == "pass"
    with pytest.raises(NotMeasurable, match="takes a burst of 205 requests"):
        verdict(site_at(target), limited(100))


def test_more_answers_than_the_rate_limit_allows_fail() -> None:
    answer = {"choices": [{"message": {"content": "x"}}]}
    common = {"record": "burst", "error": "", "ended_ms": 500.0, "headers": {}}
    answered = [{**common, "status": 200, "json": answer}] * 20
    refused = [{**common, "status": 429, "json": None}] * 5
    evidence = Evidence("rate-limit", "r", (*answered, *refused))
    found = CHECKS["rate_limit"].judge(limited(10), evidence)
    assert (found.outcome, "allow at most 16 of them" in found.reason) == ("fail", True), found
    again = {**common, "record": "again", "status": 200, "json": answer, "waited_s": 1.0}
    by_the_minute = replace(limited(10 / 60), text="Rate limit: 10 requests per minute")
    found = CHECKS["rate_limit"].judge(by_the_minute, replace(evidence, records=(*evidence.records, again)))
    assert "allow at most 11 of them" in found.reason


def test_concurrency_limit(service: Service, target: str, site_at: SiteAt) -> None:
    service.places = threading.Semaphore(2)
    found = verdict(site_at(target), criterion("concurrency_limit"))
    assert found.outcome == "pass", found
    service.places = threading.Semaphore(3)
    fails(site_at(target), replace(criterion("concurrency_limit"), threshold=one()), "at most 3 answers")


def one() -> Threshold:
    return Threshold(1, "requests", "<=", "max", "concurrency")


def test_a_concurrency_without_limit_fails(service: Service, target: str, site_at: SiteAt) -> None:
    site, asked = site_at(target), criterion("concurrency_limit")
    all_together = threading.Barrier(5)
    alone = threading.Event()

    class Lockstep:
        def wait(self, timeout: float) -> None:
            """All pieces of the burst go out side by side; the request that is sent alone waits for nobody."""
            if alone.is_set():
                all_together.wait(timeout)

    service.lockstep = Lockstep()  # type: ignore[assignment]
    complete = service.complete

    def counted(*arguments: Any) -> Any:
        if service.answers >= 2:
            alone.set()
        return complete(*arguments)

    service.complete = counted  # type: ignore[method-assign, assignment]
    fails(site, asked, "at most 5 answers were being written at once; 5 of 5 at once were served")


@pytest.mark.parametrize(
    ("ends_ms", "refused", "outcome"),
    [
        ((100, 200, 300, 400), 0, "pass"),
        ((100, 101, 102, 103), 0, "fail"),
        ((100, 140, 180, 220), 0, "inconclusive"),
        ((100,), 3, "pass"),
        ((), 4, "fail"),
    ],
)
def test_concurrency_of_answers_that_do_not_stream(ends_ms: tuple[int, ...], refused: int, outcome: str) -> None:
    common = {"record": "answer", "url": "u", "error": "", "events": [], "ended_ms": 1.0, "json": {"text": "x"}}
    served = [{**common, "status": 200, "ended_ms": end} for end in ends_ms]
    records = [{**common, "record": "alone", "status": 200, "ended_ms": 100.0}, *served]
    records += [{**common, "status": 503}] * refused
    asked = replace(criterion("concurrency_limit"), threshold=one())
    found = CHECKS["concurrency_limit"].judge(asked, Evidence("c", "c", tuple(records)))
    assert found.outcome == outcome, found


def test_a_slow_first_answer_is_no_measure_of_the_others() -> None:
    common = {"url": "u", "error": "", "events": [], "json": {"text": "x"}, "status": 200}
    alone = [{**common, "record": "alone", "ended_ms": ms} for ms in (1678.0, 130.0)]
    served = [{**common, "record": "answer", "ended_ms": ms} for ms in (145.0, 280.0, 405.0, 531.0)]
    asked = replace(criterion("concurrency_limit"), threshold=one())
    found = CHECKS["concurrency_limit"].judge(asked, Evidence("c", "c", (*alone, *served)))
    assert (found.outcome, "one takes 130 ms alone" in found.reason) == ("pass", True)
    refused = [{**alone[0], "status": 500}, alone[1]]
    found = CHECKS["concurrency_limit"].judge(asked, Evidence("c", "c", (*refused, *served)))
    assert (found.outcome, "one request alone" in found.reason) == ("fail", True)


def test_answers_that_come_too_quickly_show_no_limit() -> None:
    common = {"url": "u", "error": "", "events": [], "json": {"text": "x"}, "status": 200}
    records = [{**common, "record": kind, "ended_ms": ms} for kind, ms in (("alone", 26.0), ("answer", 30.0)) * 2]
    asked = replace(criterion("concurrency_limit"), threshold=one())
    found = CHECKS["concurrency_limit"].judge(asked, Evidence("c", "c", tuple(records)))
    assert (found.outcome, "too quick" in found.reason, "longer answer" in found.hint) == ("not_measurable", True, True)


def test_answers_without_content_show_no_limit() -> None:
    empty = {"url": "http://u/v1/chat/completions", "status": 200, "error": "", "events": [], "json": {}}
    records = [{**empty, "record": kind, "ended_ms": ms} for kind, ms in (("alone", 100.0), ("answer", 300.0))]
    found = CHECKS["concurrency_limit"].judge(criterion("concurrency_limit"), Evidence("c", "c", tuple(records)))
    assert (found.outcome, "no answer" in found.reason) == ("fail", True)


def test_bursts_are_bounded(target: str, site_at: SiteAt) -> None:
    with pytest.raises(NotMeasurable, match="at most 256"):
        verdict(site_at(target), criterion("queueing", concurrent=1000))
    many = replace(one(), value=500)
    with pytest.raises(NotMeasurable, match="at most 200"):
        verdict(site_at(target), replace(criterion("concurrency_limit"), threshold=many))


@pytest.mark.parametrize(
    ("status", "retry_after", "outcome"),
    [(503, "1", "pass"), (503, "", "fail"), (500, "1", "fail")],
)
def test_a_refusal_with_a_time_to_come_again_is_no_loss(status: int, retry_after: str, outcome: str) -> None:
    answer = {"choices": [{"message": {"content": "x"}}]}
    common = {"record": "answer", "error": "", "ended_ms": 5.0, "json": None}
    answered = [{**common, "status": 200, "headers": {}, "json": answer}] * 4
    headers = {"retry-after": retry_after} if retry_after else {}
    after = {**common, "record": "after", "status": 200, "json": answer}
    records = (*answered, {**common, "status": status, "headers": headers}, after)
    assert CHECKS["queueing"].judge(criterion("queueing"), Evidence("q", "q", records)).outcome == outcome


def test_a_context_that_nobody_states_is_not_measurable(target: str, site_at: SiteAt) -> None:
    with pytest.raises(NotMeasurable, match="how long the context is"):
        verdict(site_at(target), criterion("context_truncation", max_model_len=None))
    with pytest.raises(NotMeasurable, match="a context of 1000000 tokens"):
        verdict(site_at(target), criterion("context_truncation", max_model_len=1_000_000))


@pytest.fixture
def socket() -> Socket:
    return Socket()


@pytest.fixture
def socket_url(socket: Socket) -> Iterator[str]:
    with serve(socket, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/stream"
        server.shutdown()


@pytest.mark.parametrize(
    ("wrong", "outcome", "because"),
    [
        ("", "pass", "3 messages with 16 characters of text"),
        ("closes", "pass", "then the socket closed with 1000"),
        ("breaks off", "fail", "and no end; the socket closed: received 1011"),
        ("one message", "fail", "came in one message"),
        ("says nothing", "fail", "none holds text"),
        ("error", "fail", "gets an error: no model"),
    ],
)
def test_websocket(wrong: str, outcome: str, because: str, socket: Socket, socket_url: str, site_at: SiteAt) -> None:
    socket.wrong = wrong
    site = site_at("http://127.0.0.1:9")
    site.deployment = replace(site.deployment, addresses={"websocket": socket_url})
    found = verdict(site, criterion("websocket"))
    assert (found.outcome, because in found.reason) == (outcome, True), found


def test_a_websocket_is_not_measurable_at_a_guessed_path_and_fails_at_a_named_one(target: str, site_at: SiteAt) -> None:
    site = site_at(target)
    with pytest.raises(NotMeasurable) as missing:
        verdict(site, criterion("websocket"))
    assert "add websocket =" in missing.value.hint
    named = site_at(target)
    named.deployment = replace(named.deployment, addresses={"websocket": f"{target}/not-here"})
    fails(named, criterion("websocket"), "gives 404")


def test_a_websocket_that_redirects_is_not_followed(site_at: SiteAt, socket_url: str) -> None:
    def away(opened: ServerConnection, request: Any) -> Any:
        response = opened.respond(302, "")
        response.headers["Location"] = socket_url
        return response

    with serve(Socket(), "127.0.0.1", 0, process_request=away) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        site = site_at("http://127.0.0.1:9")
        url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        site.deployment = replace(site.deployment, addresses={"websocket": url})
        fails(site, criterion("websocket"), "the handshake at")
        server.shutdown()


def test_a_document_s_own_request_is_sent_with_its_headers_and_never_by_a_method_that_changes_the_server(
    service: Service, target: str, site_at: SiteAt
) -> None:
    service.guarded, service.places = True, threading.Semaphore(2)
    request = {
        "method": "POST",
        "address": None,
        "path": "/v1/chat/completions",
        "headers": {"X-API-Key": KEY},
        "body": {"messages": [{"role": "user", "content": "Tell me about the sea."}], "max_tokens": 20},
    }
    for kind in ("streaming", "concurrency_limit"):
        found = verdict(site_at(target), criterion(kind, request=request))
        assert found.outcome == "pass", found
        with pytest.raises(NotMeasurable, match="changes the server"):
            verdict(site_at(target), criterion(kind, request={**request, "method": "DELETE"}))
