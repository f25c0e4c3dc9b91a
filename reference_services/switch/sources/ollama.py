"""A source behind an Ollama server, by Ollama's API reference (docs/api.md of ollama/ollama).

Answers come as lines of JSON. A failure after the first line has the status 200 and is a line with `error`; an answer
that has no line with `done` is one that broke off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from signoff.reference_services.switch.requests.requests import Asked
from signoff.reference_services.switch.sources.exchange import (
    OK,
    PROBE_S,
    as_count,
    as_object,
    client,
    json_object,
    opened,
    parts,
    whole,
)
from signoff.reference_services.switch.sources.source import Answer, State, Unavailable

NAME = "ollama"
NOT_FOUND = 404
MB = 10**6
LONGEST_ERROR = 200


class Ollama:
    """Asks `URL/api/chat`. `context` is the same in every request: Ollama loads its model again where it changes."""

    framework = NAME

    def __init__(self, label: str, model: str, url: str, context: int) -> None:
        self.label = label
        self.model = model
        self.version = ""
        # The address of its OpenAI-compatible side is taken for what it belongs to.
        self._url = url.rstrip("/").removesuffix("/v1")
        self._context = context
        self._client = client()

    async def load(self) -> None:
        """Ollama loads a model when it is asked."""

    async def state(self) -> State:
        """Whether it has the model, and what that takes while it is loaded."""
        try:
            if not self.version:
                self.version = str((await self._fields("/api/version")).get("version", ""))
            listed = _entry(await self._fields("/api/tags"), self.model)
            loaded = _entry(await self._fields("/api/ps"), self.model)
        except Unavailable as error:
            return State(str(error))
        if listed is None:
            return State(f"The model is not loaded: {self._lacks()}")
        size = as_count(loaded.get("size")) if loaded is not None else None
        return State(memory_mb=None if size is None else size // MB)

    async def answer(self, asked: Asked, max_tokens: int) -> Answer:
        """The text of all lines. Raises Unavailable. Closing the connection ends the work."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": asked.prompt}],
            "stream": True,
            # A prompt that is too long is an error, and is not cut in silence.
            "truncate": False,
            "options": {
                "temperature": asked.temperature,
                "num_predict": max_tokens,
                "num_ctx": self._context,
            },
        }
        texts: list[str] = []
        async with opened(self._client, NAME, "POST", f"{self._url}/api/chat", json=body) as response:
            if response.status_code != OK:
                raise await self._refusal(response)
            async for line in _lines(response):
                if "error" in line:
                    raise Unavailable(f"{NAME} fails while it answers: {_shortened(line['error'])}")
                message = line.get("message")
                content = message.get("content") if isinstance(message, Mapping) else None
                texts.append(content if isinstance(content, str) else "")
                if line.get("done") is True:
                    break
            else:
                raise Unavailable(f"{NAME} broke off its answer: no line says that it is done")
        if not (text := "".join(texts).strip()):
            raise Unavailable(f"{NAME} answers 200 without a text")
        counts = as_count(line.get("prompt_eval_count")), as_count(line.get("eval_count"))
        return Answer(text, None if counts[0] is None or counts[1] is None else counts[0] + counts[1])

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _fields(self, path: str) -> Mapping[str, Any]:
        return await json_object(self._client, NAME, "GET", self._url + path, timeout=PROBE_S)

    async def _refusal(self, response: httpx.Response) -> Unavailable:
        reason = (as_object(await whole(response, NAME)) or {}).get("error")
        why = f": {_shortened(reason)}" if reason else ""
        hint = f" ({self._lacks()})" if response.status_code == NOT_FOUND else ""
        return Unavailable(f"{NAME} answers {response.status_code}{why}{hint}")

    def _lacks(self) -> str:
        return f"{NAME} does not have {self.model}: ollama pull {self.model}"


async def _lines(response: httpx.Response) -> AsyncIterator[Mapping[str, Any]]:
    """The objects of the lines. Only a line feed ends a line: other separators may be within a text."""
    rest = b""
    async for part in parts(response, NAME):
        *ended, rest = (rest + part).split(b"\n")
        for line in ended:
            if line.strip():
                yield _object(line)
    if rest.strip():
        yield _object(rest)


def _object(line: bytes) -> Mapping[str, Any]:
    found = as_object(line)
    if found is None:
        raise Unavailable(f"{NAME} answers a line that is no JSON object")
    return found


def _entry(body: Mapping[str, Any], model: str) -> Mapping[str, Any] | None:
    """The model's entry in a list of models; a name without a tag means `latest`."""
    names = {model, model if ":" in model else f"{model}:latest"}
    listed = body.get("models")
    entries = listed if isinstance(listed, list) else []
    return next((each for each in entries if isinstance(each, Mapping) and each.get("name") in names), None)


def _shortened(text: Any) -> str:
    return " ".join(str(text).split())[:LONGEST_ERROR]
