"""Names of hosts as `Host` and `Origin` have them (RFC 9110, section 7.2; RFC 6454, section 6.1).

Starlette's TrustedHostMiddleware splits at the first colon: it takes `localhost:80@evil.example` for localhost, and no
IPv6 address for anything.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass

LARGEST_PORT = 65_535
DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_AUTHORITY = r"(?:\[(?P<ipv6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?)(?::(?P<port>[0-9]{0,5}))?"
_HOST = re.compile(_AUTHORITY)
_ORIGIN = re.compile(rf"(?P<scheme>[a-z][a-z0-9+.-]*)://{_AUTHORITY}")


@dataclass(frozen=True, slots=True)
class Authority:
    """A name in lower case or an address in its short form, and the port if one is said."""

    name: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a web page comes from."""

    scheme: str
    authority: Authority

    def is_of(self, host: Authority) -> bool:
        """Whether a page of this origin asks the host that it came from.

        The scheme is not compared: a proxy in front may speak TLS for the service.
        """
        default = DEFAULT_PORTS.get(self.scheme)
        own = self.authority
        return own.name == host.name and (own.port or default) == (host.port or default)


def read_host(text: str) -> Authority | None:
    """What a `Host` says, or None if it is none. One dot at the end is DNS's own, and left out."""
    return _authority(_HOST.fullmatch(text.lower()))


def read_origin(text: str) -> Origin | None:
    """What an `Origin` says, or None if it is none, `null` included: that may be any page."""
    match = _ORIGIN.fullmatch(text.lower())
    authority = _authority(match)
    return Origin(match["scheme"], authority) if match is not None and authority is not None else None


def is_address(name: str) -> bool:
    """Whether a name is an IP address."""
    with contextlib.suppress(ValueError):
        ipaddress.ip_address(name)
        return True
    return False


def is_loopback(name: str) -> bool:
    """Whether a name or an address is this machine's alone. No name but `localhost`: others are what DNS says."""
    if name.lower() == "localhost":
        return True
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(name)
        return (getattr(address, "ipv4_mapped", None) or address).is_loopback
    return False


def _authority(match: re.Match[str] | None) -> Authority | None:
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port <= LARGEST_PORT:
        return None
    if match["ipv6"] is None:
        return Authority(match["name"], port)
    with contextlib.suppress(ValueError):
        return Authority(str(ipaddress.IPv6Address(match["ipv6"])), port)
    return None
