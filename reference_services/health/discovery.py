"""The services behind a gateway, as it reports them."""

from __future__ import annotations

import httpx

from signoff.reference_services.health.estate_file import Listed

GATEWAY = "gateway"
TIMEOUT_S = 2.0


def of_gateway(url: str) -> tuple[Listed, ...]:
    """The gateway and the replicas behind it. A gateway that reports none is listed alone: its own health says why."""
    found = [Listed(GATEWAY, GATEWAY, url.rstrip("/"), url.rstrip("/"))]
    try:
        services = httpx.get(f"{url.rstrip('/')}/services", timeout=TIMEOUT_S, trust_env=False).json()["services"]
        for service in services:
            for number, replica in enumerate(service["replicas"], 1):
                name = service["name"] if number == 1 else f"{service['name']} ({number})"
                found.append(Listed(name, service["name"], replica["address"].rstrip("/"), replica["address"]))
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return tuple(found[:1])
    return tuple(found)
