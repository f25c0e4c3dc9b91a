"""The body of a request, read within the limits on one and on all of them."""

from __future__ import annotations

from starlette.requests import Request

from signoff.reference_services.web.requests.held_bytes import share_of


class TooLong(Exception):
    """The body is longer than `most_bytes`."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(f"The body is longer than {most_bytes} bytes.")
        self.most_bytes = most_bytes


async def read(request: Request, most_bytes: int) -> bytearray:
    """The body. Raises TooLong, NoRoom, and ClientDisconnect if the client leaves before its end."""
    share = share_of(request.scope)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > most_bytes:
            raise TooLong(most_bytes)
        share.hold(len(content))
    return content
