"""Probes of session memory: within a session, over time, across sessions, and without one.

Each probe gives a small result and plain JSON records, the last of which (`record` = `probe`) is the result.
A probe looks for nonces in replies and scores nothing else, so it is about the server more than the model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from signoff.coherence.dialogue import Dialogue, Record, new_session_id
from signoff.coherence.planter import Plant, Planter
from signoff.coherence.scoring import holds, tokens
from signoff.coherence.sender import Sender
from signoff.coherence.session_endpoints import probe_record, probe_session_metrics
from signoff.coherence.session_result import (
    IsolationResult,
    RecallResult,
    StatelessResult,
    WindowResult,
    errors_of,
    records_of,
)

__all__ = [
    "probe_isolation",
    "probe_recall",
    "probe_record",
    "probe_session_metrics",
    "probe_stateless",
    "probe_window",
]

CONCURRENCY = 16

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


async def probe_recall(
    send: Sender, seed: int, sessions: int = 6, most_between: int = 3, question: str = ""
) -> tuple[RecallResult, list[Record]]:
    """State a fact, ask for it 0 to `most_between` turns later, and ask a fresh session the same.

    With a `question` of the caller's ("What did I just ask you?") the turn right before it is a request that
    holds a nonce, and the reply has to hold that nonce.
    """
    planter = Planter("recall", seed)
    plants = [
        planter.request(f"recall-{index}", question)
        if question
        else planter.fact(f"recall-{index}", index % (most_between + 1))
        for index in range(sessions)
    ]

    async def one(plant: Plant) -> tuple[bool, bool, Dialogue, Dialogue]:
        session, recalled = await _ask(send, plant, new_session_id())
        control = Dialogue(send, plant.name, "recall", new_session_id(), control=True)
        known = holds((await control.say(plant.question)).text, plant.value)
        return recalled, known, session, control

    found = await _side_by_side(plants, one)
    dialogues = [dialogue for _, _, session, control in found for dialogue in (session, control)]
    result = RecallResult(
        sessions=sessions,
        recalled=sum(recalled for recalled, *_ in found),
        control_recalled=sum(known for _, known, *_ in found),
        misses=tuple(session.name for recalled, _, session, _ in found if not recalled),
        errors=errors_of(dialogues),
    )
    return result, records_of("recall", seed, result, dialogues)


async def probe_window(send: Sender, size: int, seed: int) -> tuple[WindowResult, list[Record]]:
    """Plant facts at distances around `size` turns and `size` messages, each in a separate session."""
    near = (0, size // 2 - 2, size // 2 - 1, size // 2, size - 2, size - 1, size, size + 1)
    tried = sorted({between for between in near if between >= 0})
    planter = Planter("window", seed)
    plants = [planter.fact(f"window-{between}", between) for between in tried]

    async def one(plant: Plant) -> tuple[Dialogue, bool]:
        return await _ask(send, plant, new_session_id())

    found = await _side_by_side(plants, one)
    recalled = tuple(between for between, (_, known) in zip(tried, found, strict=True) if known)
    dialogues = [session for session, _ in found]
    result = WindowResult(size, tuple(tried), recalled, _unit(size, tried, recalled), errors_of(dialogues))
    return result, records_of("window", seed, result, dialogues)


def _unit(size: int, tried: Sequence[int], recalled: Sequence[int]) -> str:
    """How the server counts, from the farthest recalled distance."""
    if not recalled:
        return "none"
    if list(recalled) != list(tried[: len(recalled)]):
        return "irregular"
    edges = {
        size // 2 - 2: "messages, the question counted",
        size // 2 - 1: "messages",
        size - 2: "turns, the question counted",
        size - 1: "turns",
        size: "more",
        size + 1: "more",
    }
    return edges.get(recalled[-1], "irregular")


async def probe_isolation(
    send: Sender, count: int, seed: int, concurrency: int = 64
) -> tuple[IsolationResult, list[Record]]:
    """Tell `count` sessions the same fact, a nonce each, then ask all: none may know another's nonce."""
    plants = Planter("isolation", seed).same_fact([f"isolation-{index}" for index in range(count)])
    owners = {tokens(plant.value): plant.name for plant in plants}
    dialogues = [Dialogue(send, plant.name, "isolation", new_session_id()) for plant in plants]
    pairs = list(zip(plants, dialogues, strict=True))

    async def tell(pair: tuple[Plant, Dialogue]) -> str:
        return (await pair[1].say(pair[0].turns[0])).text

    async def ask(pair: tuple[Plant, Dialogue]) -> str:
        return (await pair[1].say(pair[0].question)).text

    first_replies = await _side_by_side(pairs, tell, concurrency)
    asked = await _side_by_side(pairs, ask, concurrency)
    held = {plant.name: f"{first}\n{last}" for plant, first, last in zip(plants, first_replies, asked, strict=True)}
    result = IsolationResult(
        sessions=count,
        answered=sum(not dialogue.errors for dialogue in dialogues),
        recalled=sum(holds(reply, plant.value) for plant, reply in zip(plants, asked, strict=True)),
        leaks=tuple(
            f"{name} knew what {other} was told"
            for name, replies in held.items()
            for other in sorted(_owners(replies, owners) - {name})
        ),
        errors=errors_of(dialogues),
    )
    return result, records_of("isolation", seed, result, dialogues)


async def probe_stateless(send: Sender, seed: int, pairs: int = 3) -> tuple[StatelessResult, list[Record]]:
    """State a fact without a session header, then ask for it without one: nothing may be remembered."""
    planter = Planter("stateless", seed)
    plants = [planter.fact(f"stateless-{index}", 0) for index in range(pairs)]
    found = await _side_by_side(plants, lambda plant: _ask(send, plant, None))
    dialogues = [dialogue for dialogue, _ in found]
    result = StatelessResult(pairs, sum(known for _, known in found), errors_of(dialogues))
    return result, records_of("stateless", seed, result, dialogues)


async def _ask(send: Sender, plant: Plant, session_id: str | None) -> tuple[Dialogue, bool]:
    """Say the plant's turns and ask its question; whether the reply held the nonce."""
    dialogue = Dialogue(send, plant.name, plant.name.partition("-")[0], session_id)
    for text in plant.turns:
        await dialogue.say(text)
    return dialogue, holds((await dialogue.say(plant.question)).text, plant.value)


def _owners(text: str, owners: dict[tuple[str, ...], str]) -> set[str]:
    """The names of those whose nonces a text holds; the cost does not grow with their number."""
    words = tokens(text)
    runs = {words[start:end] for start in range(len(words)) for end in range(start + 1, start + 4)}
    return {owners[run] for run in runs & owners.keys()}


async def _side_by_side(
    items: Sequence[_Item], do: Callable[[_Item], Awaitable[_Found]], concurrency: int = CONCURRENCY
) -> list[_Found]:
    gate = asyncio.Semaphore(concurrency)

    async def one(item: _Item) -> _Found:
        async with gate:
            return await do(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]
