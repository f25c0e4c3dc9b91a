"""Access control against web pages: which hosts and origins may send requests.

A browser sends a page's requests to any address that the page names, this machine's too, and a name can be made to mean
this machine after the page was loaded (DNS rebinding). Such requests say so themselves: `Origin` and `Sec-Fetch-Site`
name the page, `Host` the name by which it asked. Other clients send neither of the first two.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from signoff.reference_services.web.access.authority import Authority, is_address, is_loopback, read_host, read_origin
from signoff.reference_services.web.access.refusal import Refusal

ANY = "*"
_OWN_SITES = (b"same-origin", b"none")
"""`none`: a person typed the address or followed a bookmark."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Who else may ask. A setting each, of every service; nothing by default."""

    hosts: tuple[str, ...] = ()
    """Names by which the service is asked. `*`: whatever name."""
    origins: tuple[str, ...] = ()
    """Web pages. `*`: whatever page."""
    proxies: tuple[str, ...] = ()
    """Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""


class Visitors:
    """Decides who may ask.

    Beyond loopback a service cannot know its names: there every `Host` is taken until some are allowed, and an address
    always is, because it cannot be made to mean another machine.
    """

    def __init__(self, allowed: Allowed) -> None:
        self._hosts = frozenset(allowed.hosts)
        self._origins = frozenset(allowed.origins)
        self._proxies = ProxyHeadersMiddleware(_nothing, list(allowed.proxies)) if allowed.proxies else None

    async def refusal(self, scope: MutableMapping[str, Any]) -> Refusal | None:
        """Why a request, or the handshake of a WebSocket, is not let in.

        Afterwards `client` is who asked, where the request came through a proxy that is believed.
        """
        if self._proxies is not None:
            await self._proxies(scope, None, None)  # type: ignore[arg-type]  # neither is used
        hosts = _given(scope, b"host")
        if not hosts and scope.get("http_version") == "1.0":
            # No browser is that old; probes of load balancers are.
            return self._page(scope, None)
        host = read_host(hosts[0].decode("latin-1")) if len(hosts) == 1 else None
        if host is None:
            return Refusal(400, "Host: a request has one, a name or an address with its port.", "invalid_host")
        if not self._is_own(host.name, scope):
            message = f"Host: {host.name} is no name of this service; the setting allowed_hosts says which are."
            return Refusal(403, message, "foreign_host")
        return self._page(scope, host)

    def _is_own(self, name: str, scope: MutableMapping[str, Any]) -> bool:
        """Whether the service may be called so, over the connection by which it is asked."""
        if is_loopback(name) or not self._hosts.isdisjoint((name, ANY)):
            return True
        server = scope.get("server")
        return server is not None and not is_loopback(server[0]) and (not self._hosts or is_address(name))

    def _page(self, scope: MutableMapping[str, Any], host: Authority | None) -> Refusal | None:
        """Whether a page of another origin asks. Which one it is counts more than where it lies."""
        origins = _given(scope, b"origin")
        if origins:
            return None if all(self._is_known(each.decode("latin-1"), host) for each in origins) else _foreign("Origin")
        site = _given(scope, b"sec-fetch-site")
        if all(each in _OWN_SITES for each in site) or _is_link(scope):
            return None
        return _foreign("Sec-Fetch-Site")

    def _is_known(self, text: str, host: Authority | None) -> bool:
        if ANY in self._origins or text.lower() in self._origins:
            return True
        origin = read_origin(text)
        return origin is not None and host is not None and origin.is_of(host)


def _foreign(header: str) -> Refusal:
    message = f"{header}: a web page of another origin may not ask; the setting allowed_origins says which may."
    return Refusal(403, message, "foreign_origin")


def _is_link(scope: MutableMapping[str, Any]) -> bool:
    """Whether a person followed a link: the answer is then a new page, which the other one cannot read."""
    shown = _given(scope, b"sec-fetch-mode") == [b"navigate"] and _given(scope, b"sec-fetch-dest") == [b"document"]
    return shown and scope.get("method") in ("GET", "HEAD")


def _given(scope: MutableMapping[str, Any], name: bytes) -> list[bytes]:
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value for each, value in headers if each == name]


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """uvicorn's middleware corrects the scope and calls an app; there is none here."""
