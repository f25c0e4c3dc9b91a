"""URLs of requests: a fixed base and a path that cannot leave it.

Each request URL is created here. A base is normalized so that all parsers agree on its host; a path
begins with `/`, so that none of it is taken for a part of the host.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from signoff.perf.errors import UrlInvalid

PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
HTTP: Final = {"ws": "http", "wss": "https"}
WEBSOCKET: Final = {"http": "ws", "https": "wss"}
LAST_PORT: Final = 65_535
# Both cases are written out: where case is ignored, letters outside ASCII match as well.
_URL = re.compile(r"(?P<scheme>[A-Za-z]+)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_AUTHORITY = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>[0-9]{1,5}))?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port; a WebSocket has the origin of its HTTP handshake."""

    scheme: str
    host: str
    port: int

    def url(self) -> str:
        """The origin as a URL without a path."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


def origin(url: str) -> Origin:
    """The origin of a URL. Raises UrlInvalid for one whose host or port could be read in two ways."""
    parts = _parts(url)
    scheme = parts["scheme"].lower()
    found = _AUTHORITY.fullmatch(parts["authority"])
    if "@" in parts["authority"]:
        raise UrlInvalid("a URL holds a name or a password before its host", "give a key by a variable, not in a URL")
    if scheme not in PORTS or found is None:
        raise UrlInvalid(f"{_shown(url)} is no URL with a host and a port", "write it as http://HOST:PORT")
    port = int(found["port"]) if found["port"] else PORTS[scheme]
    if not 1 <= port <= LAST_PORT:
        raise UrlInvalid(f"{_shown(url)} has port {port}", f"a port is a whole number from 1 to {LAST_PORT}")
    return Origin(HTTP.get(scheme, scheme), found["name"].lower() if found["name"] else _ipv6(found["ipv6"], url), port)


def joined(base: str, path: str) -> str:
    """The URL of a path below a base; without a path the base itself. Raises UrlInvalid.

    The base may have a path, which precedes the other one. No path leads to another origin, nor above the
    path of its base.
    """
    intended = origin(base)
    own = _parts(base)["rest"]
    if "?" in own or "#" in own or "\\" in own or _CONTROL.search(own):
        raise UrlInvalid(f"{_shown(base)} is no base of a path", "write it as http://HOST:PORT, without a query")
    if not path:
        return base
    if not path.startswith("/"):
        raise UrlInvalid(f"{_shown(path)} is no path of a request", "a path begins with /")
    plain = path.partition("?")[0]
    if _CONTROL.search(path) or "#" in path or "\\" in plain or not _is_text(path):
        raise UrlInvalid(f"{_shown(path)} contains invalid characters for a path", "percent-encode it")
    if own.strip("/") and any(_DOTS.fullmatch(segment) for segment in plain.split("/")):
        raise UrlInvalid(f"{_shown(path)} leads out of {_shown(base)}", "write the path without dots")
    url = base.rstrip("/") + path
    if origin(url) != intended:
        raise UrlInvalid(f"{_shown(path)} leads away from {_shown(base)}", "write the path alone")
    return url


def as_http(url: str) -> str:
    """The same URL with the HTTP scheme of its handshake."""
    return _with_scheme(url, HTTP)


def as_websocket(url: str) -> str:
    """The same URL with the scheme of a WebSocket."""
    return _with_scheme(url, WEBSOCKET)


def _with_scheme(url: str, schemes: dict[str, str]) -> str:
    origin(url)
    scheme, colon, rest = url.partition(":")
    return schemes.get(scheme.lower(), scheme) + colon + rest


def _parts(url: str) -> re.Match[str]:
    found = _URL.fullmatch(url)
    if found is None:
        raise UrlInvalid(f"{_shown(url)} is no URL with a host", "write it as http://HOST:PORT")
    return found


def _ipv6(text: str, url: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise UrlInvalid(
            f"{_shown(url)} has no IPv6 address in its brackets", "write it as http://[::1]:PORT"
        ) from None


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(text: str) -> str:
    """A quoted text with visible control characters and without the password of a URL."""
    text = re.sub(r"//[^/?#]*@", "//...@", text)
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")
