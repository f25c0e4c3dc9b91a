"""The process that listens at an address of this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

import psutil

from acceptance.deployment import Deployment

EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - what a listener may be bound to, not what we bind
UNSEEN = -1


def listening_process(host: str, port: int) -> int | None:
    """The id of the process that listens there; UNSEEN where it hides its id, None where nobody listens."""
    hosts = {"127.0.0.1", "::1"} if host == "localhost" else {host}
    for connection in psutil.net_connections(kind="tcp"):
        if (
            connection.status == psutil.CONN_LISTEN
            and connection.laddr.port == port
            and connection.laddr.ip in hosts.union(EVERY_ADDRESS)
        ):
            return UNSEEN if connection.pid is None else int(connection.pid)
    return None


def service_process(deployment: Deployment) -> int | None:
    """The process behind a target on this machine, or None where it runs elsewhere or cannot be seen."""
    parts = urlsplit(deployment.target)
    if not deployment.is_local or parts.hostname is None:
        return None
    found = listening_process(parts.hostname, parts.port or 80)
    return None if found == UNSEEN else found
