"""One small generation: proof that a server answers, not only reports health."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from signoff.acceptance.evidence import Record
from signoff.acceptance.measuring.site import Site
from signoff.perf.client.chunk import is_error

CHAT_PATH = "/v1/chat/completions"
LONGEST_NAME = 1000


def served_model(site: Site) -> str | None:
    """The first model that `/v1/models` lists, asked once; None if the server has no such list."""
    if not site.models:
        site.models.append(_first_model(site))
    return site.models[0]


def _first_model(site: Site) -> str | None:
    listed = site.ask("GET", "/v1/models").get("json")
    models = listed.get("data") if isinstance(listed, Mapping) else None
    first = models[0] if isinstance(models, list) and models else None
    name = first.get("id") if isinstance(first, Mapping) else None
    return name if isinstance(name, str) and len(name) <= LONGEST_NAME else None


def chat_body(site: Site, content: str, max_tokens: int, **fields: Any) -> dict[str, Any]:
    """The body of a chat completion of one user message, with the model that the server lists.

    `fields` are added, or take the place of what would be sent.
    """
    model = served_model(site)
    return {
        **({} if model is None else {"model": model}),
        "messages": [{"role": "user", "content": content}],
        "max_tokens": max_tokens,
        "temperature": 0,
        **fields,
    }


def generate(site: Site, content: str, max_tokens: int, headers: Mapping[str, str] | None = None) -> Record:
    """Ask for a completion of one user message; the record is that of the request."""
    return site.ask("POST", CHAT_PATH, headers=headers, body=chat_body(site, content, max_tokens))


def reply_text(record: Record) -> str | None:
    """The text that a chat completion holds, or None if the body is not one (`200 {}` is not)."""
    first = _first_choice(record)
    message = first.get("message") if isinstance(first, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else None
    return content if isinstance(content, str) and content.strip() else None


def completion_text(record: Record) -> str | None:
    """The same for a chat or a text completion."""
    first = _first_choice(record)
    text = first.get("text") if isinstance(first, Mapping) else None
    return text if isinstance(text, str) and text.strip() else reply_text(record)


def _first_choice(record: Record) -> Any:
    """The first choice of a completion; None if the body reports an error, whatever else it holds."""
    answer = record.get("json")
    choices = answer.get("choices") if isinstance(answer, Mapping) and not is_error(answer) else None
    return choices[0] if isinstance(choices, list) and choices else None


def unanswered(record: Record) -> str:
    """What came in place of a completion, for a reason: `503`, `200 without a generated text`; "" for one."""
    if record["status"] != HTTPStatus.OK:
        return str(record["status"] or record["error"])
    return "" if completion_text(record) is not None else "200 without a generated text"


def usage(record: Record, field: str) -> int | None:
    """A figure of the completion's `usage`, or None if the server gives none."""
    answer = record.get("json")
    figures = answer.get("usage") if isinstance(answer, Mapping) else None
    value = figures.get(field) if isinstance(figures, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def as_stream(site: Site, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields that make a request a stream, if a limit concerns token times and the server supports them."""
    if not (site.limits("ttft") or site.limits("inter_token_latency")):
        return {}
    plain: Mapping[str, Any] = {"stream": True}
    counted = {**plain, "stream_options": {"include_usage": True}}
    return next((fields for fields in (counted, plain) if takes(site, path, {**body, **fields})), {})


def takes(site: Site, path: str, body: Mapping[str, Any]) -> bool:
    """Whether the server answers this request with status 200."""
    return bool(site.ask("POST", path, body=dict(body)).get("status") == HTTPStatus.OK)
