"""A small chat server with sessions for these tests, sound or with one defect."""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from signoff.coherence.conversations import Conversation
from signoff.coherence.scoring import holds

UNKNOWN = "I do not know that."
_SMALL_WORDS = frozenset({"what", "is", "the", "a", "of", "in", "my", "our", "it"})

History = list[tuple[str, str]]


class ChatServer(ThreadingHTTPServer):
    """`defect` is one of none, forgets, parrot, recites, leaks, empty, sometimes, unknown, redirects, huge,
    slow, busy, always_busy, keyed_by_nothing, stale_metrics, one_sided_record, shows_strangers.

    `window` is how many earlier turns a session keeps. With `conversations`, the server answers right
    whatever its history holds the answer to; without, it quotes the statement of its history that shares
    most words with the question, the latest of equals.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, defect: str = "none", conversations: Sequence[Conversation] = (), window: int | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.defect = defect
        self.conversations = conversations
        self.window = window
        self.lock = threading.Lock()
        self.sessions: dict[str, History] = defaultdict(list)
        self.requests: list[tuple[str, dict[str, str], dict[str, object]]] = []
        self.pages = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, session: str | None, text: str) -> str:
        """The reply to a new user message, and the turn kept under its session."""
        key = "everybody" if self.defect == "leaks" else session
        if key is None and self.defect == "keyed_by_nothing":
            key = "nobody"
        with self.lock:
            history = self.sessions[key] if key is not None else []
            seen = [] if self.defect == "forgets" else [said for said, _ in history]
            if self.window is not None:
                seen = seen[len(seen) - min(self.window, len(seen)) :]
            reply = self.engine(seen, text)
            history.append((text, reply))
        return reply

    def engine(self, seen: list[str], question: str) -> str:
        if self.defect == "unknown":
            return UNKNOWN
        if self.defect == "parrot":
            return "\n".join([*seen, question])
        if self.defect == "recites":
            return "\n".join(seen)
        if self.conversations:
            return oracle(self.conversations, seen, question)
        return quote(seen, question)


def oracle(conversations: Sequence[Conversation], seen: list[str], question: str) -> str:
    for conversation in reversed(conversations):
        if conversation.question == question and all(holds("\n".join(seen), atom) for atom in conversation.expected):
            return f"It is **{' and '.join(conversation.expected)}**."
    return UNKNOWN


def quote(seen: list[str], question: str) -> str:
    if "did i just" in question.lower() and seen:
        return f"You asked: {seen[-1]}"
    wanted = set(re.findall(r"\w+", question.lower())) - _SMALL_WORDS
    sentences = [sentence for text in seen for sentence in re.split(r"(?<=[.?!])\s+", text)]
    sentences = [sentence for sentence in sentences if not sentence.endswith("?")]
    shared = [len(wanted & set(re.findall(r"\w+", sentence.lower()))) for sentence in sentences]
    if not shared or max(shared) < 2:
        return UNKNOWN
    return [sentence for sentence, found in zip(sentences, shared, strict=True) if found == max(shared)][-1]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: ChatServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append((self.path, dict(self.headers), body))
            count = len(self.server.requests)
        defect = self.server.defect
        if defect == "empty":
            return self.send(200, "{}")
        if defect == "redirects":
            return self.send(307, "", location=self.server.url + "/elsewhere")
        if defect == "sometimes" and count % 3 == 0:
            return self.send(500, '{"error": {"message": "out of luck"}}')
        if (defect == "busy" and count % 3) or defect == "always_busy":
            return self.send(429, '{"error": {"message": "too many"}}', retry_after="0")
        if defect == "huge":
            return self.send(200, " " * 1_000_001)
        if defect == "slow":
            threading.Event().wait(1.0)
        reply = self.server.answer(self.headers.get("X-Session-ID"), body["messages"][-1]["content"])
        return self.send(
            200,
            json.dumps(
                {
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": reply}}],
                    "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
                }
            ),
        )

    def do_GET(self) -> None:
        server = self.server
        with server.lock:
            server.pages += 1
            if self.path == "/metrics/sessions":
                sessions = 0 if server.defect == "stale_metrics" else len(server.sessions)
                turns = 0 if server.defect == "stale_metrics" else sum(map(len, server.sessions.values()))
                figures = {"sessions": {"active": sessions, "turns": turns}, "reads": server.pages}
                return self.send(200, json.dumps(figures))
            if self.path == "/metrics/text":
                lines = ["# TYPE active gauge", f'sessions_active{{model="m 1"}} {len(server.sessions)}']
                return self.send(200, "\n".join([*lines, f"page_reads_total {server.pages}", "limit 10"]))
            history = server.sessions.get(self.path.removeprefix("/sessions/"))
        if history is None:
            return self.send(*((200, '{"messages": []}') if server.defect == "shows_strangers" else (404, "{}")))
        roles = ("user",) if server.defect == "one_sided_record" else ("user", "assistant")
        shown = [
            {"role": role, "content": text}
            for turn in history
            for role, text in zip(("user", "assistant"), turn, strict=True)
            if role in roles
        ]
        return self.send(200, json.dumps({"id": "x", "conversation": {"messages": shown}}))

    def send(self, status: int, text: str, location: str = "", retry_after: str = "") -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if location:
            self.send_header("Location", location)
        if retry_after:
            self.send_header("Retry-After", retry_after)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:  # a client that hung up is what some tests are about
            self.close_connection = True


Serve = Callable[..., ChatServer]


@contextmanager
def serving() -> Iterator[Serve]:
    """Starts servers on free ports, and stops them in the end."""
    servers: list[ChatServer] = []

    def serve(
        defect: str = "none", conversations: Sequence[Conversation] = (), window: int | None = None
    ) -> ChatServer:
        server = ChatServer(defect, conversations, window)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return server

    try:
        yield serve
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
