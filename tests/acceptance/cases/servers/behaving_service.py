"""A small service that behaves soundly but for the one way of being wrong that a test names."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

KEY = "the-right-key"
MODEL = "m"
CONTEXT = 400
ROLES = {"system", "user", "assistant"}
NUMBERS = " ".join(f"number{number}" for number in range(300)).split()
BURST_ALLOWED, BURST_REFUSED = 10, 30
PIECE_S = 0.005
STEPS = 16


class Refused(Exception):
    """An answer of an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Service:
    """`wrong` is the one thing that it does not do as it should; "" for a sound one."""

    def __init__(self) -> None:
        self.wrong = ""
        self.guarded = self.limited = self.has_stores = False
        self.places: threading.Semaphore | None = None
        self.lockstep: threading.Barrier | None = None
        self.requests = self.answers = 0
        self.documents: dict[str, str] = {}
        self.turns: dict[str, list[str]] = {}
        self.lock = threading.Lock()

    def complete(self, path: str, body: bytes, session: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The checked request and its whole answer. Raises Refused."""
        if self.wrong == "has broken":
            raise Refused(500, "nothing goes any more")
        request = self._checked(body, path == "/v1/completions")
        if self.wrong == "breaks with the stream" and request.get("stream"):
            self.wrong = "has broken"
        messages = request.get("messages") or [{"role": "user", "content": request["prompt"]}]
        if self.wrong == "drops system":
            messages = [message for message in messages if message["role"] != "system"]
        with self.lock:
            text, prompt = self._reply(messages, session)
            self.answers += 1
            number = 1 if self.wrong == "one id" else self.answers
        words = text.split()
        limit = request.get("max_tokens", len(words)) + (self.wrong == "too many tokens")
        said, cut = words[:limit], len(words) > limit
        chat = path == "/v1/chat/completions"
        content = " ".join(said)
        choice: dict[str, Any] = {"message": {"role": "assistant", "content": content}} if chat else {"text": content}
        usage = {"prompt_tokens": prompt, "completion_tokens": len(said), "total_tokens": prompt + len(said)}
        if self.wrong == "sum":
            usage["total_tokens"] += 1
        reason = "stop" if not cut or self.wrong == "cut is stop" else "length"
        return request, {
            "id": f"a-{number}",
            "object": "completion" if self.wrong == "object" else "chat.completion" if chat else "text_completion",
            "created": 1_700_000_000,
            "model": MODEL,
            "choices": [{"index": 0, **choice, "finish_reason": reason}],
            "usage": usage,
        }

    def _checked(self, body: bytes, is_text: bool) -> dict[str, Any]:
        try:
            request = json.loads(body)
        except ValueError as error:
            if self.wrong == "crashes":
                raise Refused(500, "internal error") from None
            if self.wrong == "trace":
                raise Refused(400, 'Traceback (most recent call last):\n  File "/srv/app/main.py", line 3') from None
            raise Refused(400, f"not JSON: {error}") from None
        wanted = "prompt" if is_text else "messages"
        if not isinstance(request, dict) or not isinstance(request.get(wanted), str if is_text else list):
            raise Refused(400, f"{wanted} is missing")
        for name, kind in (("max_tokens", int), ("temperature", int | float), ("stream", bool)):
            if name in request and not isinstance(request[name], kind) and self.wrong != f"any {name}":
                raise Refused(400, f"{name} is not as it has to be")
        if self.wrong == "any max_tokens" and not isinstance(request.get("max_tokens", 1), int):
            request["max_tokens"] = 1
        if request.get("model") not in (None, MODEL) and self.wrong != "any model":
            raise Refused(404, "no such model")
        messages = request.get("messages", [{"role": "user", "content": ""}])
        allowed = ROLES - ({"system"} if self.wrong == "no system" else set())
        if not messages or any(not isinstance(each.get("role"), str) for each in messages):
            raise Refused(422, "a message lacks its role")
        if self.wrong != "any role" and any(each["role"] not in allowed for each in messages):
            raise Refused(422, "no such role")
        return dict(request)

    def _reply(self, messages: list[dict[str, str]], session: str) -> tuple[str, int]:
        """What is said, and of how many tokens the prompt was."""
        content = messages[-1]["content"]
        earlier = self.turns.setdefault(session, []) if session else []
        turns = [message["content"] for message in messages[:-1]] + ([] if self.wrong == "forgets" else list(earlier))
        while turns and self._count([*turns, content]) > CONTEXT:
            if self.wrong == "refuses when full":
                raise Refused(400, "the context is full")
            turns = [] if self.wrong == "forgets when full" else turns[1:]
        earlier.append(content)
        known = [turn for turn in [*turns, *self.documents.values()] if len(turn.split()) < 30]
        if content.startswith("What is"):
            return " ".join(known) or "I cannot know that.", self._count([*turns, content])
        drift = str(self.answers) + " " if self.wrong == "never the same" else ""
        return drift + " ".join(NUMBERS), self._count([*turns, content])

    def _count(self, turns: list[str]) -> int:
        return sum(len(turn.split()) + 4 for turn in turns)

    def admit(self, key: str | None, path: str) -> None:
        """Let a request in, or raise Refused."""
        if self.guarded and path.startswith("/v1/"):
            is_open = self.wrong == "no door" or (self.wrong == "side door" and path == "/v1/completions")
            right = {f"Bearer {KEY}", KEY} if self.wrong != "key does not fit" else set()
            any_key = self.wrong == "any key" and key is not None
            if not (is_open or any_key or key in right):
                raise Refused(401, "the key is not right")
        if not self.limited or path != "/v1/chat/completions":
            return
        with self.lock:
            self.requests += 1
            over = self.requests - BURST_ALLOWED - (10 if self.wrong == "lets too many in" else 0)
        if over > 0 and (over <= BURST_REFUSED or self.wrong == "never again"):
            raise Refused(500 if self.wrong == "breaks" else 429, "too many")

    def other(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """Everything but completions."""
        if path == "/health":
            return 200, {"status": "degraded" if self.wrong == "ill afterwards" and self.answers > 1 else "healthy"}
        if path == "/v1/models":
            return 200, {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 1_700_000_000}]}
        if path == "/v1/embeddings":
            return 200, self._embeddings(json.loads(body)["input"])
        if path == f"/v1/models/{MODEL}":
            return 200, {"id": "another" if self.wrong == "model" else MODEL, "object": "model"}
        if path == "/tokenize" and self.has_stores:
            return 200, self._tokenize(json.loads(body)["prompt"])
        if path.startswith("/documents") and self.has_stores:
            return self._store(method, path.removeprefix("/documents").lstrip("/"), body)
        if path == "/graphql" and self.has_stores:
            return self._graphql(json.loads(body)["query"])
        if self.wrong == "any route":
            return 200, {}
        return 404, {"error": {"message": f"{method} {path}: not found"}}

    def _embeddings(self, texts: list[str]) -> Any:
        vectors: list[Any] = [[float(len(text)), 0.5] for text in texts]
        if self.wrong == "same vector":
            vectors = vectors[:1] * len(vectors)
        if self.wrong == "one longer":
            vectors[0] = [*vectors[0], 1.0]
        if self.wrong == "vector of words":
            vectors[0] = ["0.5", "0.5"]
        if self.wrong == "first text only":
            vectors = vectors[:1]
        order = [0] * len(vectors) if self.wrong == "one index" else range(len(vectors))
        entries = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in zip(order, vectors, strict=True)
        ]
        usage = {"prompt_tokens": 9, "total_tokens": 10 if self.wrong == "total" else 9}
        return {"object": "list", "model": MODEL, "data": entries, "usage": usage}

    def _tokenize(self, text: str) -> Any:
        words = text.split()
        if self.wrong == "constant count":
            return {"count": 5, "tokens": [1] * 5}
        if self.wrong == "counts characters":
            return {"count": len(text)}
        if self.wrong == "no count":
            return {"text": text}
        return {"count": len(words) + (self.wrong == "list differs"), "tokens": list(range(len(words)))}

    def _store(self, method: str, name: str, body: bytes) -> tuple[int, Any]:
        if method == "POST":
            document = json.loads(body)
            if "content" in document:
                return 422, {"error": "text is wanted"}
            if self.wrong != "stores nothing":
                self.documents[document["id"]] = document["text"]
            return 201, {"id": document["id"]}
        if self.wrong == "cannot delete":
            return 405, {"error": "no"}
        if self.wrong != "keeps deleted":
            self.documents.pop(name, None)
        return 200, {}

    def _graphql(self, query: str) -> tuple[int, Any]:
        error = {"errors": [{"message": "no such field"}]}
        if "__schema" in query:
            if self.wrong == "no introspection":
                return 200, {"errors": [{"message": "introspection is off"}]}
            kind = {"kind": "NON_NULL", "name": None, "ofType": {"kind": "SCALAR", "name": "String"}}
            fields = [{"name": "version", "args": [], "type": kind}]
            return 200, {"data": {"__schema": {"queryType": {"name": "Query", "fields": fields}}}}
        if "version" in query:
            return 200, {"data": {"version": None if self.wrong == "no data" else "1"}}
        if self.wrong == "invents fields":
            return 200, {"data": {"signoffNoSuchField": "x"}}
        return 400, error

    def chunks(self, answer: dict[str, Any]) -> Iterator[bytes]:
        """The events of a streamed answer, paced."""
        (choice,) = answer["choices"]
        is_chat = "message" in choice
        words = (choice["message"]["content"] if is_chat else choice["text"]).split(" ")
        head = {"id": answer["id"], "object": "chat.completion.chunk", "model": MODEL}
        for number, word in enumerate(words[:-1] if self.wrong == "loses the end" else words):
            if number < STEPS:
                time.sleep(PIECE_S)
                if self.lockstep is not None:
                    self.lockstep.wait(10)
            piece = word if number == 0 else f" {word}"
            part = {"delta": {"content": piece}} if is_chat else {"text": piece}
            identity = {"id": f"b-{number}"} if self.wrong == "id a chunk" else {}
            yield self._event({**head, **identity, "choices": [{"index": 0, **part, "finish_reason": None}]})
        if self.wrong == "torn chunk":
            yield b'data: {"choices": [\n\n'
        if self.wrong == "error within":
            yield self._event({"error": {"message": "the engine died"}})
        end: dict[str, Any] = {
            "index": 0,
            "delta": {},
            "finish_reason": None if self.wrong == "no reason" else choice["finish_reason"],
        }
        yield self._event({**head, "choices": [end]})
        yield self._event({**head, "choices": [], "usage": answer["usage"]})
        if self.wrong != "no done":
            yield b"data: [DONE]\n\n"
        if self.wrong == "goes on":
            yield self._event({**head, "choices": []})

    def _event(self, chunk: dict[str, Any]) -> bytes:
        return f"data: {json.dumps(chunk)}\n\n".encode()


class Handler(BaseHTTPRequestHandler):
    """HTTP for a service."""

    protocol_version = "HTTP/1.1"
    service: Service

    def _give(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        completes = self.path in ("/v1/chat/completions", "/v1/completions") and self.command == "POST"
        try:
            self.service.admit(self.headers.get("Authorization") or self.headers.get("X-API-Key"), self.path)
            if not completes:
                self._send(*self.service.other(self.command, self.path, body))
                return
            request, answer = self.service.complete(self.path, body, self.headers.get("X-Session-ID", ""))
        except Refused as refused:
            self._send(refused.status, "no" if self.service.wrong == "no reason given" else _error(refused))
            return
        if self.service.wrong == "loses some" and self.service.answers % 3 == 0:
            self.close_connection = True
            return
        if self.service.places is not None:
            with self.service.places:
                self._complete(request, answer)
        else:
            self._complete(request, answer)

    def _complete(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        wrong = self.service.wrong
        if not request.get("stream") or wrong == "never streams":
            self._send(200, answer)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        events = self.service.chunks(answer)
        if wrong == "buffered":
            events = iter([b"".join(events)])
        if wrong == "one piece":
            events = iter([_joined(answer), *list(events)[-3:]])
        with contextlib.suppress(OSError):
            for event in events:
                self.wfile.write(event)

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode() if not isinstance(body, str) else body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 429 and self.service.wrong not in ("no time to come again", "never again"):
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _give  # noqa: N815 - the names that http.server calls

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def _error(refused: Refused) -> dict[str, Any]:
    return {"error": {"message": str(refused), "type": "invalid_request_error", "code": None}}


def _joined(answer: dict[str, Any]) -> bytes:
    delta = {"content": answer["choices"][0]["message"]["content"]}
    chunk = {"id": answer["id"], "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()
