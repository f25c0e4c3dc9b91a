"""Settings that allow other hosts, origins and proxies, as types for pydantic."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode

from signoff.reference_services.web.access.authority import read_host, read_origin
from signoff.reference_services.web.access.visitors import ANY

HOSTS = "names such as llm.example, parted by commas, without a port; * is every name"
ORIGINS = "origins such as https://app.example or http://localhost:3000, parted by commas; * is every page"
PROXIES = "addresses and networks such as 127.0.0.15 or 10.0.0.0/8, parted by commas"


def _split(value: Any) -> Any:
    """A text as its parts, and a list as what it is."""
    if isinstance(value, str):
        return tuple(part for part in (each.strip() for each in value.split(",")) if part)
    return tuple(value) if isinstance(value, list) else value


def _hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each if each == ANY else _host(each) for each in values)


def _host(value: str) -> str:
    # An IPv6 address may come without its brackets.
    host = read_host(f"[{value}]" if value.count(":") > 1 and not value.startswith("[") else value)
    if host is None or host.port is not None:
        raise ValueError(HOSTS)
    return host.name


def _origins(values: tuple[str, ...]) -> tuple[str, ...]:
    for each in values:
        # `null` is what any page in a sandbox says of itself.
        if each != ANY and read_origin(each) is None:
            raise ValueError(ORIGINS)
    return tuple(each.lower() for each in values)


def _proxies(values: tuple[str, ...]) -> tuple[str, ...]:
    for each in values:
        try:
            ipaddress.ip_network(each)
        except ValueError:
            raise ValueError(PROXIES) from None
    return values


_Texts = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
HostNames = Annotated[_Texts, AfterValidator(_hosts), Field(description=HOSTS)]
Origins = Annotated[_Texts, AfterValidator(_origins), Field(description=ORIGINS)]
Proxies = Annotated[_Texts, AfterValidator(_proxies), Field(description=PROXIES)]
