"""A gateway, a Prometheus and a Grafana at one address."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.acceptance.conftest import as_json

SERVICES = ["mixtral", "hermes", "phi"]
MODELS = ["mistralai/Mixtral-8x7B-Instruct", "nous-hermes-2", "phi-3-mini"]


class Estate:
    """A gateway, a Prometheus and a Grafana at one address, sound but for what a test changes."""

    def __init__(self) -> None:
        self.models = list(MODELS)
        self.renamed: Mapping[str, str] = {}
        self.unknown: Callable[[str], tuple[int, str, bytes]] = lambda model: as_json({"error": f"no {model}"}, 404)
        self.replicas = itertools.cycle(["replica-a", "replica-b"])
        self.refusals = itertools.chain([502, 502], itertools.repeat(503))
        self.broken = ""
        self.more: dict[str, Any] = {}

    def __call__(self, method: str, path: str, body: bytes) -> tuple[int, str, bytes]:
        if path == "/v1/models" and self.models:
            return as_json({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        if method == "POST":
            return self._complete(json.loads(body))
        found = self.more.get(path)
        return as_json({"error": "unknown"}, 404) if found is None else as_json(*found)

    def _complete(self, request: dict[str, Any]) -> tuple[int, str, bytes]:
        model = request.get("model", "")
        if self.broken and model == self.broken:
            return as_json({"error": "upstream"}, next(self.refusals))
        if model not in self.models:
            return self.unknown(model)
        return completion(self.renamed.get(model, model), next(self.replicas))


def completion(model: str, fingerprint: str | None = None, text: str = "Hello.") -> tuple[int, str, bytes]:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return as_json({"model": model, "system_fingerprint": fingerprint, "choices": [choice]})
