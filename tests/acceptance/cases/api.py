"""The failing cases of one service's HTTP interface."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from websockets.sync.server import serve

from signoff.acceptance.checks.api import rate_limit, retrieval
from signoff.acceptance.criterion import Criterion, Threshold
from signoff.acceptance.measuring.site import Site
from tests.acceptance.cases.case import NOWHERE, Case, Stage
from tests.acceptance.cases.servers.behaving_service import KEY, Handler, Service
from tests.acceptance.cases.servers.chat import Chat
from tests.acceptance.cases.servers.web_socket import Socket
from tests.acceptance.conftest import criterion

Built = tuple[Site, Criterion]


def chats(
    kind: str, change: Callable[[Chat, Any], None], server: type[Chat] = Chat, **parameters: Any
) -> Callable[[Stage, Any], Built]:
    """A chat server to which the twin's thing is done, and what is asked of it."""

    def built(stage: Stage, thing: Any) -> Built:
        chat = server()
        change(chat, thing)
        return stage.site(stage.serve(chat)), criterion(kind, **parameters)

    return built


def behaves(kind: str, wrong: str, **parameters: Any) -> Case[str]:
    """A service that is wrong in one way, and its sound twin."""

    def built(stage: Stage, thing: str) -> Built:
        stage.patch.setattr(retrieval, "PAUSE_S", 0.0)
        service = Service()
        service.has_stores, service.wrong = True, thing
        return stage.site(at(stage, service)), criterion(kind, **parameters)

    return Case(built, sound="", broken=wrong)


def at(stage: Stage, service: Service) -> str:
    return stage.serve(type("OwnHandler", (Handler,), {"service": service}))


def _guarded(stage: Stage, wrong: str) -> Built:
    stage.patch.setenv("SIGNOFF_TEST_KEY", KEY)
    service = Service()
    service.guarded, service.wrong = True, wrong
    return stage.site(at(stage, service), api_key_env="SIGNOFF_TEST_KEY"), criterion("authentication")


def _limited(stage: Stage, wrong: str) -> Built:
    stage.patch.setattr(rate_limit, "FIRST_WAIT_S", 0.01)
    stage.patch.setattr(rate_limit, "LONGEST_WAIT_S", 0.3)
    service = Service()
    service.limited, service.wrong = True, wrong
    return stage.site(at(stage, service)), criterion("rate_limit")


def _with_places(stage: Stage, places: int) -> Built:
    service = Service()
    service.places = threading.Semaphore(places)
    one = Threshold(1, "requests", "<=", "max", "concurrency")
    return stage.site(at(stage, service)), replace(criterion("concurrency_limit"), threshold=one)


def _socket(stage: Stage, wrong: str) -> Built:
    socket = Socket()
    socket.wrong = wrong
    server = stage.ending.enter_context(serve(socket, "127.0.0.1", 0))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/stream"
    return stage.site(NOWHERE, addresses={"websocket": url}), criterion("websocket")


def _says(chat: Chat, status: str) -> None:
    chat.health["status"] = status


def _mentions(chat: Chat, field: str) -> None:
    del chat.health["conversation_memory"]
    chat.health[field] = True


def _counts(chat: Chat, counted: bool) -> None:
    chat.counted = counted


def _refuses(chat: Chat, status: int) -> None:
    chat.refusal = status, "the context is 256 tokens"


CASES: Mapping[str, Case[Any]] = {
    "service": Case(chats("service", _says), sound="healthy", broken="degraded"),
    "json_shape": Case(chats("json_shape", _says), sound="healthy", broken="ok"),
    "health": Case(chats("health", _mentions), sound="conversation_memory", broken="memory"),
    "metrics": Case(chats("metrics", _counts), sound=True, broken=False),
    "metric_named": Case(
        lambda stage, words: (stage.site(stage.serve(Chat())), criterion("metric_named", words=words)),
        sound=["requests"],
        broken=["coherence"],
    ),
    "context_length": Case(chats("context_length", _refuses), sound=400, broken=500),
    "streaming": behaves("streaming", "no done"),
    "openai_api": behaves("openai_api", "sum"),
    "authentication": Case(_guarded, sound="", broken="any key"),
    "rate_limit": Case(_limited, sound="", broken="never again"),
    "request_validation": behaves("request_validation", "any max_tokens"),
    "error_handling": behaves("error_handling", "any model"),
    "chat_roles": behaves("chat_roles", "drops system"),
    "tokenization": behaves("tokenization", "constant count"),
    "queueing": behaves("queueing", "loses some"),
    "concurrency_limit": Case(_with_places, sound=1, broken=3),
    "retrieval": behaves("retrieval", "keeps deleted"),
    "websocket": Case(_socket, sound="", broken="breaks off"),
    "graphql": behaves("graphql", "invents fields"),
}
