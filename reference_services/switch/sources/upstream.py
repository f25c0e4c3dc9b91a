"""A source behind an OpenAI-compatible URL: OpenAI itself, llama.cpp's server, vLLM."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from signoff.reference_services.switch.requests.requests import Asked
from signoff.reference_services.switch.sources.exchange import PROBE_S, as_count, client, json_object
from signoff.reference_services.switch.sources.source import Answer, State, Unavailable


class Upstream:
    """Asks `URL/chat/completions`. Redirects are not followed: the key belongs to this origin."""

    version = ""

    def __init__(
        self, label: str, model: str, framework: str, url: str, api_key: str = "", organization: str = ""
    ) -> None:
        self.label = label
        self.model = model
        self.framework = framework
        self._url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
        headers |= {"OpenAI-Organization": organization} if organization else {}
        self._client = client(headers)

    async def load(self) -> None:
        """The upstream loads its model itself."""

    async def state(self) -> State:
        """Whether its list of models has ours; llama.cpp's server serves one model, whatever its name."""
        try:
            body = await json_object(self._client, self.framework, "GET", f"{self._url}/models", timeout=PROBE_S)
        except Unavailable as error:
            return State(str(error))
        listed = body.get("data")
        names = {str(entry.get("id")) for entry in listed or () if isinstance(entry, Mapping)}
        if self.framework != "llama-cpp" and self.model not in names:
            return State(f"The model is not loaded: {self.framework} does not list {self.model}")
        return State()

    async def answer(self, asked: Asked, max_tokens: int) -> Answer:
        """The text of its first choice. Raises Unavailable for whatever else comes."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": asked.prompt}],
            "max_tokens": max_tokens,
            "temperature": asked.temperature,
        }
        answer = await json_object(self._client, self.framework, "POST", f"{self._url}/chat/completions", json=body)
        text = _text(answer)
        if text is None:
            raise Unavailable(f"{self.framework} answers 200 without a text")
        usage = answer.get("usage")
        return Answer(text.strip(), as_count(usage.get("total_tokens")) if isinstance(usage, Mapping) else None)

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


def _text(body: Mapping[str, Any]) -> str | None:
    choices = body.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else None
    return content if isinstance(content, str) and content.strip() else None
