"""Several generations of one request, side by side, as one stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Protocol, cast

from signoff.reference_services.chat.engine.engine import Step


class _Closable(Protocol):
    async def aclose(self) -> None: ...


async def together(streams: Sequence[AsyncIterator[Step]]) -> AsyncGenerator[tuple[int, Step], None]:
    """The steps of all streams as they come, each with the number of its stream; ends all work when it is closed."""
    if len(streams) == 1:
        async with aclosing(cast(_Closable, streams[0])):
            async for step in streams[0]:
                yield 0, step
        return
    # One step waits at most: an engine is never ahead of the client by more.
    queue: asyncio.Queue[tuple[int, Step | Exception | None]] = asyncio.Queue(maxsize=1)

    async def read(number: int, stream: AsyncIterator[Step]) -> None:
        try:
            async with aclosing(cast(_Closable, stream)):
                async for step in stream:
                    await queue.put((number, step))
            await queue.put((number, None))
        except Exception as error:
            await queue.put((number, error))

    tasks = [asyncio.create_task(read(number, stream)) for number, stream in enumerate(streams)]
    try:
        going = len(tasks)
        while going:
            number, item = await queue.get()
            if isinstance(item, Exception):
                raise item
            if item is None:
                going -= 1
            else:
                yield number, item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
