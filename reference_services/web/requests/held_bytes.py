"""The bytes of clients in a service's memory: bodies and messages in progress."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

FREE_BYTES = 2**16
"""What each client may hold in any case: a few who send large bodies slowly do not shut out all the others."""
_SHARE = "held_bytes"


class NoRoom(Exception):
    """All clients together hold as much as they may."""


class HeldBytes:
    """A limit that all clients share: many bodies at once take no more memory than a few."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = 0

    def share(self) -> Share:
        """What one request or one socket holds."""
        return Share(self)


class Share:
    """The bytes of one client. `release` them in any case."""

    def __init__(self, held: HeldBytes) -> None:
        self._held = held
        self.now = 0

    def hold(self, count: int) -> None:
        """Reserve bytes. Raises NoRoom without changing anything."""
        more = count - self.now
        if more > 0 and count > FREE_BYTES and self._held.now + more > self._held.most:
            raise NoRoom
        self._held.now += more
        self.now = count

    def release(self) -> None:
        """Hold nothing any more."""
        self.hold(0)


class HoldsBodies:
    """Middleware: the body of a request, as `body.read` takes it in, is held until the request has ended."""

    def __init__(self, app: ASGIApp, held: HeldBytes) -> None:
        self._app = app
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one socket."""
        share = scope[_SHARE] = self._held.share()
        try:
            await self._app(scope, receive, send)
        finally:
            share.release()


def share_of(scope: Scope) -> Share:
    """What the request or socket of this scope holds."""
    found: Share = scope[_SHARE]
    return found
