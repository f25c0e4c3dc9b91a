"""Time limits for clients, and the number of clients at once."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one listener. Settings have the names of these fields, and their defaults unless they say otherwise."""

    max_connections: int = 1024
    """Further ones wait in the kernel's queue."""
    request_head_seconds: float = 10.0
    """For a request's line and headers, from the first byte, or from the connection if there was none yet."""
    request_body_seconds: float = 60.0
    """For a request's body, or a message of a WebSocket, from its first byte to its last."""
    request_idle_seconds: float = 10.0
    """For the next byte of a body that is not whole."""
    send_seconds: float = 30.0
    """For a client to take what waits to be sent to it; then it counts as gone."""
    keep_alive_seconds: float = 5.0
    """For the next request on a connection."""
    max_head_bytes: int = 2**17
    """Of a request's line and headers together: all that is read before they are whole."""
    max_message_bytes: int = 2**23
    """Of a message of a WebSocket."""
    max_held_bytes: int = 2**25
    """Of bodies and messages of all clients together, while they come and are worked on."""


DEFAULTS = Limits()


def head_bytes(max_header_bytes: int) -> int:
    """The bytes to read of a head for a header limit: enough to report what is too long, request line included."""
    return 2 * max_header_bytes + 2**16


def limits_of(settings: object, prefix: str = "", **more: int) -> Limits:
    """The limits that settings state under the names of the fields, behind a prefix; `more` are those that differ."""
    stated = {field.name: getattr(settings, prefix + field.name, None) for field in fields(Limits)}
    return replace(DEFAULTS, **{name: value for name, value in (stated | more).items() if value is not None})
