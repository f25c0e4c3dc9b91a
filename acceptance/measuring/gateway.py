"""A gateway in front of several services: the models that it lists, and what it answers for one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from signoff.acceptance.errors import NotMeasurable
from signoff.acceptance.evidence import Evidence, Record
from signoff.acceptance.measuring import generation, role
from signoff.acceptance.measuring.site import Site

ROLE = "gateway"
MODELS_PATH = "/v1/models"
MAX_TOKENS = 8
FEWEST_SERVICES = 2
SHOWN = 6
_NAME_KEYS = ("id", "name", "model", "service", "service_name")
_TABLES = ("services", "models", "backends", "data", "instances")


def models(site: Site, services: Sequence[str] = ()) -> Evidence:
    """What the gateway lists, asked once.

    Where the deployment names no gateway, the target is one if it lists models of several of the services; a service
    that lists its own model under two names is none. Else NotMeasurable.
    """
    evidence = site.measured("gateway-models", lambda recorder: recorder.write("models", _ask(site, MODELS_PATH)))
    answer = next(evidence.of("models"))
    found = names(answer.get("json"))
    served = [service for service in services if any(speaks_of(service, name) for name in found)]
    if not answer["named"] and len(served) < FEWEST_SERVICES:
        raise NotMeasurable(
            f"{answer['url']} lists {short(found) or 'nothing'}: so little shows no gateway to several services",
            role.hint(ROLE),
        )
    return evidence


def complete(site: Site, model: str | None, content: str) -> Record:
    """A small completion that the gateway is asked for in the name of a model."""
    body: dict[str, Any] = {
        "messages": [{"role": "user", "content": content}],
        "max_tokens": MAX_TOKENS,
        "temperature": 0,
    }
    if model is not None:
        body["model"] = model
    return _ask(site, generation.CHAT_PATH, body=body)


def listed(answer: Record) -> tuple[list[str], str]:
    """The names in an answer that lists models or services, or the sentence that says why there are none."""
    if answer["status"] != 200:
        return [], f"{answer['url']} gives {answer['status'] or answer['error']}, not 200"
    found = names(answer.get("json"))
    if not found:
        return [], f"{answer['url']} gives 200 and lists nothing"
    return found, ""


def names(body: Any) -> list[str]:
    """The names of models or services in a listing, each once."""
    return list(dict.fromkeys(name for name, _ in entries(body)))


def entries(body: Any) -> list[tuple[str, Any]]:
    """Names with the entries below them: OpenAI's list of models, or a list or table of services."""
    return list(_entries(body, False))


def speaks_of(service: str, name: str) -> bool:
    """Whether a model's or a service's name holds a service's: `phi` is in `phi-3-mini`, not in `dolphin`."""
    words = re.findall(r"[a-z]+|\d+", service.lower())
    pattern = r"[^a-z0-9]*".join(map(re.escape, words))
    return bool(words) and re.search(rf"(?<![a-z]){pattern}(?![a-z])", name.lower()) is not None


def short(found: list[str]) -> str:
    """A few of the names, for a reason."""
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(found[:SHOWN]) + more


def _ask(site: Site, path: str, body: Any = None) -> Record:
    url, _ = site.deployment.role_url(ROLE, "")
    # An address that ends in /v1, as clients of OpenAI's API write it, is the same gateway.
    path = path.removeprefix("/v1") if url.endswith("/v1") else path
    # Only the listing shows whether a gateway is there: a completion's 404 may be about its model.
    return role.ask(
        site, ROLE, path, default="", method="POST" if body else "GET", body=body, is_found=body is not None
    )


def _entries(body: Any, is_table: bool) -> Iterator[tuple[str, Any]]:
    if isinstance(body, str):
        yield body, None
    elif isinstance(body, list):
        for entry in body:
            yield from _entries(entry, False)
    elif isinstance(body, Mapping):
        own = [body[key] for key in _NAME_KEYS if isinstance(body.get(key), str)]
        if own and not is_table:
            yield from ((name, body) for name in own)
            return
        for key, value in body.items():
            if key in _TABLES:
                yield from _entries(value, True)
            elif is_table:
                yield str(key), value
