"""Requests and results of security checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import httpx

Outcome = Literal["weak", "sound", "not_checked"]
CHAT = "/v1/chat/completions"
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, and on which answer that stands."""

    check: str
    outcome: Outcome
    detail: str


@dataclass(frozen=True, slots=True)
class Probe:
    """A service at a URL, with its key and that of another caller where they are known."""

    url: str
    key: str = ""
    other_key: str = ""

    def send(self, method: str, path: str, key: str | None = None, **options: Any) -> httpx.Response:
        """One request with this key, the service's own where none is given. Raises httpx.HTTPError."""
        shown = self.key if key is None else key
        headers = {**({"Authorization": f"Bearer {shown}"} if shown else {}), **options.pop("headers", {})}
        # The certificate is the transport check's to judge.
        with httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=False) as client:  # noqa: S501
            return client.request(method, self.url + path, headers=headers, **options)

    def chat(self, key: str | None = None, **fields: Any) -> httpx.Response:
        """One short chat."""
        body = {"messages": [{"role": "user", "content": "Greet."}], "max_tokens": 1, **fields}
        return self.send("POST", CHAT, key, json=body)
