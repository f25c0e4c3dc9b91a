"""The destination of requests: the parts of a URL, its addresses, and the head of an HTTP request."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from signoff.perf.client.request_url import joined, origin
from signoff.perf.errors import PlanInvalid, Unresolved

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSENDABLE = re.compile(r"[^\x21-\x7e]")
_OWN_HEADERS = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")
RESOLVE_S = 10.0

WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
"""Methods whose requests always have Content-Length."""

CHAT_PATH = "/v1/chat/completions"


def chat_url(url: str) -> str:
    """The URL for requests: chat completions if only a server (or its /v1) is named. Raises UrlInvalid."""
    place, parts = origin(url).url(), urlsplit(url)
    path = parts.path.rstrip("/")
    query = f"?{parts.query}" if parts.query else ""
    return joined(place, f"{CHAT_PATH if path in ('', '/v1') else path}{query}")


Address = tuple[socket.AddressFamily, tuple[Any, ...]]
"""An address family and its argument for `socket.connect`."""


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
        """Raises PlanInvalid if `url` is not an http or https URL with a host."""
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
        origin(url)  # no host that another parser would read in another way
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        _check_path(path, url)
        tls = parts.scheme == "https"
        return cls(url, tls, parts.hostname, port or (443 if tls else 80), path)

    async def addresses(self, within_s: float = RESOLVE_S) -> list[Address]:
        """Every address of the host, in the resolver's order. Raises Unresolved."""
        try:
            found = await _resolved(self.host, self.port, within_s)
        except TimeoutError:
            raise Unresolved(f"{self.host}: no address within {within_s:g} s", "check the resolver") from None
        except (OSError, UnicodeError) as error:
            raise Unresolved(f"{self.host}: no address ({error})", f"check the host name in {self.url}") from None
        return [(socket.AddressFamily(family), where) for family, _, _, _, where in found]

    def head(
        self, headers: Mapping[str, str], path: str | None, stream: bool, method: str = "POST", *, has_body: bool = True
    ) -> bytes:
        """The lines of a request's head without Content-Length; without a body also without Content-Type."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default_port = 443 if self.tls else 80
        usual = {
            "host": host if self.port == default_port else f"{host}:{self.port}",
            "user-agent": "signoff",
            "accept": "text/event-stream" if stream else "application/json",
            "accept-encoding": "identity",
            "content-type": "application/json",
        }
        lines = {name: (name, value) for name, value in usual.items()}
        if not has_body:
            del lines["content-type"]
        if path is not None:
            _check_path(path, self.url)
        for name, value in headers.items():
            if not _TOKEN.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value) or not value.isascii():
                raise PlanInvalid(f"header {name!r} cannot be sent: a name or value outside RFC 9110")
            if name.lower() in _OWN_HEADERS:
                raise PlanInvalid(f"header {name!r} is the client's own", "leave it out")
            lines[name.lower()] = name, value
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.values())
        return f"{method} {path or self.path} HTTP/1.1\r\n{text}".encode("ascii")


def percent_encoded(url: str) -> str:
    """A URL in request form: characters that a path cannot contain (blanks, other scripts) are encoded."""
    return _UNSENDABLE.sub(lambda found: quote(found.group(), errors="replace"), url)


def _check_path(path: str, url: str) -> None:
    if not path.startswith("/") or _UNSENDABLE.search(path):
        raise PlanInvalid(f"{url!r}: the path has characters that need percent-encoding")


async def _resolved(host: str, port: int, within_s: float) -> list[Any]:
    """The resolver's answer, from a daemon thread: the event loop's executor would delay its end."""
    with contextlib.suppress(OSError):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Any]] = loop.create_future()

    def tell(found: list[Any] | None, error: Exception | None) -> None:
        if not answer.done():
            answer.set_result(found or []) if error is None else answer.set_exception(error)

    def ask() -> None:
        found, error = None, None
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as problem:
            error = problem
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, found, error)

    threading.Thread(target=ask, name=f"resolving {host}", daemon=True).start()
    return await asyncio.wait_for(answer, within_s)
