"""Addresses of a deployment: URLs with neither a password nor a query."""

from __future__ import annotations

from collections.abc import Sequence

from signoff.acceptance.errors import UsageError
from signoff.perf.client.request_url import joined, origin
from signoff.perf.errors import UrlInvalid

WEBSOCKET_ROLE = "websocket"
WEBSOCKET_SCHEMES = ("ws", "wss")


def checked(target: str, schemes: Sequence[str] = ()) -> str:
    """The address as it is used. Raises UsageError for one that is no URL of http, https or these schemes."""
    if "@" in target.partition("://")[2].partition("/")[0]:
        raise UsageError("the address holds a name or a password", "give a key with --api-key-env NAME")
    try:
        origin(target)
    except UrlInvalid:
        sound = False
    else:
        sound = target.partition("://")[0].lower() in ("http", "https", *schemes)
    if not sound:
        raise UsageError(f"{target!r} is not an http(s) URL", "write it as http://HOST:PORT")
    if "?" in target or "#" in target:
        raise UsageError(f"{target!r} has a query or a fragment", "write it as http://HOST:PORT")
    try:
        return joined(target, "").rstrip("/")
    except UrlInvalid as problem:
        raise UsageError(str(problem), problem.hint) from None


def problem(target: str, schemes: Sequence[str] = ()) -> tuple[str, str] | None:
    """The problem of an address, and a hint."""
    try:
        checked(target, schemes)
    except UsageError as error:
        return str(error), error.hint
    return None
