"""A chat server that is sound but for what a test changes."""

from __future__ import annotations

import itertools
import json
import re
import threading
from typing import Any

from tests.acceptance.conftest import as_json

_WORDS = re.compile(r"\w+")


class Chat:
    """A chat server that is sound but for what a test changes: answers from what a session was told."""

    def __init__(self) -> None:
        self.turns: dict[str, list[str]] = {}
        self.said: dict[str, list[dict[str, str]]] = {}
        self.requests = 0
        self.counted = True
        self.remembers = True
        self.leaks = False
        self.shows_sessions = True
        self.window: int | None = 256
        self.refuses_beyond = True
        self.refusal = 400, "the context is 256 tokens"
        self.health: dict[str, Any] = {"status": "healthy", "model": "m", "conversation_memory": True}
        self.config: dict[str, Any] = {"port": 11401, "max_model_len": 8192}
        self.lock = threading.Lock()

    def __call__(self, method: str, path: str, body: bytes, session: str = "") -> tuple[int, str, bytes]:
        with self.lock:
            return self._answer(method, path, body, session)

    def _answer(self, method: str, path: str, body: bytes, session: str) -> tuple[int, str, bytes]:
        if method == "POST":
            return self._complete(json.loads(body), session)
        if path == "/health":
            return as_json(self.health)
        if path == "/config":
            return as_json(self.config)
        if path == "/metrics":
            text = f"# TYPE hermes_requests_total counter\nhermes_requests_total {self.requests}.0\n"
            return 200, "text/plain; version=0.0.4", text.encode()
        if path == "/metrics/sessions":
            return as_json({"sessions_created": len(self.turns) if self.shows_sessions else 7})
        if path.startswith("/sessions/") and path.removeprefix("/sessions/") in self.turns:
            turns = self.said[path.removeprefix("/sessions/")] if self.shows_sessions else []
            return as_json({"turns": turns})
        return as_json({"error": {"message": "unknown"}}, 404)

    def _complete(self, request: dict[str, Any], session: str) -> tuple[int, str, bytes]:
        self.requests += self.counted
        content = request["messages"][-1]["content"]
        tokens = len(content.split())
        if self.window is not None and tokens + request["max_tokens"] > self.window:
            if self.refuses_beyond:
                status, message = self.refusal
                return as_json({"error": {"message": message}}, status)
            tokens = self.window - request["max_tokens"]
        earlier = self.turns.setdefault(session, []) if session else []
        known = list(itertools.chain(*self.turns.values())) if self.leaks else earlier if self.remembers else []
        reply = self.reply(content, known) or "I do not know."
        earlier.append(content)
        message = {"role": "assistant", "content": reply}
        self.said.setdefault(session, []).extend(({"role": "user", "content": content}, message))
        usage = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
        return as_json({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})

    def reply(self, question: str, known: list[str]) -> str:
        """All that it was told."""
        return " ".join(known)


class Attentive(Chat):
    """Answers with the turn that the question speaks of: the one with most of its words, the latest of several."""

    def reply(self, question: str, known: list[str]) -> str:
        """One turn; two where two things are asked for."""
        if "ask you" in question or "previous message" in question:
            return known[-1] if known else ""
        wanted = set(_WORDS.findall(question.lower()))
        ranked = sorted(
            enumerate(known), key=lambda turn: (len(wanted & set(_WORDS.findall(turn[1].lower()))), turn[0])
        )
        most = 2 if "two things" in question or " and what " in question else 1
        return " ".join(turn for _, turn in ranked[-most:])
