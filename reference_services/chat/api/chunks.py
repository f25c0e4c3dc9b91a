"""An answer in chunks, as streams and sockets send them, and what every answer reports beside its text."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from signoff.reference_services.chat.api.answers import Shape
from signoff.reference_services.chat.api.generation import Generation
from signoff.reference_services.web.access.failures import Refused, internal


async def chunks(
    started: Generation, shape: Shape, model: str, wants_usage: bool
) -> AsyncGenerator[dict[str, Any], None]:
    """The chunks of an answer as they come. One with `error` is the last: nothing pretends that the answer is whole."""
    head = {**shape.head(started.id, started.created, model, is_chunk=True), **cached(started)}
    tail: dict[str, Any] = {"usage": None} if wants_usage else {}
    # Told once, in the first chunk: passages in every chunk would be most of the stream.
    first = started.context.shown()

    def chunk(choice: dict[str, Any]) -> dict[str, Any]:
        nonlocal first
        made = {**head, **first, "choices": [choice], **tail}
        first = {}
        return made

    offsets = [0] * len(started.finish_reasons)
    begun = [not shape.is_chat] * len(offsets)
    try:
        async with aclosing(started.steps()) as steps:
            async for index, step in steps:
                if not begun[index]:
                    # With the first token, not before it: its arrival is what clients take for the first token.
                    yield chunk(shape.head_part(index))
                    begun[index] = True
                yield chunk(shape.part(index, step, offsets[index]))
                offsets[index] += len(step.text)
    except Refused as refused:
        started.fail()
        # The status is out; the error goes in-band.
        yield refused.body()
        return
    except Exception as error:
        started.fail()
        yield internal(error, shape.chunk).body()
        return
    for index, reason in enumerate(started.finish_reasons):
        if not begun[index]:
            yield chunk(shape.head_part(index))
        told_last = started.moderation() if index == len(offsets) - 1 else {}
        yield {**chunk(shape.tail_part(index, reason)), **told_last}
    if wants_usage:
        yield {**head, "choices": [], "usage": started.usage}


def own_fields(started: Generation) -> dict[str, Any]:
    """The additional fields of a whole answer: each one only if its feature is on."""
    return {**cached(started), **started.context.shown(), **started.moderation()}


def cached(started: Generation) -> dict[str, Any]:
    """Whether the answer was kept from before."""
    return {} if started.cache is None else {"cached": started.cache == "hit"}
