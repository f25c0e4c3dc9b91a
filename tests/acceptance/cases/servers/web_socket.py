"""A WebSocket that answers a prompt."""

from __future__ import annotations

import json

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection


class Socket:
    """A WebSocket that answers a prompt soundly but for what is `wrong`."""

    def __init__(self) -> None:
        self.wrong = ""

    def __call__(self, opened: ServerConnection) -> None:
        try:
            prompt = json.loads(opened.recv())
            assert prompt["messages"]
            self._answer(opened)
        except ConnectionClosed:
            pass

    def _answer(self, opened: ServerConnection) -> None:
        if self.wrong == "error":
            opened.send(json.dumps({"error": "no model"}))
        pieces = ["the whole answer"] if self.wrong == "one message" else ["the ", "whole ", "answer"]
        for piece in pieces if self.wrong != "says nothing" else []:
            opened.send(json.dumps({"content": piece}))
        if self.wrong == "breaks off":
            opened.close(1011, "the engine died")
        elif self.wrong != "closes":
            opened.send("[DONE]")
