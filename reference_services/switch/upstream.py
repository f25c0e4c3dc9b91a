"""A source behind an OpenAI-compatible URL: OpenAI itself, Ollama, llama.cpp's server, vLLM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from reference_services.switch.requests import Asked
from reference_services.switch.source import Answer, State, Unavailable

CONNECT_S = 2.0
PROBE_S = 2.0
MAX_BYTES = 10_000_000
OK = 200


class Upstream:
    """Asks `URL/chat/completions`. Redirects are not followed: the key belongs to this origin."""

    def __init__(
        self, label: str, model: str, framework: str, url: str, api_key: str = "", organization: str = ""
    ) -> None:
        self.label = label
        self.model = model
        self.framework = framework
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        headers |= {"OpenAI-Organization": organization} if organization else {}
        timeout = httpx.Timeout(None, connect=CONNECT_S)
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, trust_env=False)

    async def load(self) -> None:
        """The upstream loads its model itself."""

    async def state(self) -> State:
        """Whether its list of models has ours; llama.cpp's server serves one model, whatever its name."""
        try:
            body = await self._exchange("GET", f"{self._url}/models", timeout=PROBE_S)
        except Unavailable as error:
            return State(str(error))
        listed = body.get("data")
        names = {str(entry.get("id")) for entry in listed or () if isinstance(entry, Mapping)}
        if self.framework != "llama-cpp" and not names & {self.model, f"{self.model}:latest"}:
            hint = f": ollama pull {self.model}" if self.framework == "ollama" else ""
            return State(f"The model is not loaded: {self.framework} does not list {self.model}{hint}")
        return State(memory_mb=await self._memory_mb())

    async def answer(self, asked: Asked, max_tokens: int) -> Answer:
        """The text of its first choice. Raises Unavailable for whatever else comes."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": asked.prompt}],
            "max_tokens": max_tokens,
            "temperature": asked.temperature,
        }
        answer = await self._exchange("POST", f"{self._url}/chat/completions", json=body)
        text, tokens = _text(answer), _total(answer)
        if text is None:
            raise Unavailable(f"{self.framework} answers 200 without a text")
        return Answer(text.strip(), tokens)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()

    async def _memory_mb(self) -> int | None:
        """What Ollama says that the model takes; the others do not say."""
        if self.framework != "ollama":
            return None
        try:
            body = await self._exchange("GET", f"{self._url.removesuffix('/v1')}/api/ps", timeout=PROBE_S)
        except Unavailable:
            return None
        for entry in body.get("models") or ():
            if isinstance(entry, Mapping) and entry.get("name") in (self.model, f"{self.model}:latest"):
                size = entry.get("size")
                return size // 10**6 if isinstance(size, int) else None
        return None

    async def _exchange(self, method: str, url: str, **options: Any) -> Mapping[str, Any]:
        """The JSON object that it answers, read within a limit. Raises Unavailable."""
        content = bytearray()
        try:
            async with self._client.stream(method, url, **options) as response:
                async for part in response.aiter_bytes():
                    content += part
                    if len(content) > MAX_BYTES:
                        raise Unavailable(f"{self.framework} answers more than {MAX_BYTES} bytes")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{self.framework} cannot be reached: {type(error).__name__}") from None
        if response.status_code != OK:
            raise Unavailable(f"{self.framework} answers {response.status_code}")
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, Mapping):
            raise Unavailable(f"{self.framework} answers no JSON object")
        return body


def _text(body: Mapping[str, Any]) -> str | None:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else None
    return content if isinstance(content, str) and content.strip() else None


def _total(body: Mapping[str, Any]) -> int | None:
    usage = body.get("usage")
    total = usage.get("total_tokens") if isinstance(usage, Mapping) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None
