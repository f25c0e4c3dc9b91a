"""The client's side of a request: work stops when the client leaves, and events go out as they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

Result = TypeVar("Result")
CLIENT_LEFT = 499
"""nginx' status for a client that closed the connection; it is never sent."""


class ClientLeft(Exception):
    """The client closed the connection before the work was done."""


async def while_connected(receive: Receive, work: Coroutine[Any, Any, Result]) -> Result:
    """The result of the work; it is cancelled, and ClientLeft raised, when the client leaves before.

    The request's body must have been read: the next thing to receive is then the disconnect.
    """

    own = asyncio.current_task()
    assert own is not None
    has_left = False

    async def watch() -> None:
        nonlocal has_left
        with contextlib.suppress(Exception):
            while (await receive())["type"] != "http.disconnect":
                pass
            has_left = True
            own.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if has_left and own.cancelling() == 1:  # else somebody else cancelled this task as well
            raise ClientLeft from None
        raise
    finally:
        watching.cancel()
        if has_left:
            # In any case: work may end in another way than by what it was cancelled with.
            own.uncancel()


class EventStream(Response):
    """Server-sent events. `close` runs in any case, even if the client left before the first event."""

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        on_left: Callable[[], None],
        close: Callable[[], Awaitable[None]],
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **(headers or {})})
        # A stream has no length that could be known now.
        del self.headers["content-length"]
        self._events = events
        self._on_left = on_left
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def pump() -> None:
            async for event in self._events:
                await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await while_connected(receive, pump())
        except ClientLeft:
            self._on_left()
        finally:
            await self._events.aclose()
            await self._close()
