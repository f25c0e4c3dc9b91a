"""Where requests go: the parts of a URL, its addresses, and the head of an HTTP request."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from perf.errors import PlanInvalid, Unresolved

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OWN_HEADERS = ("host", "content-length", "transfer-encoding", "connection")

CHAT_PATH = "/v1/chat/completions"


def chat_url(url: str) -> str:
    """The URL that requests go to: chat completions, where only a server (or its /v1) is named. Raises PlanInvalid."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise PlanInvalid(f"{url!r}: {error}", "give a URL such as http://127.0.0.1:8000") from None
    path = parts.path.rstrip("/")
    return urlunsplit(parts._replace(path=CHAT_PATH if path in ("", "/v1") else path))


Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""An address family and what `socket.connect` takes for it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server and a path on it."""

    url: str
    tls: bool
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str) -> Endpoint:
        """Raises PlanInvalid where `url` is not an http or https URL with a host."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise PlanInvalid(f"{url!r}: {error}", "give a URL such as http://127.0.0.1:8000/v1/completions") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise PlanInvalid(
                f"{url!r} is not an http or https URL with a host",
                "give a URL such as http://127.0.0.1:8000/v1/completions",
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not path.isascii() or re.search(r"[\x00-\x20\x7f]", path):
            raise PlanInvalid(f"{url!r}: the path has characters that need percent-encoding")
        tls = parts.scheme == "https"
        return cls(url, tls, parts.hostname, port or (443 if tls else 80), path)

    async def addresses(self) -> list[Address]:
        """Every address of the host, in the resolver's order. Raises Unresolved."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"{self.host}: no address ({error})", f"check the host name in {self.url}") from None
        return [(socket.AddressFamily(family), where) for family, _, _, _, where in found]

    def head(self, headers: Mapping[str, str], path: str | None, stream: bool) -> bytes:
        """The request head up to the value of Content-Length, which the caller appends."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default_port = 443 if self.tls else 80
        lines = {
            "host": host if self.port == default_port else f"{host}:{self.port}",
            "user-agent": "signoff",
            "accept": "text/event-stream" if stream else "application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value) or not value.isascii():
                raise PlanInvalid(f"header {name!r} cannot be sent: a name or value outside RFC 9110")
            if name.lower() in _OWN_HEADERS:
                raise PlanInvalid(f"header {name!r} is the client's own", "leave it out")
            lines[name.lower()] = value
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {path or self.path} HTTP/1.1\r\n{text}content-length: ".encode("ascii")
